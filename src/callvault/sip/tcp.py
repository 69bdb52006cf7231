"""SIP over TCP: listening socket and connections, joined to a pump."""

from typing import Any

from callvault.sip.flow import HostPort
from callvault.sip.pump import Pump


class TcpEndpoint:
    """One listening port and its connections, both ways. The face is final; filled in next."""

    @classmethod
    async def bind(cls, pump: Pump[Any], host: str, port: int) -> "TcpEndpoint":
        """Listen. Raises OSError if the port is taken; port 0 takes any."""
        raise NotImplementedError

    @property
    def address(self) -> HostPort:
        """Where the socket listens."""
        raise NotImplementedError

    async def close(self) -> None:
        """Stop listening and close all connections."""
        raise NotImplementedError
