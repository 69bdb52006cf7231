"""Speex payloads (RFC 5574): frames that begin and end at any bit, then a terminator.

The sizes of a frame's layers are those of its submodes (The Speex Codec Manual, tables 9.1 and
10.1). A frame is cut out and given to the decoder as a payload of its own.
"""

import struct

from callvault.audio.payloads.frames import Frame, Split

_NARROW_BITS = (5, 43, 119, 160, 220, 300, 364, 492, 79)  # by submode, its 5 bits included
_HIGH_BITS = (4, 36, 112, 192, 352)  # of a layer above, its 4 bits included
_TERMINATOR, _IN_BAND, _USER_IN_BAND = 15, 14, 13
_SAMPLES = {8000: 160, 16000: 320, 32000: 640}  # of 20 ms


def speex_header(rate_hz: int) -> bytes:
    """Return the header of a stream with one frame a packet, as the decoder wants it."""
    mode = {8000: 0, 16000: 1, 32000: 2}[rate_hz]
    fields = (1, 80, rate_hz, mode, 4, 1, -1, _SAMPLES[rate_hz], 0, 1, 0, 0, 0)
    return struct.pack("<8s20s13i", b"Speex   ", b"1.2", *fields)


def split_speex(rate_hz: int) -> Split:
    """Split payloads of narrowband (8 kHz), wideband (16) or ultra-wideband (32) speech."""

    def split(payload: bytes) -> list[Frame]:
        value, total = int.from_bytes(payload, "big"), len(payload) * 8
        return [
            Frame(_cut(value, total, start, end), _SAMPLES[rate_hz])
            for start, end in _frames(value, total)
        ]

    return split


def _frames(value: int, total: int) -> list[tuple[int, int]]:
    """Return where each frame starts and ends, in bits; layers belong to the frame before."""
    frames: list[tuple[int, int]] = []
    at = 0
    while at + 5 <= total:
        head = value >> total - at - 5 & 0x1F
        if head & 0x10:
            end = at + _size(_HIGH_BITS, head >> 1 & 0x07)
            if not frames or end > total:
                raise ValueError("a layer of Speex without a frame")
            frames[-1] = (frames[-1][0], end)
        elif head == _TERMINATOR:
            break
        elif head in (_IN_BAND, _USER_IN_BAND):
            end = _after_message(value, total, at, head)
        else:
            end = at + _size(_NARROW_BITS, head)
            if end > total:
                raise ValueError("a frame of Speex is cut")
            frames.append((at, end))
        at = end
    return frames


def _size(table: tuple[int, ...], submode: int) -> int:
    if submode >= len(table):
        raise ValueError(f"there is no submode {submode} of Speex")
    return table[submode]


def _after_message(value: int, total: int, at: int, head: int) -> int:
    """Return where an in-band message ends (manual, section 5.5)."""
    if head == _USER_IN_BAND:
        return at + 10 + 8 * _bits(value, total, at + 5, 5)
    code = _bits(value, total, at + 5, 4)
    size = next(bits for limit, bits in _MESSAGE_BITS if code < limit)
    return at + 9 + size


_MESSAGE_BITS = ((2, 1), (8, 4), (10, 8), (12, 16), (14, 32), (16, 64))


def _bits(value: int, total: int, at: int, count: int) -> int:
    return value >> total - at - count & (1 << count) - 1 if at + count <= total else 0


def _cut(value: int, total: int, start: int, end: int) -> bytes:
    """Return the bits of one frame, filled up with a 0 and then 1s (RFC 5574, section 3.2)."""
    bits, size = end - start, -(-(end - start) // 8)
    frame, rest = value >> total - end & (1 << bits) - 1, size * 8 - bits
    filled = frame << rest | ((1 << rest - 1) - 1 if rest else 0)
    return filled.to_bytes(size, "big")
