"""Journals made for tests: fixed content, known keys."""

from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from uuid import UUID

from callvault.spool import JournalReader, JournalWriter, Packet, PacketsBlock, Source
from callvault.spool.entries import DialogEnded, Event, JournalHeader, TimelineEvent

KEY = bytes(range(32))
ENVELOPE = b"the journal key, sealed"
HEADER = JournalHeader(
    journal_id=UUID(int=7, version=4), purpose="dialog", node="callvault-1", opened_at_ns=1
)
BLOCK = PacketsBlock(
    realtime_ns=1_700_000_000_000_000_000,
    monotonic_ns=5_000_000_000,
    sources={
        (0, 0): Source(ip_address("192.0.2.1"), 4000),
        (1, 3): Source(ip_address("2001:db8::1"), 4001),
    },
    packets=[
        Packet(0, 0, False, 1_700_000_000_000_000_001, b"\x80\x00" + bytes(20)),
        Packet(1, 3, True, 1_700_000_000_000_000_002, b"\x80\xc8" + bytes(6)),
    ],
)
ENTRIES: Sequence[PacketsBlock | Event] = [
    TimelineEvent(at_ns=1, kind="answered"),
    BLOCK,
    TimelineEvent(at_ns=2, kind="held", streams=(1,)),
    BLOCK,
    DialogEnded(at_ns=3, reason="bye"),
]


def unwrap(envelope: bytes) -> bytes:
    """Stand in for the keyring of the vault."""
    assert envelope == ENVELOPE
    return KEY


def write(path: Path, *, ended: bool = True) -> list[int]:
    """Write a journal of `ENTRIES`; return the offsets behind the header and each block."""
    with JournalWriter.create(path, key=KEY, envelope=ENVELOPE, header=HEADER) as writer:
        offsets = [path.stat().st_size]
        for entry in ENTRIES:
            if isinstance(entry, PacketsBlock):
                writer.append_packets(entry)
            else:
                writer.append(entry)
            offsets.append(path.stat().st_size)
        if ended:
            writer.end()
            offsets.append(path.stat().st_size)
    return offsets


def read(path: Path) -> tuple[list[PacketsBlock | Event], JournalReader]:
    """Read all that can be read, and return the reader for its verdict."""
    with JournalReader.open(path, unwrap) as reader:
        return list(reader.blocks()), reader
