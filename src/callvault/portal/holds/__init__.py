"""Legal holds: what may not be destroyed until two persons release it (DATA-4)."""
