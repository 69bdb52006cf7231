"""Who is recorded, whether and why: pure functions on frozen values."""
