"""The dashboard: what became of calls, and how the service is, each figure with its list."""
