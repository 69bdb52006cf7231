"""Copies of an MP3 as WAV and FLAC: the same sound, the whole length, bounded memory."""

import io
import tracemalloc

import numpy as np
import pytest
import soundfile

from callvault.audio import Mp3Encoder
from callvault.audio.copies import AudioCopy, CopyForm, mixed
from callvault.audio.g711 import Samples
from callvault.errors import AudioError

RATE_HZ = 8000


def tones(seconds: float) -> Samples:
    """Return a low tone on the left, a high one on the right, of half the strength."""
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    left, right = np.sin(2 * np.pi * 300 * at), 0.5 * np.sin(2 * np.pi * 1000 * at)
    return (np.column_stack((left, right)) * 12_000).astype(np.int16)


def mp3_of(rows: Samples) -> bytes:
    encoder = Mp3Encoder(samples=len(rows), sample_rate_hz=RATE_HZ, kbit_s=64, quality=5)
    return encoder.start() + encoder.encode(rows) + encoder.finish()


def copied(mp3: bytes, form: CopyForm, *, is_mixed: bool = False) -> bytes:
    return b"".join(AudioCopy(io.BytesIO(mp3), form, is_mixed=is_mixed).chunks())


@pytest.fixture(scope="module")
def mp3() -> bytes:
    return mp3_of(tones(20.123))


@pytest.mark.parametrize("form", list(CopyForm))
def test_a_copy_holds_what_the_recording_holds(mp3: bytes, form: CopyForm) -> None:
    expected, _rate = soundfile.read(io.BytesIO(mp3), dtype="int16")
    content = copied(mp3, form)
    info = soundfile.info(io.BytesIO(content))
    assert (info.format, info.channels, info.samplerate) == (form.value.upper(), 2, RATE_HZ)
    assert info.frames == len(tones(20.123))
    found, _rate = soundfile.read(io.BytesIO(content), dtype="int16")
    np.testing.assert_allclose(found, expected, atol=1)  # a decoder rounds either way


@pytest.mark.parametrize("form", list(CopyForm))
def test_owner_stays_left_and_remote_right(mp3: bytes, form: CopyForm) -> None:
    found, _rate = soundfile.read(io.BytesIO(copied(mp3, form)))
    spectrum = np.abs(np.fft.rfft(found[:RATE_HZ], axis=0))
    assert tuple(spectrum.argmax(axis=0)) == (300, 1000)


@pytest.mark.parametrize("form", list(CopyForm))
def test_a_mix_holds_both_voices_on_one_channel(mp3: bytes, form: CopyForm) -> None:
    both, _rate = soundfile.read(io.BytesIO(mp3), dtype="int16")
    found, _rate = soundfile.read(io.BytesIO(copied(mp3, form, is_mixed=True)), dtype="int16")
    np.testing.assert_allclose(found, both.sum(axis=1, dtype=np.int32) // 2, atol=1)


def test_the_loudest_does_not_clip_in_a_mix() -> None:
    loudest = np.array([[32_767, 32_767], [-32_768, -32_768], [32_767, -32_768]], np.int16)
    assert mixed(loudest).ravel().tolist() == [32_767, -32_768, -1]


def test_the_length_of_a_wav_is_known_beforehand(mp3: bytes) -> None:
    copy = AudioCopy(io.BytesIO(mp3), CopyForm.WAV, is_mixed=True)
    assert copy.size_bytes == len(b"".join(copy.chunks()))
    assert AudioCopy(io.BytesIO(mp3), CopyForm.FLAC, is_mixed=True).size_bytes is None


@pytest.mark.parametrize("form", list(CopyForm))
def test_a_long_recording_is_copied_in_little_memory(form: CopyForm) -> None:
    mp3 = mp3_of(np.tile(tones(60), (4, 1)))
    tracemalloc.start()
    size = sum(map(len, AudioCopy(io.BytesIO(mp3), form, is_mixed=False).chunks()))
    _now, highest = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size > 3_000_000 if form is CopyForm.WAV else size > 500_000
    assert highest < 1_500_000


def test_what_is_no_audio_is_refused() -> None:
    with pytest.raises(AudioError, match="cannot be read"):
        AudioCopy(io.BytesIO(b"no audio" * 100), CopyForm.WAV, is_mixed=False)


def test_audio_that_was_cut_is_not_taken_for_whole(mp3: bytes) -> None:
    copy = AudioCopy(io.BytesIO(mp3[: len(mp3) // 2]), CopyForm.WAV, is_mixed=False)
    with pytest.raises(AudioError, match="early"):
        b"".join(copy.chunks())
