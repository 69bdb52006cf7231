"""Call decisions: what became of each call, and who knocked without being known."""
