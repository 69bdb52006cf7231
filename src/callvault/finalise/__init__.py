"""From journals to sealed, listed recordings."""
