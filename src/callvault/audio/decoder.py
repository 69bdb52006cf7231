"""What a decoder takes and gives: payloads of one source in sending order, and their sound."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from callvault.audio.g711 import Octets, Samples
from callvault.rtp.batch import Integers

NARROW_HZ = 8000
WIDE_HZ = 16000
NO_NOISE = -1
_FULL_SCALE = 32768.0
_QUIETEST = 127


class Loss(NamedTuple):
    """What is missing before a payload."""

    numbers: int  # sequence numbers that never came
    elapsed: int  # from the beginning of the payload before to that of this one, in 1/8000 s


@dataclass(frozen=True, slots=True)
class Losses:
    """What is missing before each of some payloads: a Loss in columns."""

    numbers: Integers
    elapsed: Integers

    def before(self, row: int) -> Loss:
        """Return what is missing before one of them."""
        return Loss(int(self.numbers[row]), int(self.elapsed[row]))


@dataclass(frozen=True, slots=True)
class Payloads:
    """Payloads that follow each other, joined."""

    octets: Octets
    size_bytes: Integers  # of each
    losses: Losses | None = None  # None: not asked, most codecs cannot make up for any

    def __len__(self) -> int:
        return len(self.size_bytes)

    def split(self) -> list[bytes]:
        """Return them one by one."""
        joined, at, parts = self.octets.tobytes(), 0, []
        for size in self.size_bytes.tolist():
            parts.append(joined[at : at + size])
            at += size
        return parts


@dataclass(frozen=True, slots=True)
class Sound:
    """What payloads say: samples of all of them joined, and how many each has."""

    samples: Samples
    lengths: Integers
    noise: Integers | None = None
    """Level, in -dBov, of the noise that goes on behind a payload until the next; NO_NOISE: none.

    None: no payload is of silence.
    """
    damaged: int = 0  # payloads that are no sound of this codec: they lie as silence
    early: Integers | None = None
    """How many samples of each payload belong before it, in place of what was lost there."""
    recovered: int = 0  # payloads that held the lost one before them once more


class Decoder(Protocol):
    """Turns payloads of one source into samples. Adaptive codecs keep their state in it."""

    sample_rate_hz: int  # of the samples it gives: NARROW_HZ or WIDE_HZ

    def decode(self, payloads: Payloads) -> Sound:
        """Return the sound of the next payloads, in sending order."""


def noise_level(samples: Samples) -> int:
    """Return the level, in -dBov, of samples that are the noise of a pause."""
    root = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if len(samples) else 0.0
    return min(round(-20 * np.log10(root / _FULL_SCALE)), _QUIETEST) if root >= 1 else _QUIETEST
