"""The packets payload of a block: what one journal received in about one second."""

import struct
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple, Self

_CLOCKS = struct.Struct("<QQ")
_SOURCE = struct.Struct("<HBB")
_PORT = struct.Struct("<H")
_COUNT = struct.Struct("<I")
_PACKET = struct.Struct("<HBBQH")
_ADDRESS_BYTES = {4: 4, 6: 16}
_IS_RTCP = 1


class Source(NamedTuple):
    """Where packets came from."""

    address: IPv4Address | IPv6Address
    port: int


class Packet(NamedTuple):
    """One datagram as received.

    `source` is a number within its block only; follow a sender by address, port and SSRC.
    """

    stream: int  # index of the m-line
    source: int
    is_rtcp: bool
    arrival_ns: int  # UTC, the kernel's time stamp
    datagram: bytes


@dataclass(frozen=True, slots=True)
class PacketsBlock:
    """Packets of all streams of a journal, and both clocks at the moment of sealing."""

    realtime_ns: int
    monotonic_ns: int
    sources: dict[tuple[int, int], Source] = field(default_factory=dict)  # by (stream, source)
    packets: list[Packet] = field(default_factory=list)

    @property
    def clock_offset_ns(self) -> int:
        """Realtime minus monotonic: differs between two blocks by a step of the wall clock."""
        return self.realtime_ns - self.monotonic_ns

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """Read an opened block. Raises ValueError if it is not whole."""
        try:
            realtime_ns, monotonic_ns = _CLOCKS.unpack_from(payload)
            sources, offset = _parse_sources(payload, _CLOCKS.size)
            packets, offset = _parse_packets(payload, offset)
        except (struct.error, IndexError, KeyError) as error:
            raise ValueError(f"packets block is cut or malformed: {error}") from None
        if offset != len(payload):
            raise ValueError(f"packets block of {len(payload)} bytes ends at {offset}")
        return cls(realtime_ns, monotonic_ns, sources, packets)

    def __bytes__(self) -> bytes:
        parts = [_CLOCKS.pack(self.realtime_ns, self.monotonic_ns), bytes([len(self.sources)])]
        for (stream, number), source in self.sources.items():
            parts.append(_SOURCE.pack(stream, number, source.address.version))
            parts += [source.address.packed, _PORT.pack(source.port)]
        parts.append(_COUNT.pack(len(self.packets)))
        for packet in self.packets:
            flags = _IS_RTCP if packet.is_rtcp else 0
            length = len(packet.datagram)
            parts.append(
                _PACKET.pack(packet.stream, packet.source, flags, packet.arrival_ns, length)
            )
            parts.append(packet.datagram)
        return b"".join(parts)


def _parse_sources(payload: bytes, offset: int) -> tuple[dict[tuple[int, int], Source], int]:
    count = payload[offset]
    offset += 1
    sources: dict[tuple[int, int], Source] = {}
    for _ in range(count):
        stream, number, family = _SOURCE.unpack_from(payload, offset)
        offset += _SOURCE.size
        address_end = offset + _ADDRESS_BYTES[family]
        (port,) = _PORT.unpack_from(payload, address_end)
        sources[stream, number] = Source(ip_address(payload[offset:address_end]), port)
        offset = address_end + _PORT.size
    return sources, offset


def _parse_packets(payload: bytes, offset: int) -> tuple[list[Packet], int]:
    # The loop runs once per packet of every recording: names are local for speed.
    unpack, head_bytes = _PACKET.unpack_from, _PACKET.size
    (count,) = _COUNT.unpack_from(payload, offset)
    offset += _COUNT.size
    packets: list[Packet] = []
    for _ in range(count):
        stream, source, flags, arrival_ns, length = unpack(payload, offset)
        start = offset + head_bytes
        offset = start + length
        packets.append(
            Packet(stream, source, bool(flags & _IS_RTCP), arrival_ns, payload[start:offset])
        )
    return packets, offset
