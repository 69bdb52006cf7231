"""Tells systemd how a service is: the datagrams of sd_notify(3), without a library.

Outside systemd there is no socket, and every message goes nowhere. The variables are taken out of
the environment, so that no program started by this one speaks for it.
"""

import logging
import os
import socket
from collections.abc import MutableMapping

logger = logging.getLogger(__name__)

SOCKET_VARIABLE = "NOTIFY_SOCKET"
_VARIABLES = (SOCKET_VARIABLE, "WATCHDOG_USEC", "WATCHDOG_PID")


class Notifier:
    """One service's line to systemd."""

    def __init__(self, address: str) -> None:
        """Use the socket at `address`: a path, or "@name" for an abstract one; "": none."""
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._status = ""
        self._socket: socket.socket | None = None
        if address:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)  # noqa: FBT003 - the standard library names it not

    @classmethod
    def from_environment(cls, environment: MutableMapping[str, str] = os.environ) -> "Notifier":
        """Take the socket that systemd named for this process, and nobody else's."""
        address = environment.get(SOCKET_VARIABLE, "")
        for variable in _VARIABLES:
            environment.pop(variable, None)
        return cls(address)

    def ready(self, status: str) -> None:
        """Say that the service does its work."""
        self._send("READY=1", self._news(status))

    def alive(self, status: str = "") -> None:
        """Feed the watchdog; tell what the service does, if that changed."""
        self._send("WATCHDOG=1", self._news(status))

    def stopping(self, status: str) -> None:
        """Say that the service ends."""
        self._send("STOPPING=1", self._news(status))

    def close(self) -> None:
        """Give the socket back."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _news(self, status: str) -> str:
        if not status or status == self._status:
            return ""
        self._status = status
        return f"STATUS={status}"

    def _send(self, *lines: str) -> None:
        """Send one datagram. One that systemd does not take is not worth a call."""
        if self._socket is None:
            return
        try:
            self._socket.sendto("\n".join(filter(None, lines)).encode(), self._address)
        except OSError as error:
            logger.debug("systemd not told: %s", error)
