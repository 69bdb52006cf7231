"""Ports for servers and nodes of tests: none that the kernel lends to connections meanwhile.

A test that asks for port 0 gets one of the ephemeral range (32768 to 60999 on Linux). While its
program is down another test's connection may have it.
"""

import random
import time
from contextlib import suppress
from socket import AF_INET, SOCK_DGRAM, SOCK_STREAM, create_connection, socket

FIRST, LAST = 61_000, 65_400


def free_ports(count: int) -> list[int]:
    """Return ports that nothing has just now, for servers of tests."""
    return [free_pair() for _ in range(count)]


def free_pair() -> int:
    """Return an even port that is free for UDP and TCP, as the one after it is."""
    draws = random.Random()
    while True:
        port = draws.randrange(FIRST, LAST, 2)
        with suppress(OSError):
            for number in (port, port + 1):
                for kind in (SOCK_STREAM, SOCK_DGRAM):
                    with socket(AF_INET, kind) as probe:
                        probe.bind(("127.0.0.1", number))
            return port


def wait_for_port(port: int, *, within_s: float = 60) -> None:
    """Wait until something listens there."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(f"nothing listens on {port}")
