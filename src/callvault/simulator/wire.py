"""The network under simulated calls: one user agent client, sockets, one timer for all media.

Signalling is pumped through the client; each stream is sent from a port of its own, as an SBC or
a phone does. Packets are due at times counted from each call's answer, so a late tick delays, and
never loses or shifts, what is sent.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from callvault.errors import CallvaultError
from callvault.sip import ClientEvent, DialogId, Flow, HostPort, Transport
from callvault.sip.client import UserAgentClient
from callvault.sip.pump import Pump
from callvault.sip.tcp import TcpEndpoint
from callvault.sip.tls import TlsEndpoint
from callvault.sip.tls_context import TlsFiles, load_contexts
from callvault.sip.udp import UdpEndpoint

TICK_S = 0.005  # a quarter of a frame: calls that began at different moments stay apart
LONGEST_STAGGER_S = 0.5
_SEND_BUFFER_BYTES = 262_144


class TargetUnreachable(CallvaultError):
    """There is no way to the recorder's address from here."""


@dataclass(frozen=True, slots=True)
class Placing:
    """Where to, how many at once, and how."""

    target: HostPort
    transport: Transport = "udp"
    concurrent: int = 3
    seed: int = 1
    source_address: str = ""  # empty: the one that routes to the target
    stagger_s: float = LONGEST_STAGGER_S  # between the starts of two calls, at least
    tls: TlsFiles | None = None  # our certificate, wanted for tls
    srtp: str = ""  # crypto suite; empty: plain RTP
    srtp_wrong_key: bool = False
    media_address: str = ""  # where RTP is sent from; empty: the address of the signalling


class Placeable(Protocol):
    """A call as the wire sees it: it sends through a client, and has packets at times."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        ...

    @property
    def phase(self) -> object:
        """Changes whenever something was sent to the client."""
        ...

    @property
    def dialogs(self) -> Collection[DialogId]:
        """Its dialogs with the recorder."""
        ...

    def place(self, client: UserAgentClient, flow: Flow, *, now: float) -> object:
        """Begin."""
        ...

    def receive(self, event: ClientEvent, *, now: float) -> None:
        """Take in what the client reports of a dialog of this call."""

    def packets_due(self, now: float) -> Iterator[tuple[int, bytes]]:
        """Yield (stream index, packet) of all that is due by now, then do what follows."""
        ...

    def destination(self, stream: int) -> HostPort:
        """Where the packets of a stream go."""
        ...

    def hang_up(self, *, now: float) -> None:
        """End before its time."""


@dataclass(frozen=True, slots=True)
class LiveCall:
    """A call in progress and its sockets, one a stream."""

    call: Placeable
    sockets: Sequence[socket.socket]
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def send_due(self, now: float) -> int:
        """Send what is due by now; return how many packets that was."""
        count = 0
        for index, packet in self.call.packets_due(now):
            # A full send buffer loses a packet, as a full queue in a network would.
            with contextlib.suppress(BlockingIOError):
                self.sockets[index].sendto(packet, self.call.destination(index))
            count += 1
        return count

    def note_end(self) -> None:
        """Wake whoever waits for the call's end, if that is now."""
        if self.call.is_over:
            self.over.set()

    def close(self) -> None:
        """Free the ports."""
        for one in self.sockets:
            one.close()


class Wire:
    """Carries calls between a client and the network."""

    def __init__(self, placing: Placing, client: UserAgentClient | None = None) -> None:
        self.packets = 0
        self._placing = placing
        self._client = client or UserAgentClient()
        self._live: list[LiveCall] = []

    @property
    def in_progress(self) -> int:
        """How many calls go on now."""
        return len(self._live)

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        """Bind, and send media until the end; yield our address."""
        address = self._placing.source_address or local_address_to(self._placing.target)
        self._pump: Pump[ClientEvent] = Pump(
            self._client, asyncio.get_running_loop(), on_events=self._on_events
        )
        async with self._endpoint(address) as local:
            self._flow = Flow(self._placing.transport, local, self._placing.target)
            media = asyncio.create_task(self._send_media())
            try:
                yield address
            finally:
                media.cancel()
                await asyncio.gather(media, return_exceptions=True)
                self._pump.close()

    def begin(self, live: LiveCall) -> None:
        """Place a call."""
        self._live.append(live)
        live.call.place(self._client, self._flow, now=self._pump.now)
        self._pump.flush()

    async def until_over(self, live: LiveCall) -> None:
        """Wait for a call's end."""
        try:
            await live.over.wait()
        finally:
            self._live.remove(live)

    def hang_up_all(self) -> None:
        """End all calls before their time."""
        for live in self._live:
            live.call.hang_up(now=self._pump.now)
            live.note_end()
        self._pump.flush()

    @contextlib.asynccontextmanager
    async def _endpoint(self, address: str) -> AsyncIterator[HostPort]:
        """Bind the signalling's socket; yield its address."""
        if self._placing.transport == "udp":
            datagrams = await UdpEndpoint.bind(self._pump, address, 0)
            try:
                yield datagrams.address
            finally:
                datagrams.close()
        else:
            connections = await self._connections(address)
            try:
                yield connections.address
            finally:
                await connections.close()

    async def _connections(self, address: str) -> TcpEndpoint:
        if self._placing.tls is None:
            return await TcpEndpoint.bind(self._pump, address, 0)
        contexts = load_contexts(self._placing.tls)
        return await TlsEndpoint.bind(self._pump, address, 0, contexts=contexts)

    def _on_events(self, events: list[ClientEvent]) -> None:
        for event in events:
            own = (live for live in self._live if event.dialog_id in live.call.dialogs)
            for live in own:
                live.call.receive(event, now=self._pump.now)
                live.note_end()

    async def _send_media(self) -> None:
        """Send what is due, of all calls, at each tick; signalling that follows from it too."""
        loop = asyncio.get_running_loop()
        tick = loop.time()
        while True:
            for live in list(self._live):
                phase = live.call.phase
                self.packets += live.send_due(self._pump.now)
                if live.call.phase != phase:
                    self._pump.flush()
                    live.note_end()
            tick = max(tick + TICK_S, loop.time())
            await asyncio.sleep(tick - loop.time())


def local_address_to(target: HostPort) -> str:
    """Return our address as the target sees it. Raises TargetUnreachable."""
    family = socket.AF_INET6 if ":" in target[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(target)
        except OSError as error:
            raise TargetUnreachable(f"no way to {target[0]}: {error.strerror}") from None
        return str(probe.getsockname()[0])


def media_socket(address: str) -> socket.socket:
    """Return a socket on a free port that never makes its sender wait."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    media = socket.socket(family, socket.SOCK_DGRAM)
    media.settimeout(0)
    media.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
    media.bind((address, 0))
    return media
