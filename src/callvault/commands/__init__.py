"""The `callvault` command: wiring only."""
