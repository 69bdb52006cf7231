"""A UDP relay on loopback that loses the first datagram of a kind, each way."""

import asyncio
from typing import Any, cast

from callvault.sip import HostPort


class _Side(asyncio.DatagramProtocol):
    """One socket of the relay; what it receives goes out of the other."""

    def __init__(self, relay: "LossyRelay") -> None:
        self._relay = relay
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self._relay.carry(self, data, (addr[0], addr[1]))


class LossyRelay:
    """Stands between a client and a server; loses the first datagram that begins with `loses`."""

    def __init__(self, server: HostPort, loses: bytes) -> None:
        self._server = server
        self._loses = loses
        self._client: HostPort | None = None
        self.front = _Side(self)
        self.back = _Side(self)
        self.lost: list[bytes] = []

    async def open(self) -> HostPort:
        """Bind both sides; return where the client sends to."""
        loop = asyncio.get_running_loop()
        for side in (self.front, self.back):
            await loop.create_datagram_endpoint(lambda side=side: side, local_addr=("127.0.0.1", 0))  # type: ignore[misc]
        assert self.front.transport is not None
        address: HostPort = self.front.transport.get_extra_info("sockname")
        return address

    def carry(self, side: _Side, data: bytes, source: HostPort) -> None:
        """Pass a datagram on, unless it is the one to lose."""
        if not self.lost and data.startswith(self._loses):
            self.lost.append(data)
            return
        if side is self.front:
            self._client = source
            assert self.back.transport is not None
            self.back.transport.sendto(data, self._server)
        elif self._client is not None and self.front.transport is not None:
            self.front.transport.sendto(data, self._client)

    def close(self) -> None:
        """Free both ports."""
        for side in (self.front, self.back):
            if side.transport is not None:
                side.transport.close()
