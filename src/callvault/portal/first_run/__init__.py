"""The guide of the first run: from an empty system to the first call that is recorded."""
