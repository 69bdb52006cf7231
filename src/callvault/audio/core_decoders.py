"""Decoders of what the core decodes without any extra: G.711, G.722, L16 and comfort noise.

Whole runs of payloads are decoded at once: a call a packet would cost thirty times as much.
"""

import numpy as np
from G722 import G722

from callvault.audio import comfort_noise
from callvault.audio.decoder import NARROW_HZ, WIDE_HZ, Payloads, Sound
from callvault.audio.g711 import decode_alaw, decode_ulaw


class UlawDecoder:
    """G.711 µ-law."""

    sample_rate_hz = NARROW_HZ

    def decode(self, payloads: Payloads) -> Sound:
        """Return one sample an octet."""
        return Sound(decode_ulaw(payloads.octets), payloads.size_bytes)


class AlawDecoder:
    """G.711 A-law."""

    sample_rate_hz = NARROW_HZ

    def decode(self, payloads: Payloads) -> Sound:
        """Return one sample an octet."""
        return Sound(decode_alaw(payloads.octets), payloads.size_bytes)


class G722Decoder:
    """G.722 at 64 kbit/s: two samples at 16 kHz an octet. Adaptive: one decoder a source."""

    sample_rate_hz = WIDE_HZ

    def __init__(self) -> None:
        self._state = G722(WIDE_HZ, 64000)

    def decode(self, payloads: Payloads) -> Sound:
        """Return two samples an octet."""
        samples = np.asarray(self._state.decode(payloads.octets.tobytes()), dtype=np.int16)
        return Sound(samples, payloads.size_bytes * 2)


class LinearDecoder:
    """L16: samples of 16 bits in network order (RFC 3551, section 4.5.11), mono."""

    def __init__(self, sample_rate_hz: int) -> None:
        self.sample_rate_hz = sample_rate_hz

    def decode(self, payloads: Payloads) -> Sound:
        """Return one sample two octets; what is no whole position at an end is dropped."""
        step = 2 * self.sample_rate_hz // NARROW_HZ
        if (payloads.size_bytes % step).any():
            whole = [part[: len(part) // step * step] for part in payloads.split()]
            octets = np.frombuffer(b"".join(whole), dtype=np.uint8)
            payloads = Payloads(octets, np.array([len(part) for part in whole], dtype=np.int64))
        samples = np.frombuffer(payloads.octets.tobytes(), dtype=">i2").astype(np.int16)
        return Sound(samples, payloads.size_bytes // 2)


class ComfortNoiseDecoder:
    """RFC 3389: a payload has no sound of its own, but the level of what follows."""

    sample_rate_hz = NARROW_HZ

    def decode(self, payloads: Payloads) -> Sound:
        """Return the level of each."""
        levels = [comfort_noise.level_of(one) for one in payloads.split()]
        nothing = np.zeros(len(payloads), dtype=np.int64)
        noise = np.array(levels, dtype=np.int64)
        return Sound(np.empty(0, dtype=np.int16), nothing, noise)
