"""Places calls for real: sockets, one timer for the media of all calls, and nothing of SIP.

Signalling is pumped through one user agent client; each call sends its two streams from ports of
its own, as an SBC does. Packets are due at times counted from each call's answer, so a late tick
delays, and never loses or shifts, what is sent.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from callvault.errors import CallvaultError
from callvault.simulator.call import SimulatedCall
from callvault.simulator.media import new_stream
from callvault.simulator.preparation import PreparedCall, prepare
from callvault.simulator.script import CallScript
from callvault.simulator.sealing import Sealing
from callvault.simulator.signalling import Signalling
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


@dataclass(frozen=True, slots=True)
class FinishedCall:
    """A call that is over, with the sound that was prepared for it."""

    call: SimulatedCall
    prepared: PreparedCall


@dataclass(frozen=True, slots=True)
class _LiveCall:
    """A call in progress and its sockets, one a stream."""

    call: SimulatedCall
    sockets: tuple[socket.socket, ...]
    over: asyncio.Event

    def send_due(self, now: float) -> int:
        """Send what is due by now; return how many packets that was."""
        count = 0
        for index, packet in self.call.packets_due(now):
            # A full send buffer loses a packet, as a full queue in a network would.
            with contextlib.suppress(BlockingIOError):
                self.sockets[index].sendto(packet, self.call.destinations[index])
            count += 1
        return count

    def close(self) -> None:
        """Free the ports."""
        for one in self.sockets:
            one.close()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the placing of calls is."""

    placed: int
    over: int
    packets: int
    of: int

    @property
    def in_progress(self) -> int:
        """Calls that are going on now."""
        return self.placed - self.over


class Driver:
    """Places all calls of a list, at most so many at once."""

    def __init__(
        self,
        placing: Placing,
        *,
        executor: Executor,
        cache_folder: Path,
        on_progress: Callable[[Progress], None],
    ) -> None:
        self._placing = placing
        self._executor = executor
        self._cache_folder = cache_folder
        self._on_progress = on_progress
        self._live: dict[DialogId, _LiveCall] = {}
        self._finished: list[FinishedCall] = []
        self._packets = 0
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Place no further call, and hang up those in progress."""
        self._stopping.set()
        for live in self._live.values():
            live.call.hang_up(now=self._pump.now)
            self._note_end(live)
        self._pump.flush()

    async def run(self, scripts: Sequence[CallScript]) -> list[FinishedCall]:
        """Place the calls and return them when all are over, in the order of their ends."""
        address = self._placing.source_address or local_address_to(self._placing.target)
        self._client = UserAgentClient()
        self._pump: Pump[ClientEvent] = Pump(
            self._client, asyncio.get_running_loop(), on_events=self._on_events
        )
        async with self._endpoint(address) as local:
            self._flow = Flow(self._placing.transport, local, self._placing.target)
            media = asyncio.create_task(self._send_media())
            try:
                await self._place_all(scripts, address)
            finally:
                media.cancel()
                await asyncio.gather(media, return_exceptions=True)
                self._pump.close()
        return self._finished

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

    async def _place_all(self, scripts: Sequence[CallScript], address: str) -> None:
        slots = asyncio.Semaphore(self._placing.concurrent)
        async with asyncio.TaskGroup() as group:
            for script in scripts:
                await slots.acquire()
                prepared = await asyncio.get_running_loop().run_in_executor(
                    self._executor, prepare, script, self._cache_folder
                )
                if self._stopping.is_set():
                    break
                task = group.create_task(self._one_call(prepared, address, of=len(scripts)))
                task.add_done_callback(lambda _: slots.release())
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), self._placing.stagger_s)

    async def _one_call(self, prepared: PreparedCall, address: str, *, of: int) -> None:
        live = self._new_call(prepared, address)
        try:
            dialog_id = live.call.place(self._client, self._flow, now=self._pump.now)
            self._live[dialog_id] = live
            self._pump.flush()
            self._report(of)
            await live.over.wait()
            del self._live[dialog_id]
        finally:
            live.close()
        self._finished.append(FinishedCall(live.call, prepared))
        self._report(of)

    def _new_call(self, prepared: PreparedCall, address: str) -> _LiveCall:
        script = prepared.script
        rng = Random(f"{self._placing.seed}/{script.index}/wire")
        caller, callee = _media_socket(address), _media_socket(address)
        signalling = Signalling(
            script,
            address=address,
            ports=(caller.getsockname()[1], callee.getsockname()[1]),
            rng=rng,
            placed_at=datetime.now(UTC),
            sealing=self._new_sealing(script),
        )
        streams = {
            side: new_stream(payload, script.codec, rng=rng)
            for side, payload in prepared.payloads.items()
        }
        call = SimulatedCall(script, streams, signalling, rng=rng)
        return _LiveCall(call, (caller, callee), asyncio.Event())

    def _new_sealing(self, script: CallScript) -> Sealing | None:
        placing = self._placing
        if not placing.srtp:
            return None
        rng = Random(f"{placing.seed}/{script.index}/keys")
        return Sealing(placing.srtp, streams=2, rng=rng, wrong_key=placing.srtp_wrong_key)

    def _on_events(self, events: list[ClientEvent]) -> None:
        for event in events:
            live = self._live.get(event.dialog_id)
            if live is not None:
                live.call.receive(event, now=self._pump.now)
                self._note_end(live)

    async def _send_media(self) -> None:
        """Send what is due, of all calls, at each tick; signalling that follows from it too."""
        loop = asyncio.get_running_loop()
        tick = loop.time()
        while True:
            for live in list(self._live.values()):
                phase = live.call.phase
                self._packets += live.send_due(self._pump.now)
                if live.call.phase is not phase:
                    self._pump.flush()
                    self._note_end(live)
            tick = max(tick + TICK_S, loop.time())
            await asyncio.sleep(tick - loop.time())

    def _note_end(self, live: _LiveCall) -> None:
        if live.call.is_over:
            live.over.set()

    def _report(self, of: int) -> None:
        over = len(self._finished)
        self._on_progress(Progress(over + len(self._live), over, self._packets, of))


def local_address_to(target: HostPort) -> str:
    """Return our address as the target sees it. Raises TargetUnreachable."""
    family = socket.AF_INET6 if ":" in target[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(target)
        except OSError as error:
            raise TargetUnreachable(f"no way to {target[0]}: {error.strerror}") from None
        return str(probe.getsockname()[0])


def _media_socket(address: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    media = socket.socket(family, socket.SOCK_DGRAM)
    media.settimeout(0)
    media.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
    media.bind((address, 0))
    return media
