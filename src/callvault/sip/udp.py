"""SIP over UDP: one socket, joined to a pump."""

from typing import Any

from callvault.sip.flow import HostPort
from callvault.sip.pump import Pump


class UdpEndpoint:
    """One bound UDP socket. The face is final; the inside is filled in next."""

    @classmethod
    async def bind(cls, pump: Pump[Any], host: str, port: int) -> "UdpEndpoint":
        """Bind and begin to receive. Raises OSError if the port is taken; port 0 takes any."""
        raise NotImplementedError

    @property
    def address(self) -> HostPort:
        """Where the socket is bound."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop receiving and free the port."""
        raise NotImplementedError
