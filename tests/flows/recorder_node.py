"""A real recorder in a thread, and an SRC of our own client that talks to it."""

import asyncio
import os
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, Self
from uuid import UUID

from callvault import sip
from callvault.config.sections import (
    CapacityConfig,
    CaptureConfig,
    Config,
    ControlConfig,
    NodeConfig,
    SipConfig,
    SpoolConfig,
    VaultConfig,
)
from callvault.policy.snapshot import Person, Snapshot, Trunk
from callvault.recorder import Addresses, run_recorder
from callvault.recorder.neighbours import Neighbours
from callvault.sip.client import Invitation, UserAgentClient
from callvault.sip.pump import Pump
from callvault.sip.sockets import shown
from callvault.sip.tcp import TcpEndpoint
from callvault.sip.tls import TlsEndpoint
from callvault.sip.tls_context import TlsFiles, load_contexts
from callvault.sip.udp import UdpEndpoint
from callvault.spool import JournalReader, PacketsBlock, scan
from callvault.spool.entries import Event, JournalHeader

ANN = Person(UUID(int=1), "akeller", "Ann Keller", "1001", group="Claims")
LOOPBACK = Trunk(UUID(int=2), "This machine", ("127.0.0.1",), media_networks=("127.0.0.0/8",))
SNAPSHOT = Snapshot(revision=1, people=(ANN,), trunks=(LOOPBACK,))
WITHIN_S = 20.0


@dataclass
class Journal:
    """A journal read back from disk."""

    header: JournalHeader
    events: list[Event]
    packets: list[tuple[int, bytes]]  # stream, datagram
    ended: bool

    def of(self, kind: type) -> list[Event]:
        """Its events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]


@dataclass
class RunningRecorder:
    """`run_recorder` in a thread of its own, on free ports in a folder of its own."""

    folder: Path
    snapshot: Snapshot = SNAPSHOT
    load_fails: bool = False
    capture: CaptureConfig = field(
        default_factory=lambda: CaptureConfig(
            bind_address="127.0.0.1", sweep_ms=20, socket_buffer_bytes=131_072
        )
    )
    spool: SpoolConfig | None = None
    capacity: CapacityConfig = field(default_factory=CapacityConfig)
    control: ControlConfig = field(default_factory=ControlConfig)
    sip: SipConfig | None = None
    port: int = 0
    keeps_calls: bool = False
    neighbours: Neighbours | None = None
    addresses: Addresses | None = None
    _keys: dict[bytes, bytes] = field(default_factory=dict)  # by envelope
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _failure: list[BaseException] = field(default_factory=list)

    @property
    def spool_folder(self) -> Path:
        """Where its journals lie."""
        return self.folder / "spool"

    def __enter__(self) -> Self:
        ready = threading.Event()

        def on_ready(addresses: Addresses) -> None:
            self.addresses = addresses
            ready.set()

        self._thread = threading.Thread(target=self._run, args=(on_ready, ready))
        self._thread.start()
        assert ready.wait(WITHIN_S)
        assert self._failure == []
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    @property
    def is_running(self) -> bool:
        """Whether it has not ended, by an order for instance."""
        return self._thread is not None and self._thread.is_alive()

    def stop(self) -> None:
        """Stop it as SIGTERM does, and wait until it has."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(WITHIN_S)
            assert not self._thread.is_alive()
        assert self._failure == []

    def journals(self, *, events: bool = False) -> list[Journal]:
        """Read back all journals of calls, or those of the node's events."""
        return [
            self._read(one.path) for one in scan(self.spool_folder) if one.is_node_events == events
        ]

    def key_of(self, envelope: bytes) -> bytes:
        """Return the key of a journal by its envelope."""
        return self._keys[envelope]

    def node_events(self) -> list[Event]:
        """All events of the node so far."""
        return [event for journal in self.journals(events=True) for event in journal.events]

    def _read(self, path: Path) -> Journal:
        with JournalReader.open(path, unwrap=self._keys.__getitem__) as reader:
            events: list[Event] = []
            packets: list[tuple[int, bytes]] = []
            for block in reader.blocks():
                if isinstance(block, PacketsBlock):
                    packets += [(one.stream, one.datagram) for one in block.packets]
                else:
                    events.append(block)
            assert reader.damage is None
            return Journal(reader.header, events, packets, reader.ended)

    def _run(self, on_ready: Callable[[Addresses], None], ready: threading.Event) -> None:
        try:
            run_recorder(
                self._config(),
                load_snapshot=self._load,
                ingest_certificates=(),
                seal_key=self._seal,
                stop=self._stop,
                on_ready=on_ready,
                keeps_calls=lambda: self.keeps_calls,
                neighbours=self.neighbours,
            )
        except BaseException as error:
            self._failure.append(error)
            raise
        finally:
            ready.set()

    def _load(self) -> Snapshot:
        if self.load_fails:
            raise ConnectionError("the catalogue is away")
        return self.snapshot

    def _seal(self, key: bytes, certificates: object) -> bytes:
        """Remember the key instead of sealing it: vault has its own tests."""
        envelope = os.urandom(16)
        self._keys[envelope] = key
        return envelope

    def _config(self) -> Config:
        spool = self.spool or SpoolConfig(min_free_bytes=0)
        sip = self.sip or SipConfig(bind_address="127.0.0.1", port=self.port, tls=False)
        crt, key = self.folder / sip.tls_certificate, self.folder / sip.tls_key
        return Config(
            node=NodeConfig(name="node-1", data_folder=self.folder),
            sip=replace(sip, tls_certificate=crt, tls_key=key),  # never in the current folder
            vault=VaultConfig(key_folder=self.folder / "keys"),
            capture=self.capture,
            capacity=self.capacity,
            control=self.control,
            spool=SpoolConfig(self.spool_folder, sync_ms=100, min_free_bytes=spool.min_free_bytes),
        )


