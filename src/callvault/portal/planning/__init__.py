"""The storage calculator: what a planned load needs, beside what this system takes (PORT-8)."""
