"""What the payload types of a stream mean, and decoders for those that the core can decode.

G.711 and G.722 are decoded here; any other encoding is counted and kept raw by its caller.
Decoders take whole runs of payloads joined: a call per packet would cost thirty times as much.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

import numpy as np
from G722 import G722

from callvault.audio.g711 import Octets, Samples, decode_alaw, decode_ulaw
from callvault.rtp.batch import Integers

NARROW_HZ = 8000
WIDE_HZ = 16000


class PayloadKind(IntEnum):
    """What a payload is to finalise."""

    UNKNOWN = 0  # counted, kept raw
    COMFORT_NOISE = 1
    EVENT = 2  # RFC 4733: listed, never audio
    PCMU = 3
    PCMA = 4
    G722 = 5


@dataclass(frozen=True, slots=True)
class Encoding:
    """One payload type of one stream: its encoding's name in upper case and its RTP clock."""

    payload_type: int
    name: str
    clock_rate_hz: int


# RFC 3551, table 4, as far as recording clients send them without an rtpmap; 19 was comfort noise
# before RFC 3389 gave it 13, and CUBE still sends it.
STATIC_ENCODINGS = (
    Encoding(0, "PCMU", 8000),
    Encoding(3, "GSM", 8000),
    Encoding(4, "G723", 8000),
    Encoding(8, "PCMA", 8000),
    Encoding(9, "G722", 8000),
    Encoding(13, "CN", 8000),
    Encoding(15, "G728", 8000),
    Encoding(18, "G729", 8000),
    Encoding(19, "CN", 8000),
)

_KINDS = {
    "PCMU": PayloadKind.PCMU,
    "PCMA": PayloadKind.PCMA,
    "G722": PayloadKind.G722,
    "CN": PayloadKind.COMFORT_NOISE,
    "TELEPHONE-EVENT": PayloadKind.EVENT,
}
_DEFAULT_CLOCK_HZ = 8000


class PayloadTable:
    """Payload types of one stream as columns of 128, for look-up by whole batches."""

    def __init__(self, negotiated: Iterable[Encoding] = ()) -> None:
        self.names = [f"PT{number}" for number in range(128)]
        self.kinds: Integers = np.full(128, PayloadKind.UNKNOWN, dtype=np.int64)
        self.clock_rates_hz: Integers = np.full(128, _DEFAULT_CLOCK_HZ, dtype=np.int64)
        for encoding in (*STATIC_ENCODINGS, *negotiated):
            self._set(encoding)

    def _set(self, encoding: Encoding) -> None:
        number = encoding.payload_type
        if not 0 <= number < 128 or encoding.clock_rate_hz <= 0:
            return
        self.names[number] = encoding.name
        self.kinds[number] = _KINDS.get(encoding.name, PayloadKind.UNKNOWN)
        # G.722 is announced with 8000 for historical reasons, whatever its samples
        # (RFC 3551, section 4.5.2); some write 16000 and count 8000 all the same.
        is_g722 = encoding.name == "G722"
        self.clock_rates_hz[number] = 8000 if is_g722 else encoding.clock_rate_hz


class Decoder(Protocol):
    """Turns joined payloads of one source into samples."""

    sample_rate_hz: int
    samples_per_octet: int

    def decode(self, octets: Octets) -> Samples:
        """Return the samples of the next payloads, in sending order."""


class UlawDecoder:
    """G.711 µ-law."""

    sample_rate_hz = NARROW_HZ
    samples_per_octet = 1

    def decode(self, octets: Octets) -> Samples:
        """Return one sample an octet."""
        return decode_ulaw(octets)


class AlawDecoder:
    """G.711 A-law."""

    sample_rate_hz = NARROW_HZ
    samples_per_octet = 1

    def decode(self, octets: Octets) -> Samples:
        """Return one sample an octet."""
        return decode_alaw(octets)


class G722Decoder:
    """G.722 at 64 kbit/s: two samples at 16 kHz an octet. Adaptive: one decoder a source."""

    sample_rate_hz = WIDE_HZ
    samples_per_octet = 2

    def __init__(self) -> None:
        self._state = G722(WIDE_HZ, 64000)

    def decode(self, octets: Octets) -> Samples:
        """Return two samples an octet."""
        return np.asarray(self._state.decode(octets.tobytes()), dtype=np.int16)


DECODERS: dict[PayloadKind, type[Decoder]] = {
    PayloadKind.PCMU: UlawDecoder,
    PayloadKind.PCMA: AlawDecoder,
    PayloadKind.G722: G722Decoder,
}
WIDE_KINDS = frozenset(
    kind for kind, decoder in DECODERS.items() if decoder.sample_rate_hz == WIDE_HZ
)
