"""Comfort noise for the pauses of a sender that sends none (RFC 3389).

Only the level is used: the spectrum that may follow it is optional, and white noise at the right
level is what a listener needs to hear that the line was open.
"""

import numpy as np

from callvault.audio.g711 import Samples

_FULL_SCALE = 32768.0  # 0 dBov: the RMS level of a square wave at full scale (section 3.1)


def level_of(payload: bytes) -> int:
    """Return the noise level in -dBov, 0 (loud) to 127; an empty payload means the softest."""
    return payload[0] & 0x7F if payload else 127


def noise(level: int, count: int, *, seed: int) -> Samples:
    """Return `count` samples of white noise at -`level` dBov; the same for the same seed."""
    deviation = _FULL_SCALE * 10 ** (-level / 20)
    # Uniform noise: its peak is only 1.7 times its RMS, so that loud levels do not clip.
    half_width = deviation * np.sqrt(3.0)
    values = np.random.default_rng(seed).uniform(-half_width, half_width, count)
    return np.clip(np.rint(values), -32768, 32767).astype(np.int16)
