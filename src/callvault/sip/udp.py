"""SIP over UDP: one socket, joined to a pump."""

import asyncio
import ipaddress
import logging
import socket
from typing import Any, cast

from callvault.sip.flow import Flow, HostPort
from callvault.sip.pump import Pump

logger = logging.getLogger(__name__)

# Recording clients send bursts of messages of several kB; the kernel may grant less.
RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024
MAX_KNOWN_PEERS = 1024


class UdpEndpoint(asyncio.DatagramProtocol):
    """One bound UDP socket."""

    def __init__(self, pump: Pump[Any], address: HostPort) -> None:
        self._pump = pump
        self._transport: asyncio.DatagramTransport | None = None
        self._address = address
        self._is_wildcard = ipaddress.ip_address(address[0]).is_unspecified
        self._routed: dict[str, str] = {}  # peer's address → ours, as the kernel routes

    @classmethod
    async def bind(cls, pump: Pump[Any], host: str, port: int) -> "UdpEndpoint":
        """Bind and begin to receive. Raises OSError if the port is taken; port 0 takes any."""
        bound = _bound_socket(host, port)
        endpoint = cls(pump, bound.getsockname()[:2])
        try:
            loop = asyncio.get_running_loop()
            await loop.create_datagram_endpoint(lambda: endpoint, sock=bound)
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
            self._transport.sendto(data, flow.remote)
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
        """Hand a datagram on with its flow."""
        self._pump.received(data, self.flow_to((addr[0], addr[1])))

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


def _bound_socket(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_DGRAM)
    try:
        bound.settimeout(0)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


def routed_address(peer: str) -> str:
    """Return the local address from which the kernel would send to that peer."""
    family = socket.AF_INET6 if ":" in peer else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((peer, 9))  # sends nothing
            return str(probe.getsockname()[0])
        except OSError:
            return "::1" if family == socket.AF_INET6 else "127.0.0.1"
