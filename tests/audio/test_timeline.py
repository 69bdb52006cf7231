import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.audio.codecs import PayloadTable
from callvault.audio.survey import SourceSurvey
from callvault.audio.timeline import TICK_HZ, Floats, place
from callvault.rtp import PacketBatch, SequenceTracker
from callvault.rtp.batch import Integers

TABLE = PayloadTable()
START_NS = 1_763_900_000_000_000_000


def packets(arrival_ns: Integers, *, first_sequence: int = 0, first_tick: int = 0) -> PacketBatch:
    """Packets of 20 ms without payload, which only the decoder would miss."""
    count = len(arrival_ns)
    index = np.arange(count, dtype=np.int64)
    zeros = np.zeros(count, dtype=np.int64)
    return PacketBatch(
        octets=np.empty(0, dtype=np.uint8),
        arrival_ns=arrival_ns,
        payload_type=zeros,
        marker=zeros.astype(np.bool_),
        sequence_number=(first_sequence + index) % 65536,
        timestamp=(first_tick + index * 160) % 2**32,
        ssrc=zeros,
        payload_start=zeros,
        payload_bytes=zeros,
    )


def sent_at(seconds: float, *, drift_ppm: float) -> Integers:
    count = int(seconds * 50)
    return START_NS + (np.arange(count) * (20_000_000 / (1 + drift_ppm * 1e-6))).astype(np.int64)


def placed(sent_ns: Integers, arrival_ns: Integers) -> tuple[Floats, float]:
    """Return how far each packet lies from where it was sent, in ms, and the drift found."""
    batch = packets(arrival_ns)
    survey = SourceSurvey()
    for at in range(0, len(batch), 500):
        survey.add(batch.take(np.arange(at, min(at + 500, len(batch)))), TABLE)
    placement = place(survey.marks(), origin_ns=START_NS)
    numbers = SequenceTracker().extend(batch.sequence_number, batch.timestamp)
    clock = np.full(len(batch), 8000, dtype=np.int64)
    position = placement.positions(numbers.order, numbers.ticks, clock)
    return position - (sent_ns - START_NS) * TICK_HZ / 1e9, placement.drift_ppm


@pytest.mark.parametrize("drift_ppm", [-100.0, -20.0, 20.0, 100.0])
def test_an_hour_of_drift_and_jitter_stays_within_ten_milliseconds(drift_ppm: float) -> None:
    sent = sent_at(3600, drift_ppm=drift_ppm)
    jitter = np.random.default_rng(5).exponential(8e6, len(sent)).astype(np.int64)
    arrival = np.maximum.accumulate(sent + jitter)
    error, found_ppm = placed(sent, arrival)
    assert np.abs(error).max() / 8 < 10
    assert found_ppm == pytest.approx(drift_ppm, abs=3)


def test_a_clock_that_turns_round_is_followed_too() -> None:
    elapsed = np.arange(180_000) * 20e6
    bend = 100e-6 * 1.8e12 / np.pi * np.sin(elapsed * np.pi / 1.8e12)  # ±100 ppm, once an hour
    sent = START_NS + (elapsed + bend).astype(np.int64)
    jitter = np.random.default_rng(6).exponential(8e6, len(sent)).astype(np.int64)
    error, _ = placed(sent, np.maximum.accumulate(sent + jitter))
    assert np.abs(error).max() / 8 < 10


def test_ten_seconds_of_congestion_do_not_move_the_voice() -> None:
    sent = sent_at(120, drift_ppm=0)
    queue = np.interp(np.arange(len(sent)) / 50, [50, 55, 60], [0, 400e6, 0]).astype(np.int64)
    error, _ = placed(sent, sent + queue)
    assert np.abs(error).max() == 0


def test_corrections_come_one_sample_at_a_time() -> None:
    sent = sent_at(600, drift_ppm=100)
    batch = packets(sent)
    survey = SourceSurvey()
    survey.add(batch, TABLE)
    placement = place(survey.marks(), origin_ns=START_NS)
    numbers = SequenceTracker().extend(batch.sequence_number, batch.timestamp)
    clock = np.full(len(batch), 8000, dtype=np.int64)
    steps = np.diff(placement.positions(numbers.order, numbers.ticks, clock)) - 160
    assert set(steps.tolist()) == {0, -1}


@given(
    st.lists(
        st.tuples(st.integers(0, 5_000), st.integers(0, 65535), st.integers(0, 2**32 - 1)),
        min_size=1,
        max_size=60,
    )
)
def test_any_numbers_from_the_wire_can_be_placed(rows: list[tuple[int, int, int]]) -> None:
    arrival = START_NS + np.cumsum([ms * 1_000_000 for ms, _, _ in rows]).astype(np.int64)
    plain = packets(arrival)
    batch = PacketBatch(
        octets=plain.octets,
        arrival_ns=arrival,
        payload_type=plain.payload_type,
        marker=plain.marker,
        sequence_number=np.array([row[1] for row in rows], dtype=np.int64),
        timestamp=np.array([row[2] for row in rows], dtype=np.int64),
        ssrc=plain.ssrc,
        payload_start=plain.payload_start,
        payload_bytes=plain.payload_bytes,
    )
    survey = SourceSurvey()
    survey.add(batch, TABLE)
    marks = survey.marks()
    placement = place(marks, origin_ns=START_NS)
    assert (np.diff(marks.order) > 0).all()
    assert (np.diff(placement.order) >= 0).all()
    assert survey.statistics.received + survey.statistics.duplicates == len(rows)
