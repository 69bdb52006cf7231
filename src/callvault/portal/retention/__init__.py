"""Retention: how long recordings are kept, and the sweep that deletes what is due (DATA-4)."""
