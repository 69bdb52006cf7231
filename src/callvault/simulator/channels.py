"""Are the channels of a recording the right way round? Judged by loudness over time.

Each side of a call talks and is silent in a pattern of its own. The pattern of a channel is laid
beside those of both sides' sources, moved by a few frames for what encoders delay; the channel
belongs to the side whose pattern it repeats.
"""

import io
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import soundfile
from numpy.typing import NDArray

from callvault.simulator.codecs import Samples
from callvault.simulator.media import envelope

LIKE = 0.8
"""Correlation from which two patterns count as the same; right ones measure 0.95 and more."""
SILENT_BELOW = 40.0
"""Loudness (of 32,767) that an encoder makes of nothing, and no voice keeps to."""
MOST_FRAMES_MOVED = 5  # of 20 ms

Pattern = NDArray[np.float64]


class ChannelOrder(StrEnum):
    """What a comparison of both channels with both sources says."""

    RIGHT = "right"  # owner left, remote right
    SWAPPED = "swapped"
    UNLIKE = "unlike"  # neither: other audio, or audio missing


@dataclass(frozen=True, slots=True)
class Heard:
    """A recording's audio, decoded."""

    left: Samples
    right: Samples
    rate_hz: int

    @property
    def length_ms(self) -> float:
        """Length of the audio itself, whatever the catalogue says."""
        return len(self.left) * 1000 / self.rate_hz


def decode(mp3: bytes) -> Heard:
    """Decode a stereo MP3; delay and padding of the encoder are taken off by its info tag."""
    samples, rate_hz = soundfile.read(io.BytesIO(mp3), dtype="int16", always_2d=True)
    return Heard(samples[:, 0], samples[:, -1], rate_hz)


def order_of(heard: Heard, owner: Pattern, remote: Pattern) -> ChannelOrder:
    """Judge a recording against the loudness patterns of what each side sent."""
    left = envelope(heard.left, heard.rate_hz).astype(np.float64)
    right = envelope(heard.right, heard.rate_hz).astype(np.float64)
    if min(likeness(left, owner), likeness(right, remote)) >= LIKE:
        return ChannelOrder.RIGHT
    if min(likeness(left, remote), likeness(right, owner)) >= LIKE:
        return ChannelOrder.SWAPPED
    return ChannelOrder.UNLIKE


def likeness(one: Pattern, other: Pattern) -> float:
    """Return the best correlation of two patterns over small shifts, -1 to 1.

    Where the second is nothing but silence, so must the first be.
    """
    if not other.any():
        return float(one.max(initial=0.0) < SILENT_BELOW)
    length = max(len(one), len(other)) + MOST_FRAMES_MOVED
    one = np.pad(one, (0, length - len(one)))
    other = np.pad(other, (0, length - len(other)))
    shifts = range(-MOST_FRAMES_MOVED, MOST_FRAMES_MOVED + 1)
    return max(_correlation(np.roll(one, shift), other) for shift in shifts)


def _correlation(one: Pattern, other: Pattern) -> float:
    one, other = one - one.mean(), other - other.mean()
    norm = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other) / norm if norm > 0 else 0.0
