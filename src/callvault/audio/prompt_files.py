"""Sounds that somebody brings for a recorder to say: a WAV file made into packets of G.711.

Only what is plainly audio is taken: PCM of 16 bits, one channel, 8 or 16 kHz, read by the standard
library. Nothing is trusted of what the file says of itself beyond its own bytes.
"""

import io
import struct
import wave
from typing import Literal, NamedTuple

import numpy as np
import soxr

from callvault.audio.g711 import Samples, decode_ulaw, encode_alaw, encode_ulaw
from callvault.errors import AudioError

RATE_HZ = 8000
PACKET_SAMPLES = 160
LARGEST_BYTES = 1_000_000
_RATES_HZ = (8000, 16_000)
_UNREADABLE = (
    wave.Error,
    EOFError,
    ValueError,
    ArithmeticError,
    RuntimeError,
    OSError,
    struct.error,
)
"""What the standard library raises of damaged files: not its own error alone."""
_QUIETEST = 300  # of 32,768: some -41 dB

Refusal = Literal["too_large", "no_wav", "form", "too_short", "too_long", "silent"]


class SoundRefused(AudioError):
    """A file that is no sound to be said; `reason` says why, for a sentence."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(f"not a sound that can be said: {reason}")
        self.reason: Refusal = reason


class BothLaws(NamedTuple):
    """A sound in both laws of G.711, in whole packets."""

    ulaw: bytes
    alaw: bytes


def read_prompt(content: bytes, *, shortest_s: float, longest_s: float) -> BothLaws:
    """Make a sound of a WAV file. Raises SoundRefused."""
    samples = _samples(content, longest_s)
    if len(samples) < shortest_s * RATE_HZ:
        raise SoundRefused("too_short")
    if len(samples) > longest_s * RATE_HZ:
        raise SoundRefused("too_long")
    if np.abs(samples.astype(np.int32)).max() < _QUIETEST:
        raise SoundRefused("silent")
    whole = np.concatenate([samples, np.zeros(-len(samples) % PACKET_SAMPLES, np.int16)])
    return BothLaws(encode_ulaw(whole).tobytes(), encode_alaw(whole).tobytes())


def as_wav(ulaw: bytes) -> bytes:
    """Return a sound as the file that a browser plays."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(decode_ulaw(np.frombuffer(ulaw, np.uint8)).astype("<i2").tobytes())
    return out.getvalue()


def _samples(content: bytes, longest_s: float) -> Samples:
    if len(content) > LARGEST_BYTES:
        raise SoundRefused("too_large")
    try:
        with wave.open(io.BytesIO(content)) as file:
            rate_hz = file.getframerate()
            if (file.getnchannels(), file.getsampwidth()) != (1, 2) or rate_hz not in _RATES_HZ:
                raise SoundRefused("form")
            raw = file.readframes(int((longest_s + 1) * rate_hz))
    except _UNREADABLE:
        raise SoundRefused("no_wav") from None
    samples = np.frombuffer(raw[: len(raw) // 2 * 2], "<i2").astype(np.int16)
    if rate_hz == RATE_HZ or not len(samples):
        return samples
    return np.asarray(soxr.resample(samples, rate_hz, RATE_HZ), dtype=np.int16)
