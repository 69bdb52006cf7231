"""One RTP packet, read from and written to a datagram (RFC 3550, section 5.1).

Strict in what counts as RTP, so that noise on a media port never becomes audio; what the payload
means is left to `audio`. Whole calls go through `batch`, which reads the same header in columns.
"""

import struct
from dataclasses import dataclass
from typing import Self

from callvault.errors import RtpHeaderError

VERSION = 2
HEADER_BYTES = 12
# With RTP and RTCP on one port, payload types 64 to 95 are RTCP packet types 192 to 223 with the
# marker bit taken away, so no sender may use them for audio (RFC 5761, section 4).
RTCP_PAYLOAD_TYPES = range(64, 96)

_HEADER = struct.Struct("!BBHII")
_EXTENSION = struct.Struct("!HH")


@dataclass(frozen=True, slots=True)
class HeaderExtension:
    """The header extension: a profile's own 16 bits and whole 32-bit words (section 5.3.1)."""

    profile: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RtpPacket:
    """One RTP packet: header decoded, payload untouched (RFC 3550, section 5.1)."""

    payload_type: int  # 7 bits
    sequence_number: int  # 16 bits, wraps
    timestamp: int  # media clock ticks, 32 bits, wraps
    ssrc: int
    marker: bool = False
    csrc: tuple[int, ...] = ()  # at most 15
    extension: HeaderExtension | None = None
    payload: bytes = b""
    padding_bytes: int = 0  # 0: none; else with its own last byte, which holds this number

    @classmethod
    def parse(cls, datagram: bytes) -> Self:
        """Read one datagram. Raises RtpHeaderError with the offset it could not read."""
        if len(datagram) < HEADER_BYTES:
            raise RtpHeaderError("shorter than an RTP header", offset=len(datagram))
        first, second, sequence_number, timestamp, ssrc = _HEADER.unpack_from(datagram)
        if first >> 6 != VERSION:
            raise RtpHeaderError(f"version is {first >> 6}, not {VERSION}", offset=0)
        if second & 0x7F in RTCP_PAYLOAD_TYPES:
            raise RtpHeaderError(f"packet type {second | 0x80} is RTCP", offset=1)
        csrc, offset = _parse_csrc(datagram, count=first & 0x0F)
        extension, offset = _parse_extension(datagram, offset, present=bool(first & 0x10))
        padding_bytes = _parse_padding(datagram, offset, present=bool(first & 0x20))
        return cls(
            payload_type=second & 0x7F,
            sequence_number=sequence_number,
            timestamp=timestamp,
            ssrc=ssrc,
            marker=bool(second & 0x80),
            csrc=csrc,
            extension=extension,
            payload=datagram[offset : len(datagram) - padding_bytes],
            padding_bytes=padding_bytes,
        )

    def __bytes__(self) -> bytes:
        first = VERSION << 6 | len(self.csrc)
        first |= 0x20 if self.padding_bytes else 0
        first |= 0x10 if self.extension else 0
        second = self.payload_type | (0x80 if self.marker else 0)
        parts = [
            _HEADER.pack(first, second, self.sequence_number, self.timestamp, self.ssrc),
            struct.pack(f"!{len(self.csrc)}I", *self.csrc),
        ]
        if self.extension:
            words = len(self.extension.data) // 4
            parts += [_EXTENSION.pack(self.extension.profile, words), self.extension.data]
        parts.append(self.payload)
        if self.padding_bytes:
            parts.append(bytes(self.padding_bytes - 1) + bytes([self.padding_bytes]))
        return b"".join(parts)


def _parse_csrc(datagram: bytes, *, count: int) -> tuple[tuple[int, ...], int]:
    """Return the contributing sources and the offset behind them."""
    end = HEADER_BYTES + 4 * count
    if len(datagram) < end:
        raise RtpHeaderError(f"{count} contributing sources do not fit", offset=len(datagram))
    return struct.unpack_from(f"!{count}I", datagram, HEADER_BYTES), end


def _parse_extension(
    datagram: bytes, offset: int, *, present: bool
) -> tuple[HeaderExtension | None, int]:
    """Return the header extension, if there is one, and the offset behind it."""
    if not present:
        return None, offset
    if len(datagram) < offset + _EXTENSION.size:
        raise RtpHeaderError("header extension is cut", offset=len(datagram))
    profile, words = _EXTENSION.unpack_from(datagram, offset)
    start, end = offset + _EXTENSION.size, offset + _EXTENSION.size + 4 * words
    if len(datagram) < end:
        raise RtpHeaderError(f"header extension of {words} words is cut", offset=len(datagram))
    return HeaderExtension(profile, datagram[start:end]), end


def _parse_padding(datagram: bytes, offset: int, *, present: bool) -> int:
    """Return the count of padding bytes, its own byte included."""
    if not present:
        return 0
    last = len(datagram) - 1
    count = datagram[last] if last >= offset else 0
    if not 1 <= count <= len(datagram) - offset:
        raise RtpHeaderError(f"padding of {count} bytes does not fit", offset=max(last, 0))
    return count
