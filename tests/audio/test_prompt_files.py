"""WAV files that become sounds of a recorder, and all that is no such file."""

import io
import struct
import wave

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.audio.g711 import decode_alaw, decode_ulaw
from callvault.audio.prompt_files import LARGEST_BYTES, SoundRefused, as_wav, read_prompt


def wav(seconds: float = 1.0, rate: int = 8000, *, channels: int = 1, width: int = 2) -> bytes:
    out = io.BytesIO()
    times = np.arange(int(seconds * rate)) / rate
    samples = (np.sin(2 * np.pi * 440 * times) * 8000).astype("<i2")
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(np.repeat(samples, channels).astype(f"<i{width}").tobytes())
    return out.getvalue()


def refusal(content: bytes) -> str:
    with pytest.raises(SoundRefused) as refused:
        read_prompt(content, shortest_s=0.05, longest_s=2)
    return refused.value.reason


@pytest.mark.parametrize("rate", [8000, 16_000])
def test_a_file_of_either_rate_becomes_whole_packets_of_the_same_sound(rate: int) -> None:
    ulaw, alaw = read_prompt(wav(1.01, rate), shortest_s=0.05, longest_s=2)
    assert len(ulaw) == len(alaw) == 8160
    for decode, octets in ((decode_ulaw, ulaw), (decode_alaw, alaw)):
        heard = decode(np.frombuffer(octets, np.uint8)).astype(float)
        assert int(np.abs(np.fft.rfft(heard[:8000])).argmax()) == 440
        assert 7500 < np.abs(heard).max() < 8500


def test_what_is_heard_before_it_is_used_is_what_callers_hear() -> None:
    ulaw, _ = read_prompt(wav(), shortest_s=0.05, longest_s=2)
    with wave.open(io.BytesIO(as_wav(ulaw))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 8000)
        played = np.frombuffer(file.readframes(9000), np.int16)
    assert (played == decode_ulaw(np.frombuffer(ulaw, np.uint8))).all()


SILENT = wav()[:44] + bytes(16_000)
LYING = wav()[:40] + struct.pack("<I", 0xFFFF_FFF0) + wav()[44:]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no_wav"),
        (b"RIFF", "no_wav"),
        (b"ID3\x04" + bytes(400), "no_wav"),
        (wav().replace(b"fmt ", b"xxxx", 1), "no_wav"),
        (wav()[:20] + b"\x03\x00" + wav()[22:], "no_wav"),  # of floating point
        (wav(rate=44_100), "form"),
        (wav(channels=2), "form"),
        (wav(width=4), "form"),
        (wav(0.01), "too_short"),
        (wav(0), "too_short"),
        (wav(2.1), "too_long"),
        (wav(30, 16_000), "too_long"),
        (SILENT, "silent"),
        (bytes(LARGEST_BYTES + 1), "too_large"),
    ],
)
def test_what_is_no_sound_to_be_said_is_refused_and_why(content: bytes, reason: str) -> None:
    assert refusal(content) == reason


def test_a_file_is_as_long_as_it_is_whatever_it_says() -> None:
    ulaw, _ = read_prompt(LYING, shortest_s=0.05, longest_s=2)
    assert len(ulaw) == 8000


@given(st.binary(max_size=300), st.integers(0, 60))
def test_whatever_comes_it_is_a_sound_or_refused(noise: bytes, cut: int) -> None:
    for content in (noise, wav(0.1)[:cut] + noise, wav(0.1)[:cut] + noise + wav(0.1)[cut:]):
        try:
            ulaw, alaw = read_prompt(content, shortest_s=0.05, longest_s=2)
        except SoundRefused:
            continue
        assert len(ulaw) == len(alaw) <= 2 * 8000 + 160
