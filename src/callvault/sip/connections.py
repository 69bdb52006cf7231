"""Which connections are open, and the unfinished bytes of each. Pure: sockets are the drivers'."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from callvault.sip.flow import Flow, Transport
from callvault.sip.framing import PING, PONG, StreamFramer
from callvault.sip.message import MalformedMessage
from callvault.sip.timers import GIVE_UP_S, Timer, TimerQueue
from callvault.sip.transaction import Route

_Key = tuple[Transport, int]

MAX_STRANGERS = 64
"""Open connections of peers that are not admitted, all together: each may say who it is."""


@dataclass(slots=True)
class Connection:
    """One open connection."""

    flow: Flow
    framer: StreamFramer = field(default_factory=StreamFramer)
    is_strange: bool = False  # of a peer that is not admitted
    deadline: Timer | None = None  # for the message that has begun


def _key(flow: Flow) -> _Key:
    """Name a connection among those of all transports: each driver counts its own."""
    return flow.transport, flow.connection_id


class Connections:
    """The open connections of an agent, and what they are still to send or close."""

    def __init__(self, timers: TimerQueue, *, limit: int) -> None:
        self._timers = timers
        self._limit = limit
        self._strange = 0
        self._open: dict[_Key, Connection] = {}
        self._to_send: list[tuple[Flow, bytes]] = []
        self._to_close: list[Flow] = []

    def __len__(self) -> int:
        return len(self._open)

    def opened(self, flow: Flow, *, is_strange: bool = False) -> None:
        """Know a new connection; one too many is closed.

        Strangers have few places of their own, so that they take none from those who are admitted.
        """
        if _key(flow) in self._open or not flow.connection_id:
            return
        if len(self._open) >= self._limit or (is_strange and self._strange >= MAX_STRANGERS):
            self._to_close.append(flow)
            return
        self._strange += is_strange
        self._open[_key(flow)] = Connection(flow, is_strange=is_strange)

    def closed(self, flow: Flow) -> None:
        """Forget a connection and what had come of a message."""
        connection = self._open.pop(_key(flow), None)
        if connection is None:
            return
        self._strange -= connection.is_strange
        if connection.deadline is not None:
            connection.deadline.cancel()

    def receive(
        self, data: bytes, flow: Flow, now: float, *, on_error: Callable[[MalformedMessage], None]
    ) -> list[bytes]:
        """Return the messages that the bytes complete. A keep-alive is answered here.

        A framing error is told, and the connection closed: where the next message begins is
        unknown. So is a message that is not complete 64*T1 after its first byte.
        """
        if not flow.is_reliable:
            data = data.lstrip(b"\r\n\0 ")  # a keep-alive has many forms
            return [data] if data else []
        self.opened(flow)
        connection = self._open.get(_key(flow))
        if connection is None:
            return []
        frames = connection.framer.receive(data)
        self._to_send += [(flow, PONG) for frame in frames if frame == PING]
        if connection.framer.error is not None:
            on_error(connection.framer.error)
            self.close(flow)
        self._watch(connection, now, restarts=bool(frames))
        return [frame for frame in frames if frame != PING]

    def _watch(self, connection: Connection, now: float, *, restarts: bool) -> None:
        if connection.deadline is not None and (restarts or not connection.framer.is_mid_message):
            connection.deadline.cancel()
            connection.deadline = None
        if connection.deadline is None and connection.framer.is_mid_message:
            flow = connection.flow
            connection.deadline = self._timers.arm(now + GIVE_UP_S, lambda _: self.close(flow))

    def close(self, flow: Flow) -> None:
        """Ask the driver to close it."""
        if flow.connection_id and flow not in self._to_close:
            self._to_close.append(flow)

    def is_open(self, flow: Flow) -> bool:
        """Whether something sent on the flow can arrive: always on udp."""
        return not flow.is_reliable or _key(flow) in self._open

    def send(self, route: Route, data: bytes) -> None:
        """Queue bytes for the route's flow, or for its other way if that connection is gone."""
        flow = route.flow if self.is_open(route.flow) else route.otherwise
        self._to_send.append((flow, data))

    def messages_to_send(self) -> list[tuple[Flow, bytes]]:
        """Take what is queued."""
        taken, self._to_send = self._to_send, []
        return taken

    def flows_to_close(self) -> list[Flow]:
        """Take what is to be closed."""
        taken, self._to_close = self._to_close, []
        return taken


def towards(flow: Flow, host: str, port: int) -> Flow:
    """Return the same transport to another place, over any connection."""
    return replace(flow, remote=(host, port), connection_id=0, peer_names=())
