"""Reads what was sealed beside a recording: its transcript and its received packets.

Together they are what the journal was, but for its keys: enough to make the sound anew. Both were
written by `transcript` and `pcap`; they are authenticated, so a fault in them is a fault of ours.
"""

import heapq
import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from ipaddress import ip_address
from typing import Protocol

import msgspec

from callvault.errors import SealBroken
from callvault.finalise.reading import Blocks
from callvault.spool import Packet, PacketsBlock, Source
from callvault.spool.entries import Event, JournalHeader, MetadataSeen, SignallingSeen

_READ_BYTES = 1_048_576
_BLOCK_NS = 200_000_000  # events come between packets to this much
_ENTRY = re.compile(rb"--- (\S+) (\S+(?: \S+)?) (\d+)\n")
_RECORD = struct.Struct("<IIII")
_FILE_HEADER_BYTES = 24
_LONGEST_RECORD = 65_575
_UDP_BYTES = 8
_NS = 1_000_000_000


class Readable(Protocol):
    """A sealed object that is open."""

    size: int

    def read(self, offset: int, size: int, /) -> bytes:
        """Return bytes from an offset on."""


def read_transcript(text: bytes) -> tuple[JournalHeader, list[Event]]:
    """Return the journal's header and events; digits are no events of the journal."""
    header: JournalHeader | None = None
    events: list[Event] = []
    for moment, what, body in entries_of(text):
        if what == "journal":
            header = header or msgspec.json.decode(body, type=JournalHeader)
        elif what in ("sent", "received"):
            events.append(SignallingSeen(ns_of(moment), what == "sent", body))
        elif what.startswith("metadata "):
            events.append(MetadataSeen(ns_of(moment), what.removeprefix("metadata "), body))
        elif what != "digit":
            events.append(msgspec.json.decode(body, type=Event))
    if header is None:
        raise SealBroken("the transcript does not begin with its journal", object_id="metadata")
    return header, events


def entries_of(text: bytes) -> Iterator[tuple[str, str, bytes]]:
    """Yield moment, kind and body of each entry of a transcript."""
    at = 0
    while at < len(text):
        found = _ENTRY.match(text, at)
        if found is None:
            raise SealBroken(f"no entry of a transcript at byte {at}", object_id="metadata")
        end = found.end() + int(found[3])
        yield found[1].decode(), found[2].decode(), text[found.end() : end]
        at = end + 1


def ns_of(moment: str) -> int:
    """Return the UTC nanoseconds of an entry's moment."""
    return round(datetime.fromisoformat(moment).timestamp() * 1000) * 1_000_000


def read_packets(file: Readable, ports: Mapping[int, int]) -> Iterator[PacketsBlock]:
    """Yield the packets, some of each time together; `ports`: ours, by stream."""
    streams = {port: stream for stream, port in ports.items()}
    packets: list[Packet] = []
    sources: dict[tuple[int, int], Source] = {}
    numbers: dict[tuple[int, Source], int] = {}
    for arrival_ns, datagram in _records(file):
        if packets and not 0 <= arrival_ns - packets[0].arrival_ns < _BLOCK_NS:
            yield _block(packets, sources)
            packets, sources, numbers = [], {}, {}
        source, port, payload = _unframed(datagram)
        is_rtcp = port not in streams
        stream = streams.get(port - 1 if is_rtcp else port)
        if stream is None:
            continue
        number = numbers.setdefault((stream, source), len(numbers))
        sources[stream, number] = source
        packets.append(Packet(stream, number, is_rtcp, arrival_ns, payload))
    if packets:
        yield _block(packets, sources)


def _block(packets: list[Packet], sources: dict[tuple[int, int], Source]) -> PacketsBlock:
    last_ns = max(one.arrival_ns for one in packets)
    # Steps of the wall clock were taken out of the events; of packets nothing more is known.
    return PacketsBlock(last_ns, last_ns, sources, packets)


def _records(file: Readable) -> Iterator[tuple[int, bytes]]:
    held, at = b"", _FILE_HEADER_BYTES
    while True:
        if len(held) >= _RECORD.size:
            seconds, nanoseconds, size, _ = _RECORD.unpack_from(held)
            if size > _LONGEST_RECORD:
                raise SealBroken(f"a packet of {size} bytes", object_id="raw")
            if len(held) >= _RECORD.size + size:
                yield seconds * _NS + nanoseconds, held[_RECORD.size : _RECORD.size + size]
                held = held[_RECORD.size + size :]
                continue
        more = file.read(at, min(_READ_BYTES, file.size - at)) if at < file.size else b""
        if not more:
            return
        held, at = held + more, at + len(more)


def _unframed(datagram: bytes) -> tuple[Source, int, bytes]:
    """Return sender, our port and payload of an IP datagram as `pcap` writes it."""
    is_ipv4 = datagram[0] >> 4 == 4
    header, start, length = (20, 12, 4) if is_ipv4 else (40, 8, 16)
    address = ip_address(datagram[start : start + length])
    from_port, to_port = struct.unpack_from("!HH", datagram, header)
    return Source(address, from_port), to_port, datagram[header + _UDP_BYTES :]


def merged(events: Iterable[Event], packets: Iterable[PacketsBlock]) -> Blocks:
    """Yield events and packets as their journal held them, by time.

    Of two journals that were read as one (CUCM), each was read some seconds ahead of the other.
    """
    yield from heapq.merge(sorted(events, key=_began_ns), packets, key=_began_ns)


def _began_ns(item: Event | PacketsBlock) -> int:
    return item.packets[0].arrival_ns if isinstance(item, PacketsBlock) else item.at_ns
