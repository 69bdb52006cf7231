"""Senders and receivers on loopback for the tests of capture."""

import os
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import msgspec

from callvault.capture import Journal, Receiver
from callvault.config.sections import CaptureConfig
from callvault.spool import JournalReader, Packet, PacketsBlock
from callvault.spool.entries import Event, JournalHeader

# A buffer that every system grants, so that no alarm about it is raised.
CONFIG = CaptureConfig(
    bind_address="127.0.0.1",
    port_first=20000,
    port_last=32766,
    sweep_ms=20,
    socket_buffer_bytes=131_072,
)
LOOPBACK = ("127.0.0.0/8", "::1")
ENVELOPE = b"the journal key, sealed"


def rtp(sequence_number: int, payload: bytes = b"\xff" * 160, *, ssrc: int = 0x5EED) -> bytes:
    """One PCMU packet."""
    header = struct.pack("!BBHII", 0x80, 0, sequence_number, sequence_number * 160, ssrc)
    return header + payload


def rtcp() -> bytes:
    """A receiver report without report blocks."""
    return struct.pack("!BBHI", 0x80, 201, 1, 0x5EED)


def udp_socket(address: str = "127.0.0.1") -> socket.socket:
    """A sender bound to a free port."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sender = socket.socket(family, socket.SOCK_DGRAM)
    sender.bind((address, 0))
    return sender


def wait_until(is_so: Callable[[], bool], *, within_s: float = 20.0) -> None:
    """Poll for something that another thread or process brings about."""
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.005)


@dataclass
class Dialog:
    """A journal together with what opens it again."""

    journal: Journal
    header: JournalHeader
    key: bytes

    @classmethod
    def open(
        cls, receiver: Receiver, *, events: bool = False, key: bytes | None = None
    ) -> "Dialog":
        """Open a journal with a new key, unless one is given."""
        purpose = "node_events" if events else "dialog"
        header = JournalHeader(uuid4(), purpose, "callvault-1", opened_at_ns=1)  # type: ignore[arg-type]
        key = key or os.urandom(32)
        encoded = msgspec.json.encode(header)
        journal = receiver.open_journal(
            header.journal_id, key=key, envelope=ENVELOPE, header=encoded, events=events
        )
        return cls(journal, header, key)

    def read(self) -> "Content":
        """Read the journal back."""
        return read(self.journal.path, self.key)


@dataclass
class Content:
    """What a journal holds."""

    header: JournalHeader
    ended: bool
    entries: list[PacketsBlock | Event] = field(default_factory=list)

    @property
    def blocks(self) -> list[PacketsBlock]:
        """The blocks of packets."""
        return [entry for entry in self.entries if isinstance(entry, PacketsBlock)]

    @property
    def packets(self) -> list[Packet]:
        """All packets in the order of writing."""
        return [packet for block in self.blocks for packet in block.packets]

    @property
    def events(self) -> list[Event]:
        """All events in the order of writing."""
        return [entry for entry in self.entries if not isinstance(entry, PacketsBlock)]


def read(path: Path, key: bytes) -> Content:
    """Read a journal that must not be damaged."""
    with JournalReader.open(path, lambda _: key) as reader:
        entries = list(reader.blocks())
        assert reader.damage is None
        return Content(reader.header, reader.ended, entries)


def journal_id_of(path: Path) -> UUID:
    """The id in a journal's file name."""
    return UUID(hex=path.stem.removeprefix("events-"))
