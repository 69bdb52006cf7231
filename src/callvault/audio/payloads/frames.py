"""Codecs whose frames follow each other whole (RFC 3551, 3952, 7587).

Each function takes one payload and returns its frames. The sizes of frames are the codecs' own.
"""

from collections.abc import Callable
from typing import NamedTuple

SPEECH = -1
MEASURED = -2
"""The decoder turns this frame into noise: its level is that of the pause behind it."""


class Frame(NamedTuple):
    """What a decoder takes at once."""

    octets: bytes  # empty: nothing to decode, `samples` of silence
    samples: int  # at the decoder's rate; 0: as many as the decoder gives
    noise: int = SPEECH  # or MEASURED, or a level in -dBov
    mode: int = 0  # tells frames apart that need decoders of their own


Split = Callable[[bytes], list[Frame]]

_G729_BYTES, _G729_SAMPLES, _SID_BYTES = 10, 80, 2
_ILBC_BYTES = {20: 38, 30: 50}  # by the frame's length in milliseconds (RFC 3952, section 3.1)
_G723_BYTES = (24, 20, 4, 1)  # by the two lowest bits of the first byte (RFC 3551, 4.5.3)
_OPUS_SAMPLES = (480, 960, 1920, 2880), (480, 960), (120, 240, 480, 960)  # at 48 kHz
_OPUS_LONGEST = 5760  # 120 ms (RFC 6716, section 3.2.5)
_DTX_BYTES = 2  # an Opus payload so short says only that nothing is said (RFC 6716, section 3.2.1)


def split_g729(payload: bytes) -> list[Frame]:
    """Frames of 10 ms; two bytes at the end are a description of silence (Annex B).

    They come even after annexb=no was said, so nothing is asked of the parameters.
    """
    whole, rest = divmod(len(payload), _G729_BYTES)
    if rest not in (0, _SID_BYTES):
        raise ValueError(f"{len(payload)} bytes are no G.729")
    frames = [
        Frame(payload[at : at + _G729_BYTES], _G729_SAMPLES)
        for at in range(0, whole * _G729_BYTES, _G729_BYTES)
    ]
    return [*frames, Frame(b"", 0, g729_noise_level(payload[-2:]))] if rest else frames


def g729_noise_level(sid: bytes) -> int:
    """Return the level, in -dBov, of a G.729 Annex B description of silence.

    Its last 5 bits but one are the gain: -12, -4, 0, 4, 8, 12 and 16 dB over one step of a
    16-bit sample, then 2 dB each (G.729 Annex B, section B.4.2.1).
    """
    index = sid[1] >> 1 & 0x1F
    gain_db = (-12, -4, 0, 4, 8, 12)[index] if index < 6 else 16 + 2 * (index - 6)
    return min(round(90.3 - gain_db), 127)


def split_gsm(payload: bytes) -> list[Frame]:
    """GSM full rate: 33 bytes for 20 ms (RFC 3551, section 4.5.8)."""
    return _equal(payload, 33, 160)


def split_g728(payload: bytes) -> list[Frame]:
    """G.728: 5 bytes for 2.5 ms, all of a payload at once (RFC 3551, section 4.5.5)."""
    if not payload or len(payload) % 5:
        raise ValueError(f"{len(payload)} bytes are no G.728")
    return [Frame(payload, len(payload) * 4)]


def split_g726(bits: int) -> Split:
    """G.726 of 2 to 5 bits a sample: a payload is a whole number of octets of codes."""

    def split(payload: bytes) -> list[Frame]:
        if len(payload) % bits:
            raise ValueError(f"{len(payload)} bytes are no G.726 of {bits} bits")
        return [Frame(payload, len(payload) * 8 // bits)] if payload else []

    return split


def split_ilbc(mode_ms: int) -> Split:
    """Split iLBC of 20 or 30 ms: as negotiated, or the other where only that one fits."""
    modes = (30, 20) if mode_ms == 30 else (20, 30)

    def split(payload: bytes) -> list[Frame]:
        for mode in modes:
            if payload and len(payload) % _ILBC_BYTES[mode] == 0:
                frames = _equal(payload, _ILBC_BYTES[mode], mode * 8)
                return [one._replace(mode=mode) for one in frames]
        raise ValueError(f"{len(payload)} bytes are no iLBC")

    return split


def split_g723(payload: bytes) -> list[Frame]:
    """G.723.1: the first byte of each frame tells its size; frames of 30 ms."""
    frames, at = [], 0
    while at < len(payload):
        kind = payload[at] & 0x03
        size = _G723_BYTES[kind]
        if at + size > len(payload):
            raise ValueError("a frame of G.723.1 is cut")
        frames.append(Frame(payload[at : at + size], 240, MEASURED if kind >= 2 else SPEECH))
        at += size
    return frames


def split_opus(payload: bytes) -> list[Frame]:
    """Opus: a payload is a packet, of a length that its first bytes tell (RFC 6716, 3.1)."""
    if not payload:
        return []
    config, code = payload[0] >> 3, payload[0] & 0x03
    # Configurations 0 to 11 are SILK, 12 to 15 hybrid, 16 to 31 CELT (RFC 6716, table 2).
    table = _OPUS_SAMPLES[0 if config < 12 else 1 if config < 16 else 2]
    samples = table[(config - 12 if 12 <= config < 16 else config) % len(table)]
    if code == 3 and len(payload) < 2:
        raise ValueError("an Opus packet is cut")
    count = payload[1] & 0x3F if code == 3 else (1, 2, 2)[code]
    if not 0 < count * samples <= _OPUS_LONGEST:
        raise ValueError(f"an Opus packet of {count} frames")
    noise = MEASURED if len(payload) <= _DTX_BYTES else SPEECH
    return [Frame(payload, count * samples, noise)]


def _equal(payload: bytes, size: int, samples: int) -> list[Frame]:
    if not payload or len(payload) % size:
        raise ValueError(f"{len(payload)} bytes are no frames of {size}")
    return [Frame(payload[at : at + size], samples) for at in range(0, len(payload), size)]
