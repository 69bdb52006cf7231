"""Configuration: trunks, the system's settings, and the revision of policy."""
