import io

import av
import numpy as np
import pytest
import soundfile as sf

from callvault.audio.g711 import Samples
from callvault.audio.mp3 import Mp3Encoder, info_frame, usable_rate
from callvault.errors import AudioError
from tests.audio.wire import offset_samples, speech

LENGTHS = [100, 575, 576, 577, 1151, 1152, 1153, 8000, 12_345, 80_123]


def encoded(frames: Samples, rate_hz: int, *, kbit_s: int = 32, window: int = 5000) -> bytes:
    encoder = Mp3Encoder(samples=len(frames), sample_rate_hz=rate_hz, kbit_s=kbit_s, quality=7)
    parts = [encoder.start()]
    parts += [encoder.encode(frames[at : at + window]) for at in range(0, len(frames), window)]
    return b"".join([*parts, encoder.finish()])


def call(samples: int, rate_hz: int) -> Samples:
    seconds = samples / rate_hz
    sides = [speech(seconds + 1, seed=seed, rate_hz=rate_hz)[:samples] for seed in (1, 2)]
    return np.column_stack(sides)


def decoded_by_ffmpeg(mp3: bytes) -> Samples:
    with av.open(io.BytesIO(mp3), mode="r") as container:
        planes = [frame.to_ndarray() for frame in container.decode(audio=0)]
    joined: Samples = (np.concatenate(planes, axis=1).T * 32768).astype(np.int16)
    return joined


def decoded_by_libsndfile(mp3: bytes) -> Samples:
    samples: Samples = sf.read(io.BytesIO(mp3), dtype="int16", always_2d=True)[0]
    return samples


@pytest.mark.parametrize("samples", LENGTHS)
@pytest.mark.parametrize(("rate_hz", "kbit_s"), [(8000, 32), (8000, 16), (16000, 64)])
def test_players_show_exactly_the_length_of_the_call(
    samples: int, rate_hz: int, kbit_s: int
) -> None:
    mp3 = encoded(call(samples, rate_hz), rate_hz, kbit_s=kbit_s)
    assert len(decoded_by_libsndfile(mp3)) == samples
    assert len(decoded_by_ffmpeg(mp3)) == samples


@pytest.mark.parametrize(("rate_hz", "kbit_s"), [(8000, 32), (16000, 64)])
def test_each_channel_is_heard_where_it_was_said(rate_hz: int, kbit_s: int) -> None:
    frames = call(6 * rate_hz, rate_hz)
    mp3 = encoded(frames, rate_hz, kbit_s=kbit_s)
    for heard in (decoded_by_libsndfile(mp3), decoded_by_ffmpeg(mp3)):
        for side in (0, 1):
            assert abs(offset_samples(heard[:, side], frames[:, side], most=2000)) <= rate_hz / 1000
            assert np.corrcoef(heard[:, side], frames[:, side])[0, 1] > 0.8


def test_the_window_of_encoding_leaves_no_trace() -> None:
    frames = call(20_000, 8000)
    assert encoded(frames, 8000, window=333) == encoded(frames, 8000, window=20_000)


def test_seeking_lands_where_the_table_of_contents_says() -> None:
    frames = call(60 * 8000, 8000)
    with av.open(io.BytesIO(encoded(frames, 8000)), mode="r") as container:
        stream = container.streams.audio[0]
        assert stream.time_base is not None
        container.seek(int(30 / stream.time_base), stream=stream)
        first = next(container.decode(audio=0))
    assert first.time == pytest.approx(30, abs=0.2)


def test_the_table_of_contents_climbs_evenly_over_the_whole_file() -> None:
    frame = info_frame(samples=8000 * 60, sample_rate_hz=8000, kbit_s=32, quality=7)
    at = frame.index(b"Info")
    contents = list(frame[at + 16 : at + 116])
    assert contents == sorted(contents)
    assert contents[50] == pytest.approx(128, abs=2)


def test_more_or_less_audio_than_announced_is_an_error_not_a_wrong_file() -> None:
    encoder = Mp3Encoder(samples=8000, sample_rate_hz=8000, kbit_s=32, quality=7)
    encoder.encode(call(9000, 8000))
    with pytest.raises(AudioError, match="where"):
        encoder.finish()


@pytest.mark.parametrize(
    ("asked", "rate_hz", "given"),
    [(32, 8000, 32), (320, 8000, 64), (320, 16000, 160), (60, 16000, 56)],
)
def test_rates_that_the_format_has_not_are_lowered(asked: int, rate_hz: int, given: int) -> None:
    assert usable_rate(asked, rate_hz) == given
