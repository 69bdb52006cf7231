"""SIP over TCP: one listening port and its connections, both ways, joined to a pump."""

import asyncio
import logging
import socket
from collections import Counter
from typing import Any, ClassVar, Self, cast

from callvault.sip.flow import Flow, HostPort, Transport
from callvault.sip.pump import Pump
from callvault.sip.sockets import (
    bound_socket,
    is_unspecified,
    neighbourhood,
    plain,
    routed_address,
)

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 10.0
SWEEP_EVERY_S = 8.0
MAX_UNSENT_BYTES = 1_048_576  # what may wait for a peer that does not read
MAX_WAITING = 64  # messages that wait for a connection to be made


class TcpConnection(asyncio.Protocol):
    """One connection, accepted or made."""

    def __init__(self, endpoint: "TcpEndpoint", connection_id: int) -> None:
        self._endpoint = endpoint
        self._connection_id = connection_id
        self.transport: asyncio.Transport | None = None
        self.flow: Flow | None = None
        self.heard_at = 0.0
        self.has_spoken = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Learn whom it leads to; of TLS after the handshake."""
        self.transport = cast("asyncio.Transport", transport)
        local, remote = (transport.get_extra_info(name) for name in ("sockname", "peername"))
        if not local or not remote:
            transport.close()  # the peer was gone before it was accepted
            return
        names = self._endpoint.names_of(self.transport)
        self.flow = self._endpoint.new_flow(
            plain(local)[0], plain(remote), self._connection_id, names
        )
        self._endpoint.opened(self)

    def data_received(self, data: bytes) -> None:
        """Hand bytes on."""
        self.has_spoken = True
        self._endpoint.received(self, data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go."""
        if exc is not None:
            logger.info("connection lost: %s", exc)
        self._endpoint.lost(self)


