"""Encoders of the simulated phones, tried on independent decoders."""

from itertools import pairwise

import G722
import numpy as np
import pytest

from callvault.simulator.codecs import Samples, encode
from callvault.simulator.script import Codec

EVERY_SAMPLE: Samples = np.arange(-32768, 32768).astype(np.int16)


def decode_mu_law(code: int) -> int:
    """ITU-T G.711, table 2, as the formula behind it, on the scale of 16 bits."""
    inverted = ~code & 0xFF
    magnitude = (((inverted & 0x0F) << 3) + 0x84 << ((inverted & 0x70) >> 4)) - 0x84
    return -magnitude if inverted & 0x80 else magnitude


def decode_a_law(code: int) -> int:
    """ITU-T G.711, table 1, as the formula behind it, on the scale of 16 bits."""
    plain = code ^ 0x55
    exponent, mantissa = (plain & 0x70) >> 4, plain & 0x0F
    magnitude = (mantissa << 4) + 8 if exponent == 0 else (mantissa << 4) + 0x108 << exponent - 1
    return magnitude if plain & 0x80 else -magnitude


@pytest.mark.parametrize(
    ("codec", "decode"), [(Codec.PCMU, decode_mu_law), (Codec.PCMA, decode_a_law)]
)
def test_each_sample_is_coded_by_the_nearest_value_or_its_neighbour(
    codec: Codec, decode: object
) -> None:
    assert callable(decode)
    values = np.array([decode(code) for code in range(256)])
    steps = sorted(set(values.tolist()))
    widest = {low: high - low for low, high in pairwise(steps)}
    coded = np.frombuffer(encode(EVERY_SAMPLE, codec), dtype=np.uint8)
    error = np.abs(values[coded] - EVERY_SAMPLE.astype(np.int64))
    inside = np.abs(EVERY_SAMPLE.astype(np.int64)) <= max(steps)
    allowed = np.array([widest.get(value, 1024) for value in values[coded].tolist()])
    assert (error[inside] <= np.maximum(allowed[inside], 8)).all()
    assert error[~inside].max() <= 1024


def test_silence_has_the_codes_that_phones_send() -> None:
    silence = np.zeros(160, dtype=np.int16)
    assert set(encode(silence, Codec.PCMU)) == {0xFF}
    assert set(encode(silence, Codec.PCMA)) == {0xD5}


def test_wideband_speech_survives_its_codec() -> None:
    seconds = np.arange(16000) / 16000
    tone = (np.sin(2 * np.pi * 440 * seconds) * 8000).astype(np.int16)
    coded = encode(tone, Codec.G722)
    assert len(coded) == 8000
    heard = np.asarray(G722.G722(16000, 64000).decode(coded), dtype=np.float64)
    delay = 22  # samples, of the two filter banks
    error = heard[1000 + delay : 15000] - tone[1000 : 15000 - delay]
    assert np.sqrt(np.mean(error**2)) < 400
