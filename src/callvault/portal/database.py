"""Django's DATABASES entry from `[database] url`: SQLite on this machine, or PostgreSQL."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from callvault.config.load import read_secret
from callvault.config.sections import DatabaseConfig
from callvault.errors import ConfigError

# WAL lets pages be read while the worker writes. FULL, since NORMAL may lose the last commits at
# a power cut, and a hand-over removes the journal after its commit. 32 MB of pages stay in memory a
# connection, not 2: among millions of recordings a search reads thousands.
SQLITE_START = (
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
    "PRAGMA cache_size=-32000;"
)


def database_entry(config: DatabaseConfig, data_folder: Path) -> dict[str, Any]:
    """Return the entry for `DATABASES`. Raises ConfigError on a scheme that is not supported."""
    scheme, _, rest = config.url.partition(":")
    if scheme == "sqlite":
        return _sqlite_entry(rest, data_folder)
    if scheme in ("postgresql", "postgres"):
        return _postgresql_entry(config)
    raise ConfigError("database.url", f"{scheme}: is neither sqlite: nor postgresql://")


def _sqlite_entry(path: str, data_folder: Path) -> dict[str, Any]:
    name = path if path == ":memory:" else str(data_folder / path)
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": name,
        "CONN_MAX_AGE": 60,
        "OPTIONS": {
            "timeout": 20,  # seconds to wait for another writer
            "transaction_mode": "IMMEDIATE",  # no upgrade from reader to writer, which cannot wait
            "init_command": SQLITE_START,
        },
    }


def _postgresql_entry(config: DatabaseConfig) -> dict[str, Any]:
    parts = urlsplit(config.url)
    password = unquote(parts.password or "")
    if config.password_file is not None:
        password = read_secret("database.password_file", config.password_file)
    return {
        "ENGINE": "callvault.portal.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": password,
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            **dict(parse_qsl(parts.query)),  # sslmode and the like, as libpq names them
            "application_name": "callvault",
            "connect_timeout": config.connect_timeout_s,
            "statement_timeout_s": config.statement_timeout_s,
            # A server whose machine is gone sends no end: noticed by the kernel within 30 s.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 30_000,
        },
    }
