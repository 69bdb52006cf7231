"""An SRC of our own that places realistic calls."""
