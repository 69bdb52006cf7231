"""Data subjects: what is held of a person or a number, to export and to erase (PRIV-1)."""
