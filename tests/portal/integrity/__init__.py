"""Tests of callvault.portal.integrity."""
