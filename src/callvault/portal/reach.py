"""Whether the catalogue can be reached, and what to do about a connection that outlived it.

Locked, read-only, slow, restarted, gone: all of these pass, and whoever meets them tries again.
They are told apart from faults of ours, which trying again would not mend.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import Error, InterfaceError, OperationalError, close_old_connections, connection

from callvault.errors import CatalogueUnreachable

# SQLSTATE of PostgreSQL: read_only_sql_transaction, as on a standby or while one is promoted.
_READ_ONLY = "25006"


@contextmanager
def catalogue_reached() -> Iterator[None]:
    """Ask the catalogue in this block; a context manager, and a decorator of functions.

    A connection that is too old or no longer answers is replaced first. Raises
    CatalogueUnreachable for what passes by itself.
    """
    try:
        if not connection.in_atomic_block:
            close_old_connections()
        yield
    except Error as error:
        if is_outage(error):
            first_line = next(iter(str(error).splitlines()), type(error).__name__)
            raise CatalogueUnreachable(f"the catalogue is out of reach: {first_line}") from error
        raise


def is_outage(error: BaseException | None) -> bool:
    """Whether an error says that the database cannot be used just now."""
    if isinstance(error, OperationalError | InterfaceError | CatalogueUnreachable):
        return True
    return isinstance(error, Error) and getattr(error.__cause__, "sqlstate", "") == _READ_ONLY
