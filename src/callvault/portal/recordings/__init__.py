"""Recordings: lists, one recording, its media, and the gate in front of them."""
