import io

import numpy as np
import pytest
import soundfile as sf

from callvault.audio import g711

ALL_CODES = np.arange(256, dtype=np.uint8)
ALL_SAMPLES = np.arange(65536, dtype=np.uint16).view(np.int16)


def codes_of_libsndfile(samples: g711.Samples, subtype: str) -> g711.Octets:
    file = io.BytesIO()
    sf.write(file, samples, 8000, format="RAW", subtype=subtype)
    return np.frombuffer(file.getvalue(), dtype=np.uint8)


def samples_of_libsndfile(codes: g711.Octets, subtype: str) -> g711.Samples:
    samples: g711.Samples = sf.read(
        io.BytesIO(codes.tobytes()),
        dtype="int16",
        samplerate=8000,
        channels=1,
        format="RAW",
        subtype=subtype,
    )[0]
    return samples


@pytest.mark.parametrize(
    ("decode", "subtype"), [(g711.decode_ulaw, "ULAW"), (g711.decode_alaw, "ALAW")]
)
def test_all_codes_decode_as_in_libsndfile(decode: object, subtype: str) -> None:
    assert callable(decode)
    assert np.array_equal(decode(ALL_CODES), samples_of_libsndfile(ALL_CODES, subtype))


@pytest.mark.parametrize(
    ("encode", "decode"),
    [(g711.encode_ulaw, g711.decode_ulaw), (g711.encode_alaw, g711.decode_alaw)],
)
def test_encoding_what_was_decoded_gives_the_same_sound(encode: object, decode: object) -> None:
    assert callable(encode)
    assert callable(decode)
    samples = decode(ALL_CODES)
    assert np.array_equal(decode(encode(samples)), samples)


def test_every_sample_is_encoded_to_a_code_as_near_as_any() -> None:
    for encode, decode, allowed in (
        (g711.encode_ulaw, g711.decode_ulaw, 0.065),
        (g711.encode_alaw, g711.decode_alaw, 0.04),
    ):
        coded = decode(encode(ALL_SAMPLES)).astype(np.int32)
        error = np.abs(coded - ALL_SAMPLES.astype(np.int32))
        assert (error <= np.maximum(8, np.abs(ALL_SAMPLES.astype(np.int32)) * allowed)).all()


def test_silence_and_full_scale_have_their_known_codes() -> None:
    edges = np.array([0, 32767, -32768], dtype=np.int16)
    assert g711.encode_ulaw(edges).tolist() == [0xFF, 0x80, 0x00]
    assert g711.encode_alaw(edges).tolist() == [0xD5, 0xAA, 0x2A]
    assert codes_of_libsndfile(edges[1:2], "ULAW").tolist() == [0x80]
