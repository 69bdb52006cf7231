"""Tests of the storage calculator."""