class Bound(Protocol):
    """A recorder that runs somewhere."""

    addresses: Addresses | None


class Src:
    """One SRC on the running loop; its calls are made and changed by what it is told."""

    def __init__(
        self,
        recorder: Bound,
        transport: str = "udp",
        *,
        host: str = "127.0.0.1",
        tls: TlsFiles | None = None,
    ) -> None:
        """`host` is the address to call from and to; `tls` our certificate."""
        assert recorder.addresses is not None
        self._host = host
        self._tls = tls
        self.client = UserAgentClient()
        self.pump: Pump[sip.ClientEvent] = Pump(
            self.client, asyncio.get_running_loop(), on_events=self._take
        )
        self._target = (host, getattr(recorder.addresses, transport)[1])
        self._transport = transport
        self._events: list[sip.ClientEvent] = []
        self._endpoint: UdpEndpoint | TcpEndpoint | None = None

    async def __aenter__(self) -> Self:
        if self._tls is not None:
            contexts = load_contexts(self._tls)
            self._endpoint = await TlsEndpoint.bind(self.pump, self._host, 0, contexts=contexts)
        else:
            bind = UdpEndpoint.bind if self._transport == "udp" else TcpEndpoint.bind
            self._endpoint = await bind(self.pump, self._host, 0)
        return self

    async def __aexit__(self, *error: object) -> None:
        self.pump.close()
        if isinstance(self._endpoint, UdpEndpoint):
            self._endpoint.close()
        elif self._endpoint is not None:
            await self._endpoint.close()

    def invite(
        self,
        body: bytes,
        content_type: str,
        *,
        caller: str = "1001",
        says: str = "",
        dialled: str = "srs",
        headers: tuple[tuple[str, str], ...] = (),
        is_src: bool = True,
    ) -> sip.DialogId:
        """Place a call, as a recording client or as a phone; `says`: parameters of From's URI."""
        assert self._endpoint is not None
        flow = self._endpoint.flow_to(self._target)
        host, port = self._endpoint.address
        mark = ";+sip.src" if is_src else ""
        invitation = Invitation(
            uri=f"sip:{dialled}@{shown(self._target)}",
            from_address=f'"Ann Keller" <sip:{caller}@pbx.example.com{says}>',
            to_address="<sip:+15550142999@192.0.2.14>",
            contact=f"<sip:src@{shown((host, port))};transport={self._transport}>{mark}",
            headers=(*(("Require", "siprec"),) * is_src, *headers),
            content_type=content_type,
            body=body,
        )
        dialog_id = self.client.invite(flow, invitation, now=self.pump.now)
        self.pump.flush()
        return dialog_id

    def options(self) -> sip.DialogId:
        """Ask whether the recorder is well."""
        assert self._endpoint is not None
        flow = self._endpoint.flow_to(self._target)
        dialog_id = self.client.options(flow, "sip:srs@127.0.0.1", now=self.pump.now)
        self.pump.flush()
        return dialog_id

    def request(
        self, dialog_id: sip.DialogId, method: str, body: bytes = b"", content_type: str = ""
    ) -> None:
        """Send a request inside the call."""
        self.client.request(
            dialog_id, method, content_type=content_type, body=body, now=self.pump.now
        )
        self.pump.flush()

    async def final(self, dialog_id: sip.DialogId, method: str = "INVITE") -> sip.Response:
        """Wait for the next final response to a request of a call."""
        event = await self._next(
            lambda one: (
                isinstance(one, sip.ResponseReceived)
                and (one.dialog_id, one.request.method) == (dialog_id, method)
                and one.response.status >= 200
            )
        )
        assert isinstance(event, sip.ResponseReceived)
        return event.response

    async def peer_request(self, dialog_id: sip.DialogId) -> sip.Request:
        """Wait for a request of the recorder."""
        event = await self._next(
            lambda one: isinstance(one, sip.PeerRequestReceived) and one.dialog_id == dialog_id
        )
        assert isinstance(event, sip.PeerRequestReceived)
        return event.request

    async def call(
        self, body: bytes, content_type: str, *, headers: tuple[tuple[str, str], ...] = ()
    ) -> tuple[sip.DialogId, sip.Response]:
        """Place a call and wait for its answer."""
        dialog_id = self.invite(body, content_type, headers=headers)
        return dialog_id, await self.final(dialog_id)

    async def hang_up(self, dialog_id: sip.DialogId) -> None:
        """End a call and wait for the answer."""
        self.request(dialog_id, "BYE")
        assert (await self.final(dialog_id, "BYE")).status == 200

    async def _next(self, is_it: Callable[[sip.ClientEvent], bool]) -> sip.ClientEvent:
        async with asyncio.timeout(WITHIN_S):
            while True:
                for event in self._events:
                    if is_it(event):
                        self._events.remove(event)
                        return event
                await asyncio.sleep(0.005)

    def _take(self, events: list[sip.ClientEvent]) -> None:
        self._events += events


def media_ports(answer: bytes) -> list[int]:
    """Ports of the m-lines of an answer."""
    lines = answer.split(b"\r\n")
    return [int(line.split()[1]) for line in lines if line.startswith(b"m=")]


def rtp(sequence_number: int, ssrc: int) -> bytes:
    """One PCMA packet of 20 ms."""
    header = struct.pack("!BBHII", 0x80, 8, sequence_number, sequence_number * 160, ssrc)
    return header + bytes([sequence_number & 0xFF]) * 160


def send_rtp(
    ports: list[int], count: int, *, first: int = 0, host: str = "127.0.0.1"
) -> set[tuple[int, bytes]]:
    """Send packets to each port, one after the other; return what must be in the journal."""
    sent: set[tuple[int, bytes]] = set()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sender:
        for number in range(first, first + count):
            for stream, port in enumerate(ports):
                packet = rtp(number, ssrc=100 + stream)
                sender.sendto(packet, (host, port))
                sent.add((stream, packet))
    return sent


def wait_until(is_so: Callable[[], bool]) -> None:
    """Poll for something that the recorder's thread brings about."""
    deadline = time.monotonic() + WITHIN_S
    while not is_so():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)
