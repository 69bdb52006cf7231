"""Django's PostgreSQL back end, with connections that wait for the server no longer than told.

The server's own `statement_timeout` ends what is slow. It does not end what never answers: a
server that is stopped, or whose disk hangs, keeps its connections open, and its kernel goes on
acknowledging what we send. So the client gives up, too, a moment later, and closes the connection;
the next one is tried anew, within `connect_timeout`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db.backends.postgresql import base

GRACE_S = 2.0
"""What the client waits beyond the server's own limit, so that the server's error comes first."""


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that is closed when the server takes too long to answer."""

    longest_wait_s: float | None = None

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Wait for the server. Raises OperationalError after `longest_wait_s`, and is closed."""
        try:
            return super().wait(gen, interval, timeout or self.longest_wait_s)
        except psycopg.OperationalError as error:
            if isinstance(error, psycopg.errors._WaitTimeout):
                # What was asked may still arrive: nothing can be asked on this connection again.
                self.pgconn.finish()
                raise psycopg.OperationalError(
                    f"the database did not answer within {timeout or self.longest_wait_s} s"
                ) from None
            raise


class _Driver:
    """psycopg, but for its connections."""

    connect = BoundedConnection.connect

    def __getattr__(self, name: str) -> Any:
        return getattr(psycopg, name)


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's own, on bounded connections. OPTIONS may hold `statement_timeout_s`."""

    Database: Any = _Driver()

    def get_connection_params(self) -> dict[str, Any]:
        """Return what psycopg connects with; our own option becomes the server's."""
        parameters: dict[str, Any] = super().get_connection_params()
        limit_s = parameters.pop("statement_timeout_s", 0)
        parameters["options"] = f"-c statement_timeout={limit_s}s"
        return parameters

    def get_new_connection(self, conn_params: dict[str, Any]) -> BoundedConnection:
        """Connect, and bound every wait from then on."""
        connection: BoundedConnection = super().get_new_connection(conn_params)
        connection.longest_wait_s = self._limit_s()
        return connection

    def is_usable(self) -> bool:
        """Ask the server for a sign of life, and wait no longer than for a new connection."""
        connection = self.connection
        if connection is None:
            return False
        connection.longest_wait_s = self.settings_dict["OPTIONS"].get("connect_timeout")
        try:
            usable: bool = super().is_usable()
            return usable
        finally:
            connection.longest_wait_s = self._limit_s()

    @contextmanager
    def unhurried(self) -> Iterator[None]:
        """Lift both limits, for what may take its time, such as a migration."""
        self.ensure_connection()
        self.connection.longest_wait_s = None
        try:
            with self.cursor() as cursor:
                cursor.execute("SET statement_timeout = 0")
            yield
        finally:
            self.close()  # the next connection has its limits again

    def _limit_s(self) -> float | None:
        limit_s = self.settings_dict["OPTIONS"].get("statement_timeout_s")
        return limit_s + GRACE_S if limit_s else None
