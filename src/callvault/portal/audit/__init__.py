"""The audit log: who did what, when and from where. A table for people, not a technical log."""
