"""Backups: what is taken, how it comes back, and when it is taken by itself (DATA-6)."""
