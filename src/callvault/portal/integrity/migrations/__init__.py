"""Migrations of `integrity`."""
