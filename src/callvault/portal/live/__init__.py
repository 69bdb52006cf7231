"""Calls in progress: who is being recorded now, and pause and resume."""