class TcpEndpoint:
    """One listening port and its connections.

    Bounds: connections in all and from one address; silence before the first byte and after the
    last; bytes that wait for a peer that does not read.
    """

    transport: ClassVar[Transport] = "tcp"

    def __init__(
        self,
        pump: Pump[Any],
        *,
        max_connections: int = 4_000,
        max_per_address: int = 256,
        first_byte_s: float = 32.0,
        idle_s: float = 3_600.0,
    ) -> None:
        self._pump = pump
        self._max_connections = max_connections
        self._max_per_address = max_per_address
        self._first_byte_s = first_byte_s
        self._idle_s = idle_s
        self._loop = asyncio.get_running_loop()
        self._server: asyncio.Server | None = None
        self._address: HostPort = ("", 0)
        self._last_id = 0
        self._by_id: dict[int, TcpConnection] = {}
        self._by_remote: dict[HostPort, TcpConnection] = {}
        self._silent: dict[int, TcpConnection] = {}  # have not said a word yet, oldest first
        self._per_address: Counter[str] = Counter()
        self._waiting: dict[HostPort, list[bytes]] = {}
        self._connecting: set[asyncio.Task[None]] = set()
        self._sweep_timer: asyncio.TimerHandle | None = None

    @classmethod
    async def bind(cls, pump: Pump[Any], host: str, port: int, **bounds: Any) -> Self:
        """Listen. Raises OSError if the port is taken; port 0 takes any."""
        endpoint = cls(pump, **bounds)
        await endpoint._listen(bound_socket(host, port, socket.SOCK_STREAM))
        pump.attach(cls.transport, endpoint)
        endpoint._sweep()
        return endpoint

    async def _listen(self, listener: socket.socket) -> None:
        """Accept connections from now on."""
        self._address = listener.getsockname()[:2]
        self._server = await self._loop.create_server(self._new_connection, sock=listener)

    @property
    def address(self) -> HostPort:
        """Where the socket listens."""
        return self._address

    def flow_to(self, remote: HostPort) -> Flow:
        """Return a flow to a peer over any connection, made at the first message."""
        wildcard = is_unspecified(self._address[0])
        return self.new_flow(routed_address(remote[0]) if wildcard else self._address[0], remote, 0)

    def new_flow(
        self, local: str, remote: HostPort, connection_id: int, names: tuple[str, ...] = ()
    ) -> Flow:
        """Name a connection. Our port is the one we listen on: that is where peers reach us."""
        return Flow(self.transport, (local, self._address[1]), remote, connection_id, names)

    def names_of(self, transport: asyncio.BaseTransport) -> tuple[str, ...]:
        """Names of the peer's verified certificate; on TCP there is none."""
        return ()

    def send(self, flow: Flow, data: bytes) -> None:
        """Send on the flow's connection, on any to its remote, or on a new one."""
        connection = self._by_id.get(flow.connection_id) or self._by_remote.get(flow.remote)
        if connection is None or flow.remote in self._waiting:
            self._send_when_connected(flow.remote, data)
        else:
            self._write(connection, data)

    def close_flow(self, flow: Flow) -> None:
        """Close one connection after what is to be sent on it."""
        connection = self._by_id.get(flow.connection_id)
        if connection is not None and connection.transport is not None:
            connection.transport.close()

    async def close(self) -> None:
        """Stop listening and close all connections."""
        if self._sweep_timer is not None:
            self._sweep_timer.cancel()
        for task in self._connecting:
            task.cancel()
        if self._server is not None:
            self._server.close()
        for connection in list(self._by_id.values()):
            if connection.transport is not None:
                connection.transport.abort()
        if self._server is not None:
            await self._server.wait_closed()
        await asyncio.gather(*self._connecting, return_exceptions=True)

    # --- what connections tell

    def opened(self, connection: TcpConnection) -> None:
        """Take a connection in, unless there are too many.

        When all places are taken, who has not said a word yet gives way: a flood of connections
        must not keep those out who have something to say.
        """
        flow = connection.flow
        if flow is None or connection.transport is None:
            return
        if len(self._by_id) >= self._max_connections:
            self._make_room()
        too_many = len(self._by_id) >= self._max_connections
        if too_many or self._per_address[neighbourhood(flow.remote[0])] >= self._max_per_address:
            logger.info("too many connections, one from %s closed", flow.remote[0])
            connection.flow = None
            connection.transport.abort()
            return
        connection.heard_at = self._loop.time()
        self._by_id[flow.connection_id] = connection
        self._by_remote[flow.remote] = connection
        self._silent[flow.connection_id] = connection
        self._per_address[neighbourhood(flow.remote[0])] += 1
        self._pump.opened(flow)

    def received(self, connection: TcpConnection, data: bytes) -> None:
        """Hand bytes on with their flow."""
        if connection.flow is not None:
            self._silent.pop(connection.flow.connection_id, None)
            connection.heard_at = self._loop.time()
            self._pump.received(data, connection.flow)

    def lost(self, connection: TcpConnection) -> None:
        """Let a connection go."""
        flow = connection.flow
        if flow is None or self._by_id.pop(flow.connection_id, None) is None:
            return
        if self._by_remote.get(flow.remote) is connection:
            del self._by_remote[flow.remote]
        self._silent.pop(flow.connection_id, None)
        peer = neighbourhood(flow.remote[0])
        self._per_address[peer] -= 1
        if not self._per_address[peer]:
            del self._per_address[peer]
        self._pump.closed(flow)

    # --- inside

    def _make_room(self) -> None:
        """Close the connection that has been silent from its start for longest."""
        silent = next(iter(self._silent.values()), None)
        if silent is not None and silent.transport is not None:
            silent.transport.abort()
            self.lost(silent)

    def _new_connection(self) -> TcpConnection:
        self._last_id += 1
        return TcpConnection(self, self._last_id)

    def _write(self, connection: TcpConnection, data: bytes) -> None:
        transport = connection.transport
        if transport is None or transport.is_closing():
            return
        transport.write(data)
        if transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            logger.info("peer does not read, connection aborted")
            transport.abort()

    def _send_when_connected(self, remote: HostPort, data: bytes) -> None:
        waiting = self._waiting.setdefault(remote, [])
        if len(waiting) < MAX_WAITING:
            waiting.append(data)
        if len(waiting) == 1:
            task = self._loop.create_task(self._connect(remote))
            self._connecting.add(task)
            task.add_done_callback(self._connecting.discard)

    async def _connect(self, remote: HostPort) -> None:
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                connection = await self._open(remote)
            for data in self._waiting[remote]:
                self._write(connection, data)  # in order: what comes meanwhile waits, too
        except (OSError, TimeoutError) as problem:
            logger.info("no connection to %s: %s", remote[0], problem)
        finally:
            del self._waiting[remote]

    async def _open(self, remote: HostPort) -> TcpConnection:
        """Make a connection. Raises OSError."""
        _, connection = await self._loop.create_connection(self._new_connection, *remote)
        return connection

    def _sweep(self) -> None:
        """Close what has been silent too long."""
        now = self._loop.time()
        for connection in list(self._by_id.values()):
            allowed_s = self._idle_s if connection.has_spoken else self._first_byte_s
            if now - connection.heard_at > allowed_s and connection.transport is not None:
                connection.transport.close()
        self._sweep_timer = self._loop.call_later(SWEEP_EVERY_S, self._sweep)
