"""Settings of a node, read once from `callvault.toml`."""
