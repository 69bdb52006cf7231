"""Asks the control API of a recorder, of this machine or of another node. For any thread."""

import ssl
from functools import lru_cache
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import NamedTuple

from callvault.monitoring.live_calls import HEARD, ControlDoor

MOST_BYTES = 16_000_000


class NoAnswer(Exception):
    """Nobody answers at the door, or somebody else."""


class Answer(NamedTuple):
    """What a recorder said."""

    status: int
    body: bytes
    heard: str  # what is in a chunk of sound


def ask(
    door: ControlDoor,
    method: str,
    path: str,
    body: bytes | None = None,
    *,
    patience_s: float,
    connect_s: float | None = None,
) -> Answer:
    """Return the answer. `patience_s` each time that we wait; `connect_s` for the connection.

    Raises NoAnswer.
    """
    connection = _connection(door, patience_s if connect_s is None else connect_s)
    try:
        connection.connect()
        if connection.sock is not None:
            connection.sock.settimeout(patience_s)
        connection.request(method, path, body, {"Authorization": f"Bearer {door.token}"})
        answer = connection.getresponse()
        return Answer(answer.status, answer.read(MOST_BYTES), answer.getheader(HEARD, ""))
    except (OSError, HTTPException, ValueError) as error:
        raise NoAnswer(str(error)) from error
    finally:
        connection.close()


def _connection(door: ControlDoor, timeout_s: float) -> HTTPConnection:
    if not door.certificate:
        return HTTPConnection(door.address, door.port, timeout=timeout_s)
    context = _context(door.certificate)
    return HTTPSConnection(door.address, door.port, timeout=timeout_s, context=context)


@lru_cache(maxsize=64)
def _context(certificate: str) -> ssl.SSLContext:
    """Return what believes this one certificate: it is drawn for each start of a recorder."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False  # the certificate itself is what is known, not a name
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=certificate)
    return context
