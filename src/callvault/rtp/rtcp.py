"""RTCP packets as far as a recorder reads them (RFC 3550, section 6).

Sender and receiver reports, source descriptions and BYE are decoded; all else is kept whole. A
compound packet is read part by part; what cannot be read is an RtpHeaderError with its offset.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from callvault.errors import RtpHeaderError

SENDER_REPORT, RECEIVER_REPORT, SOURCE_DESCRIPTION, GOODBYE = 200, 201, 202, 203
CNAME = 1  # the SDES item that is always there (section 6.5.1)

_VERSION = 2
_HEADER = struct.Struct("!BBH")
_BLOCK = struct.Struct("!IIIIII")
_SENDER = struct.Struct("!IQIII")


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """How one source was received (section 6.4.1)."""

    ssrc: int
    fraction_lost: int  # 8 bits: lost of the last interval, in 1/256
    cumulative_lost: int  # 24 bits, signed
    highest_sequence: int  # extended
    jitter_ticks: int
    last_sender_report: int  # middle 32 bits of its NTP time; 0: none
    delay_since_sender_report: int  # in 1/65536 s

    @classmethod
    def parse(cls, octets: bytes) -> Self:
        """Read the 24 bytes of a block."""
        ssrc, lost, highest, jitter, last, delay = _BLOCK.unpack(octets)
        cumulative = lost & 0xFFFFFF
        signed = cumulative - (1 << 24) if cumulative >> 23 else cumulative
        return cls(ssrc, lost >> 24, signed, highest, jitter, last, delay)

    def __bytes__(self) -> bytes:
        lost = self.fraction_lost << 24 | self.cumulative_lost & 0xFFFFFF
        return _BLOCK.pack(
            self.ssrc,
            lost,
            self.highest_sequence,
            self.jitter_ticks,
            self.last_sender_report,
            self.delay_since_sender_report,
        )


@dataclass(frozen=True, slots=True)
class SenderReport:
    """What a source has sent, and which wall-clock time its timestamp has (section 6.4.1)."""

    ssrc: int
    ntp_time: int  # 64 bits: seconds since 1900 in 1/2**32
    rtp_timestamp: int
    packet_count: int
    octet_count: int
    reports: tuple[ReportBlock, ...] = ()

    def __bytes__(self) -> bytes:
        head = _SENDER.pack(
            self.ssrc, self.ntp_time, self.rtp_timestamp, self.packet_count, self.octet_count
        )
        return _packet(SENDER_REPORT, len(self.reports), head + b"".join(map(bytes, self.reports)))


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    """How a receiver that sends nothing hears its sources (section 6.4.2)."""

    ssrc: int
    reports: tuple[ReportBlock, ...] = ()

    def __bytes__(self) -> bytes:
        body = struct.pack("!I", self.ssrc) + b"".join(map(bytes, self.reports))
        return _packet(RECEIVER_REPORT, len(self.reports), body)


@dataclass(frozen=True, slots=True)
class SourceDescription:
    """One chunk of an SDES packet: a source and its items, as (kind, text) (section 6.5)."""

    ssrc: int
    items: tuple[tuple[int, bytes], ...]

    def __bytes__(self) -> bytes:
        items = b"".join(bytes([kind, len(text)]) + text for kind, text in self.items)
        chunk = struct.pack("!I", self.ssrc) + items + b"\0"
        return _packet(SOURCE_DESCRIPTION, 1, chunk + bytes(-len(chunk) % 4))


@dataclass(frozen=True, slots=True)
class Goodbye:
    """Sources that leave (section 6.6)."""

    ssrcs: tuple[int, ...]
    reason: bytes = b""

    def __bytes__(self) -> bytes:
        body = struct.pack(f"!{len(self.ssrcs)}I", *self.ssrcs)
        if self.reason:
            body += bytes([len(self.reason)]) + self.reason
        return _packet(GOODBYE, len(self.ssrcs), body + bytes(-len(body) % 4))


@dataclass(frozen=True, slots=True)
class OtherRtcp:
    """An RTCP packet of a type that is not read here: APP, feedback, extended reports."""

    packet_type: int
    count: int
    body: bytes

    def __bytes__(self) -> bytes:
        return _packet(self.packet_type, self.count, self.body)


RtcpPacket = SenderReport | ReceiverReport | SourceDescription | Goodbye | OtherRtcp


def parse_compound(datagram: bytes) -> tuple[RtcpPacket, ...]:
    """Read a compound RTCP packet. Raises RtpHeaderError with the offset it could not read."""
    packets: list[RtcpPacket] = []
    offset = 0
    while offset < len(datagram):
        packet_type, count, body, following = _frame(datagram, offset)
        try:
            packets.extend(_decode(packet_type, count, body))
        except (struct.error, IndexError):
            raise RtpHeaderError(f"RTCP type {packet_type} is cut", offset=offset) from None
        offset = following
    if not packets:
        raise RtpHeaderError("no RTCP packet", offset=0)
    return tuple(packets)


def _frame(datagram: bytes, offset: int) -> tuple[int, int, bytes, int]:
    """Return type, count, body without padding, and the offset of the next packet."""
    if len(datagram) < offset + _HEADER.size:
        raise RtpHeaderError("RTCP header is cut", offset=len(datagram))
    first, packet_type, words = _HEADER.unpack_from(datagram, offset)
    if first >> 6 != _VERSION:
        raise RtpHeaderError(f"RTCP version is {first >> 6}", offset=offset)
    following = offset + 4 + 4 * words
    if len(datagram) < following:
        raise RtpHeaderError(f"RTCP packet of {words + 1} words is cut", offset=len(datagram))
    body = datagram[offset + _HEADER.size : following]
    if first & 0x20:
        if not body or not 1 <= body[-1] <= len(body):
            raise RtpHeaderError("RTCP padding does not fit", offset=following - 1)
        body = body[: -body[-1]]
    return packet_type, first & 0x1F, body, following


def _decode(packet_type: int, count: int, body: bytes) -> Iterator[RtcpPacket]:
    """Yield what one RTCP packet holds; SDES holds one description a chunk."""
    if packet_type == SENDER_REPORT:
        ssrc, ntp_time, rtp_timestamp, packets, octets = _SENDER.unpack_from(body)
        blocks = _report_blocks(body[_SENDER.size :], count)
        yield SenderReport(ssrc, ntp_time, rtp_timestamp, packets, octets, blocks)
    elif packet_type == RECEIVER_REPORT:
        (ssrc,) = struct.unpack_from("!I", body)
        yield ReceiverReport(ssrc, _report_blocks(body[4:], count))
    elif packet_type == SOURCE_DESCRIPTION:
        yield from _descriptions(body, count)
    elif packet_type == GOODBYE:
        ssrcs = struct.unpack_from(f"!{count}I", body)
        rest = body[4 * count :]
        yield Goodbye(ssrcs, rest[1 : 1 + rest[0]] if rest else b"")
    else:
        yield OtherRtcp(packet_type, count, body)


def _report_blocks(octets: bytes, count: int) -> tuple[ReportBlock, ...]:
    """Read `count` blocks; a profile's own extension behind them is left out."""
    size = _BLOCK.size
    return tuple(ReportBlock.parse(octets[n * size : (n + 1) * size]) for n in range(count))


def _descriptions(body: bytes, count: int) -> Iterator[SourceDescription]:
    """Yield the chunks of an SDES packet, each padded to whole words."""
    offset = 0
    for _ in range(count):
        (ssrc,) = struct.unpack_from("!I", body, offset)
        offset += 4
        items = []
        while body[offset]:
            kind, size = body[offset], body[offset + 1]
            text = body[offset + 2 : offset + 2 + size]
            if len(text) < size:
                raise IndexError
            items.append((kind, text))
            offset += 2 + size
        offset += 4 - offset % 4
        yield SourceDescription(ssrc, tuple(items))


def _packet(packet_type: int, count: int, body: bytes) -> bytes:
    """Put the common header before a body of whole words."""
    return _HEADER.pack(_VERSION << 6 | count, packet_type, len(body) // 4) + body
