"""Migrations of `retention`."""
