"""SIP over UDP: one socket, joined to a pump."""

import asyncio
import logging
import socket
from collections.abc import Callable, Hashable
from typing import Any, cast

from callvault.sip.flow import Flow, HostPort
from callvault.sip.pump import Pump
from callvault.sip.sockets import as_sent, bound_socket, is_unspecified, plain, routed_address
from callvault.sip.turns import Turns

logger = logging.getLogger(__name__)

# Recording clients send bursts of messages of several kB; the kernel may grant less.
RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024
MAX_KNOWN_PEERS = 1024
SERVED_IN_A_ROW = 4  # then the socket is emptied again: many times as many are read as served


class UdpEndpoint(asyncio.DatagramProtocol):
    """One bound UDP socket.

    All senders share the kernel's buffer, so it is emptied at once into their turns: else one that
    floods would crowd out the messages of all others.
    """

    def __init__(
        self, pump: Pump[Any], address: HostPort, sender_of: Callable[[Flow], Hashable]
    ) -> None:
        self._pump = pump
        self._sender_of = sender_of
        self._turns: Turns[tuple[bytes, Flow]] = Turns()
        self._is_serving = False
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.DatagramTransport | None = None
        self._address = address
        self._is_wildcard = is_unspecified(address[0])
        self._is_ipv6 = ":" in address[0]
        self._routed: dict[str, str] = {}  # peer's address → ours, as the kernel routes

    @classmethod
    async def bind(
        cls,
        pump: Pump[Any],
        host: str,
        port: int,
        *,
        sender_of: Callable[[Flow], Hashable] = lambda flow: flow.remote[0],
    ) -> "UdpEndpoint":
        """Bind and begin to receive. Raises OSError if the port is taken; port 0 takes any.

        `sender_of` says with whom a flow's peer shares its turns.
        """
        bound = bound_socket(host, port, socket.SOCK_DGRAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        endpoint = cls(pump, bound.getsockname()[:2], sender_of)
        try:
            await endpoint._loop.create_datagram_endpoint(lambda: endpoint, sock=bound)
        except BaseException:
            bound.close()
            raise
        pump.attach("udp", endpoint)
        return endpoint

    @property
    def address(self) -> HostPort:
        """Where the socket is bound."""
        return self._address

    def flow_to(self, remote: HostPort) -> Flow:
        """Return the flow by which a peer is reached from here."""
        local = self._local_for(remote[0]) if self._is_wildcard else self._address[0]
        return Flow("udp", (local, self._address[1]), remote)

    def send(self, flow: Flow, data: bytes) -> None:
        """Send one datagram; an address that cannot be written to is logged."""
        if self._transport is None:
            return
        try:
            self._transport.sendto(data, as_sent(flow.remote, over_ipv6=self._is_ipv6))
        except (OSError, ValueError) as problem:
            logger.info("udp to %s: %s", flow.remote[0], problem)

    def close_flow(self, flow: Flow) -> None:
        """Do nothing: a datagram's flow holds nothing open."""

    def close(self) -> None:
        """Stop receiving and free the port."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket's writing side."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        """Let a datagram wait for its sender's turn."""
        flow = self.flow_to(plain(addr))
        self._turns.put(self._sender_of(flow), (data, flow), len(data))
        if not self._is_serving:
            self._is_serving = True
            self._loop.call_soon(self._serve)

    def _serve(self) -> None:
        """Hand on a few of those that wait, then let the loop read more."""
        for _ in range(SERVED_IN_A_ROW):
            if self._turns and self._transport is not None:
                self._pump.received(*self._turns.take())
        self._is_serving = bool(self._turns) and self._transport is not None
        if self._is_serving:
            self._loop.call_soon(self._serve)

    def error_received(self, exc: Exception) -> None:
        """Log what ICMP says; transactions time out by themselves."""
        logger.info("udp: %s", exc)

    def _local_for(self, peer: str) -> str:
        known = self._routed.get(peer)
        if known is None:
            if len(self._routed) >= MAX_KNOWN_PEERS:
                self._routed.clear()
            known = self._routed[peer] = routed_address(peer)
        return known
