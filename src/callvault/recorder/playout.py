"""Packets of a voice as sound that goes on: placed by their timestamps, behind by a fixed delay.

Pure: packets in, samples out, and how much is wanted is told by whoever reads the clock.
"""

import numpy as np

from callvault.audio.g711 import Samples, decode_alaw, decode_ulaw
from callvault.rtp import RtpPacket

RATE_HZ = 8000
DELAY = RATE_HZ // 2
"""Samples from the arrival of a packet until it sounds: longer than it is between two looks."""
MOST = 3 * RATE_HZ
"""Samples that wait at most; what is placed farther ahead begins anew."""

_DECODE = {0: decode_ulaw, 8: decode_alaw}
BESIDE = frozenset({13, *range(96, 128)})
"""Payload types that come beside speech of G.711: comfort noise, digits."""


class Playout:
    """The sound of one stream."""

    def __init__(self) -> None:
        self._waiting = np.zeros(MOST, dtype=np.int16)
        self._source: int | None = None
        self._base = 0  # timestamp of the first sample that waits
        self._newest = 0  # timestamp
        self.is_undecodable = False  # its last speech was of a codec that is not decoded live

    def put(self, packet: RtpPacket) -> None:
        """Place what a packet says."""
        decode = _DECODE.get(packet.payload_type)
        if decode is None:
            self.is_undecodable |= self._source is None or packet.payload_type not in BESIDE
            return
        self.is_undecodable = False
        samples = decode(np.frombuffer(packet.payload, dtype=np.uint8))[:DELAY]
        place = _apart(packet.timestamp, self._base)
        is_newer = _apart(packet.timestamp, self._newest) > 0
        if packet.ssrc != self._source or place + len(samples) > MOST or (place < 0 and is_newer):
            self._source, place = packet.ssrc, DELAY
            self._base = (packet.timestamp - DELAY) % 2**32
            self._waiting[DELAY:] = 0
        elif place < 0:
            return
        if is_newer or place == DELAY:
            self._newest = packet.timestamp
        self._waiting[place : place + len(samples)] = samples

    def take(self, count: int) -> Samples:
        """Return the samples that sound next; silence where nothing came. At most MOST."""
        sound = self._waiting[:count].copy()
        self._waiting = np.concatenate((self._waiting[count:], np.zeros(count, dtype=np.int16)))
        self._base = (self._base + count) % 2**32
        return sound

    def silence(self) -> None:
        """Forget all that waits: it is not to be heard."""
        self._waiting[:] = 0


def both_channels(near: list[Samples], far: list[Samples], count: int) -> bytes:
    """Return the two sides as 16-bit PCM, little-endian, left and right in turn."""
    channels = np.zeros((count, 2), dtype=np.int32)
    for side, sounds in enumerate((near, far)):
        for sound in sounds:
            channels[:, side] += sound
    return channels.clip(-32768, 32767).astype("<i2").tobytes()


def _apart(one: int, other: int) -> int:
    """Return by how much a timestamp is ahead of another: both wrap."""
    apart = (one - other) % 2**32
    return apart - 2**32 if apart >= 2**31 else apart
