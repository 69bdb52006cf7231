"""Tests of callvault.portal.retention."""
