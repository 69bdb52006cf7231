"""Settings of a node, read once from `callvault.toml`: `load` reads, `default_toml` writes one."""

from callvault.config.describe import Setting, default_toml, settings
from callvault.config.load import load, read_secret
from callvault.config.sections import Config

__all__ = ["Config", "Setting", "default_toml", "load", "read_secret", "settings"]
