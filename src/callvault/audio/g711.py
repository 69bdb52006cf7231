"""G.711 µ-law and A-law by table, both ways (ITU-T G.711; µ = PT 0, A = PT 8 of RFC 3551).

A table look-up decodes minutes in a millisecond. Encoding is for tests and the simulator; it
gives what the reference algorithm gives.
"""

from functools import cache

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]
Octets = npt.NDArray[np.uint8]

ULAW_SILENCE = 0xFF
ALAW_SILENCE = 0xD5
LOUDEST = 32124  # the highest value of µ-law; A-law ends at 32256

_ULAW_BIAS = 0x84
_ULAW_CLIP = 32635


def decode_ulaw(octets: Octets) -> Samples:
    """Return the linear samples of µ-law octets."""
    return _ULAW_TABLE[octets]


def decode_alaw(octets: Octets) -> Samples:
    """Return the linear samples of A-law octets."""
    return _ALAW_TABLE[octets]


def encode_ulaw(samples: Samples) -> Octets:
    """Return the µ-law octets of linear samples."""
    return _ulaw_codes()[samples.view(np.uint16)]


def encode_alaw(samples: Samples) -> Octets:
    """Return the A-law octets of linear samples."""
    return _alaw_codes()[samples.view(np.uint16)]


def _ulaw_table() -> Samples:
    """Value of each octet: sign, three bits of segment, four of step, all inverted."""
    code = ~np.arange(256, dtype=np.uint8)
    step, segment = (code & 0x0F).astype(np.int32), (code >> 4 & 0x07).astype(np.int32)
    magnitude = ((step << 3) + _ULAW_BIAS << segment) - _ULAW_BIAS
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _alaw_table() -> Samples:
    """Value of each octet: even bits inverted; the first two segments are equally fine."""
    code = np.arange(256, dtype=np.uint8) ^ 0x55
    step, segment = (code & 0x0F).astype(np.int32), (code >> 4 & 0x07).astype(np.int32)
    low = (step << 4) + 8
    magnitude = np.where(segment == 0, low, low + 0x100 << np.maximum(segment - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


_ULAW_TABLE = _ulaw_table()
_ALAW_TABLE = _alaw_table()


@cache
def _ulaw_codes() -> Octets:
    """Code of each 16-bit sample, at the sample's unsigned index."""
    sample = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    magnitude = np.minimum(np.abs(sample), _ULAW_CLIP) + _ULAW_BIAS
    segment = _highest_bit(magnitude) - 7
    step = magnitude >> segment + 3 & 0x0F
    sign = np.where(sample < 0, 0x80, 0)
    codes: Octets = (~(sign | segment << 4 | step)).astype(np.uint8)
    return codes


@cache
def _alaw_codes() -> Octets:
    """Code of each 16-bit sample, at the sample's unsigned index."""
    sample = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32) >> 3
    magnitude = np.where(sample < 0, ~sample, sample)  # 12 bits; -1 is in the first step
    segment = np.maximum(_highest_bit(magnitude) - 4, 0)
    step = magnitude >> np.maximum(segment, 1) & 0x0F
    sign = np.where(sample < 0, 0, 0x80)
    codes: Octets = ((sign | segment << 4 | step) ^ 0x55).astype(np.uint8)
    return codes


def _highest_bit(values: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Return the place of the highest bit set; 0 for 0 and 1."""
    return np.log2(np.maximum(values, 1)).astype(np.int32)
