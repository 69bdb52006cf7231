"""People: who may sign in, and whose calls are recorded."""
