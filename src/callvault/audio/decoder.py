"""What a decoder takes and gives: payloads of one source in sending order, and their sound."""

from dataclasses import dataclass
from typing import Protocol

from callvault.audio.g711 import Octets, Samples
from callvault.rtp.batch import Integers

NARROW_HZ = 8000
WIDE_HZ = 16000
NO_NOISE = -1


@dataclass(frozen=True, slots=True)
class Payloads:
    """Payloads that follow each other, joined; what is missing between them is not known here."""

    octets: Octets
    size_bytes: Integers  # of each

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


class Decoder(Protocol):
    """Turns payloads of one source into samples. Adaptive codecs keep their state in it."""

    sample_rate_hz: int  # of the samples it gives: NARROW_HZ or WIDE_HZ

    def decode(self, payloads: Payloads) -> Sound:
        """Return the sound of the next payloads, in sending order."""
