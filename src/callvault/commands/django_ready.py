"""Django for commands: set up once, and left quiet."""

import os


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
