"""The gadget: a small page that other programs' pages embed (MODE-6)."""
