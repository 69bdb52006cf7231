"""The audit log: its chain, its page, and that each deed enters it."""
