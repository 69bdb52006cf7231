"""Unencrypted copies of new recordings, written to a share outside (EXP-1 to EXP-5)."""
