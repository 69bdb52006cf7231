"""Django for commands: set up once, left quiet, and its database's troubles in one line."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from callvault.errors import ConfigError


def set_up() -> None:
    """Make models and queries usable in this process. The settings were exported before."""
    # Imported here: half a second that commands without catalogue do not pay.
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callvault.portal.settings")
    django.setup()


def close_connections() -> None:
    """Close the database in a process that will not ask it again."""
    from django.db import connections

    connections.close_all()


@contextmanager
def database_troubles_told() -> Iterator[None]:
    """Word what the database refuses, such as to be reached, as a setting that is wrong."""
    from django.db import Error

    try:
        yield
    except Error as error:
        first_line = next(iter(str(error).splitlines()), type(error).__name__)
        raise ConfigError("database.url", f"the database cannot be used: {first_line}") from error
