"""Searches that people keep, for themselves or for their groups (PORT-1)."""
