"""Encrypted journals of calls: format, reading, recovery."""
