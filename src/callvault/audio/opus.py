"""Opus by the system's libopus, which gives what libavcodec keeps to itself: in-band FEC.

A packet may carry its predecessor again, at a lower rate (LBRR: RFC 6716, section 2.1.7). Where
that one was lost, its sound is taken from there; a short hole that nothing was sent again for is
concealed by the decoder (section 4.4). Samples come at 16 kHz and of one channel straight from the
decoder, whatever the packets hold.
"""

import ctypes
import logging
import weakref
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from callvault.audio.decoder import (
    NARROW_HZ,
    NO_NOISE,
    WIDE_HZ,
    Loss,
    Payloads,
    Sound,
    noise_level,
)
from callvault.audio.g711 import Samples

logger = logging.getLogger(__name__)

LIBRARY = "libopus.so.0"  # of Debian's package libopus0
CONCEALED = WIDE_HZ // 10
"""Samples: a longer hole stays silent, but for what the packet behind it carries again."""

_LONGEST = WIDE_HZ * 120 // 1000  # of a packet (RFC 6716, section 3.1)
_STEP = WIDE_HZ // 400  # 2.5 ms: the library conceals whole steps
_SILK_FRAME = WIDE_HZ // 50  # 20 ms, and one bit of activity in front of the LBRR flag for each
_CELT_ONLY = 0x80  # in the first byte: no LBRR (RFC 6716, table 2)
_STEREO = 0x04
_MOST_FRAMES = 48
_DTX_BYTES = 2  # a packet so short says only that nothing is said (RFC 6716, section 3.1)

_Frames = ctypes.POINTER(ctypes.c_ubyte) * _MOST_FRAMES
_Sizes = ctypes.c_int16 * _MOST_FRAMES


@cache
def library() -> ctypes.CDLL | None:
    """Return libopus; None where it is not installed, which is logged once."""
    try:
        loaded = ctypes.CDLL(LIBRARY)
    except OSError:
        logger.warning(
            "%s (Debian: libopus0) is not installed: lost Opus packets are not recovered", LIBRARY
        )
        return None
    pointer, number = ctypes.c_void_p, ctypes.c_int32
    loaded.opus_decoder_create.restype = pointer
    loaded.opus_decoder_create.argtypes = [number, ctypes.c_int, pointer]
    loaded.opus_decoder_destroy.restype = None
    loaded.opus_decoder_destroy.argtypes = [pointer]
    loaded.opus_decode.argtypes = [pointer, pointer, number, pointer, ctypes.c_int, ctypes.c_int]
    loaded.opus_packet_parse.argtypes = [pointer, number, pointer, pointer, pointer, pointer]
    loaded.opus_packet_get_samples_per_frame.argtypes = [pointer, number]
    return loaded


@dataclass(slots=True)
class _Decoded:
    """Sound of a run of packets."""

    parts: list[Samples] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)  # of each packet, with what lies before it
    early: list[int] = field(default_factory=list)
    noise: list[int] = field(default_factory=list)
    recovered: int = 0
    damaged: int = 0

    def sound(self) -> Sound:
        samples = np.concatenate(self.parts) if self.parts else np.empty(0, dtype=np.int16)
        noise = np.array(self.noise, dtype=np.int64)
        return Sound(
            samples,
            np.array(self.lengths, dtype=np.int64),
            noise if (noise >= 0).any() else None,
            self.damaged,
            early=np.array(self.early, dtype=np.int64) if any(self.early) else None,
            recovered=self.recovered,
        )


class OpusDecoder:
    """Decodes one source's packets."""

    sample_rate_hz = WIDE_HZ

    def __init__(self, lib: ctypes.CDLL) -> None:
        self._lib = lib
        self._state = lib.opus_decoder_create(WIDE_HZ, 1, None)
        if not self._state:
            raise MemoryError("no room for an Opus decoder")
        weakref.finalize(self, lib.opus_decoder_destroy, self._state)
        self._room: Samples = np.empty(_LONGEST, dtype=np.int16)
        self._room_at = self._room.ctypes.data
        self._last_length = 0  # samples of the packet before

    def decode(self, payloads: Payloads) -> Sound:
        """Return the sound of the next packets, and that of lost ones in front of theirs."""
        run, octets, losses = _Decoded(), np.ascontiguousarray(payloads.octets), payloads.losses
        at = octets.ctypes.data
        for row, size in enumerate(payloads.size_bytes.tolist()):
            early = 0
            if size and losses is not None and losses.numbers[row] > 0:
                early = self._fill(run, at, size, losses.before(row))
            self._add(run, at, size, early)
            at += size
        return run.sound()

    def _add(self, run: _Decoded, at: int, size: int, early: int) -> None:
        """Decode one packet; one that is none costs only its own time."""
        length = self._decoded(at, size, _LONGEST, fec=0) if size else 0
        run.damaged += length < 0
        length = max(length, 0)
        samples = self._room[:length].copy()
        run.parts.append(samples)
        run.lengths.append(early + length)
        run.early.append(early)
        run.noise.append(noise_level(samples) if 0 < size <= _DTX_BYTES else NO_NOISE)
        self._last_length = length or self._last_length

    def _fill(self, run: _Decoded, at: int, size: int, lost: Loss) -> int:
        """Make up for what was lost before a packet; return how many samples."""
        hole = lost.elapsed * (WIDE_HZ // NARROW_HZ) - self._last_length
        hole = round(hole / _STEP) * _STEP
        again = self._carried_again(at, size)
        # Where more time passed than the lost packets can have held, the sender paused, too.
        is_lost = hole <= lost.numbers * self._last_length
        wanted = hole if is_lost and hole <= CONCEALED else min(hole, again)
        if wanted <= 0:
            return 0
        # The library conceals what lies before the part that it has a copy of.
        length = max(self._decoded(at, size, wanted, fec=1), 0)
        run.parts.append(self._room[:length].copy())
        run.recovered += 0 < again <= length
        return length

    def _carried_again(self, at: int, size: int) -> int:
        """Return how many samples of what was before a packet are in it a second time.

        Its first frame begins with a bit of activity for each SILK frame, then says whether there
        is a copy; the same again for the second channel (RFC 6716, section 4.2.3).
        """
        head = ctypes.c_ubyte.from_address(at).value
        frames, sizes = _Frames(), _Sizes()
        count = self._lib.opus_packet_parse(at, size, None, frames, sizes, None)
        if head & _CELT_ONLY or count <= 0 or not sizes[0]:
            return 0
        length = int(self._lib.opus_packet_get_samples_per_frame(at, WIDE_HZ))
        bits, of_channel = frames[0][0], max(length // _SILK_FRAME, 1)
        flags = bits >> 7 - of_channel
        if head & _STEREO:
            flags |= bits >> 6 - 2 * of_channel
        return length if flags & 1 else 0

    def _decoded(self, at: int, size: int, most: int, *, fec: int) -> int:
        """Decode into the room; return how many samples, or a fault below zero."""
        return int(self._lib.opus_decode(self._state, at, size, self._room_at, most, fec))
