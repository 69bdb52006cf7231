"""Certificates that recordings and calls in progress are sealed to, and changing them (DATA-1)."""
