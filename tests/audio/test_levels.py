import msgspec
import numpy as np
import pytest

from callvault.audio import FLOOR_DBFS, LevelMeter, PeaksMeter, Waveform
from callvault.audio.comfort_noise import level_of, noise
from callvault.audio.peaks import MAX_POINTS


def waveform(meter: PeaksMeter) -> Waveform:
    return msgspec.json.decode(meter.to_json(), type=Waveform)


def test_a_point_is_the_loudest_sample_of_its_stretch() -> None:
    frames = np.zeros((1000, 2), dtype=np.int16)
    frames[10, 0], frames[330, 0], frames[999, 1] = 16384, -32768, 1
    meter = PeaksMeter(samples=1000, sample_rate_hz=8000)
    for at in range(0, 1000, 7):
        meter.add(frames[at : at + 7])
    assert waveform(meter) == Waveform(
        version=1,
        duration_s=0.125,
        peaks_per_second=25.0,
        channels=([0.501, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.001]),
    )


def test_a_long_call_has_no_more_points_than_a_page_can_take() -> None:
    samples = 12 * 3600 * 8000
    meter = PeaksMeter(samples=samples, sample_rate_hz=8000)
    window = np.ones((800_000, 2), dtype=np.int16)
    for _ in range(samples // len(window)):
        meter.add(window)
    found = waveform(meter)
    assert MAX_POINTS * 0.9 < len(found.channels[0]) <= MAX_POINTS
    assert len(found.channels[0]) / found.peaks_per_second == pytest.approx(43_200, rel=0.001)


def test_levels_are_told_against_full_scale() -> None:
    meter = LevelMeter()
    tone = np.sin(np.arange(8000) * 2 * np.pi * 400 / 8000) * 16384
    meter.add(tone.astype(np.int16))
    assert meter.peak_dbfs == pytest.approx(-6.0, abs=0.1)
    assert meter.rms_dbfs == pytest.approx(-9.0, abs=0.1)
    assert meter.clipped_samples == 0


def test_samples_at_the_ceiling_of_g711_count_as_clipped() -> None:
    meter = LevelMeter()
    meter.add(np.array([32124, -32124, 32256, -32768, 31000], dtype=np.int16))
    assert meter.clipped_samples == 4
    assert meter.clipped_share == 0.8
    assert meter.peak_dbfs == 0.0


def test_silence_is_at_the_floor() -> None:
    meter = LevelMeter()
    meter.add(np.zeros(100, dtype=np.int16))
    meter.add(np.zeros(0, dtype=np.int16))
    assert (meter.peak_dbfs, meter.rms_dbfs) == (FLOOR_DBFS, FLOOR_DBFS)


@pytest.mark.parametrize("level", [5, 20, 40, 60])
def test_comfort_noise_has_the_level_it_is_told(level: int) -> None:
    samples = noise(level, 80_000, seed=1).astype(np.float64)
    found = 20 * np.log10(np.sqrt(np.mean(samples**2)) / 32768)
    assert found == pytest.approx(-level, abs=0.2)


def test_comfort_noise_is_the_same_each_time() -> None:
    assert np.array_equal(noise(50, 800, seed=7), noise(50, 800, seed=7))


def test_the_level_is_the_low_seven_bits_of_the_first_byte() -> None:
    assert [level_of(payload) for payload in (b"\x28\x01\x02", b"\xa8", b"")] == [40, 40, 127]
