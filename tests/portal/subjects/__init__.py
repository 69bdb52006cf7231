"""Data subjects: found, exported, erased."""
