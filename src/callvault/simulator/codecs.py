"""Encoding speech as the phones of simulated calls would: G.711 and G.722, 64 kbit/s each.

G.711 is computed here from its definition rather than taken from `callvault.rtp`: what decodes
the recording must not be tried on its own inverse.
"""

import G722
import numpy as np
from numpy.typing import NDArray

from callvault.simulator.script import Codec

Samples = NDArray[np.int16]

SAMPLE_RATES_HZ = {Codec.PCMU: 8000, Codec.PCMA: 8000, Codec.G722: 16000}
PAYLOAD_TYPES = {Codec.PCMU: 0, Codec.PCMA: 8, Codec.G722: 9}  # static, RFC 3551
BYTES_PER_FRAME = 160  # of 20 ms, whatever the codec
_MU_BIAS = 132
_MU_CLIP = 32635


def encode(samples: Samples, codec: Codec) -> bytes:
    """Return a whole track as payload bytes, 8 a millisecond, from samples at the codec's rate."""
    if codec is Codec.G722:
        # The filter bank's state runs through the whole track, as in a phone.
        return bytes(G722.G722(16000, 64000).encode(samples))
    return (_mu_law if codec is Codec.PCMU else _a_law)(samples).tobytes()


def _mu_law(samples: Samples) -> NDArray[np.uint8]:
    """Encode as µ-law: sign, position of the first 1 bit above the bias, four bits behind it."""
    wide = samples.astype(np.int32)
    magnitude = np.minimum(np.abs(wide), _MU_CLIP) + _MU_BIAS
    exponent = _highest_bit(magnitude) - 7
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    sign = np.where(wide < 0, 0x80, 0)
    coded: NDArray[np.uint8] = (~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8)
    return coded


def _a_law(samples: Samples) -> NDArray[np.uint8]:
    """Encode as A-law: 13 bits, the lowest two segments linear, even bits inverted."""
    wide = samples.astype(np.int32) >> 3
    positive = wide >= 0
    magnitude = np.where(positive, wide, ~wide)
    exponent = np.maximum(_highest_bit(magnitude) - 4, 0)
    mantissa = (magnitude >> np.maximum(exponent, 1)) & 0x0F
    sign = np.where(positive, 0x80, 0)
    coded: NDArray[np.uint8] = ((sign | (exponent << 4) | mantissa) ^ 0x55).astype(np.uint8)
    return coded


def _highest_bit(values: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the place of each value's highest 1 bit; 0 for 0."""
    exponents = np.frexp(values.astype(np.float64))[1]
    highest: NDArray[np.int32] = np.maximum(exponents - 1, 0).astype(np.int32)
    return highest
