from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from callvault.rtp import SequenceTracker, Unwrapped
from callvault.rtp.statistics import ReceptionStatistics


def column(values: Sequence[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(values, dtype=np.int64)


def extend(tracker: SequenceTracker, sequence: Sequence[int]) -> Unwrapped:
    return tracker.extend(column(sequence), column([0] * len(sequence)))


def test_the_sequence_number_goes_on_over_its_wrap() -> None:
    tracker = SequenceTracker()
    assert extend(tracker, [65534, 65535, 0]).order.tolist() == [65534, 65535, 65536]
    assert extend(tracker, [1]).order.tolist() == [65537]


def test_a_reordered_packet_keeps_its_place_over_the_wrap() -> None:
    numbers = extend(SequenceTracker(), [65534, 0, 65535, 1])
    assert numbers.order.tolist() == [65534, 65536, 65535, 65537]
    assert numbers.order_gain.tolist() == [1, 2, -1, 1]


def test_a_source_that_starts_anew_is_ordered_behind_what_it_sent_before() -> None:
    order = extend(SequenceTracker(), [40000, 40001, 100, 101, 102]).order.tolist()
    assert order == [40000, 40001, 65636, 65637, 65638]


def test_timestamps_wrap_at_32_bits_and_may_step_back() -> None:
    numbers = SequenceTracker().extend(column([1, 2, 3]), column([2**32 - 160, 0, 2**32 - 160]))
    assert (numbers.ticks - numbers.ticks[0]).tolist() == [0, 160, 0]


@given(st.lists(st.integers(0, 65535), min_size=1, max_size=60), st.integers(1, 20))
def test_batches_of_any_size_give_the_same_numbers(sequence: list[int], size: int) -> None:
    whole = extend(SequenceTracker(), sequence).order.tolist()
    tracker = SequenceTracker()
    parts = [sequence[at : at + size] for at in range(0, len(sequence), size)]
    assert [value for part in parts for value in extend(tracker, part).order.tolist()] == whole
    assert [value % 65536 for value in whole] == sequence


def test_loss_duplicates_and_reordering_are_told_apart() -> None:
    tracker, statistics = SequenceTracker(), ReceptionStatistics()
    first = statistics.add(extend(tracker, [10, 11, 13, 12, 12]))
    second = statistics.add(extend(tracker, [13, 16]))
    assert first.tolist() == [True, True, True, True, False]
    assert second.tolist() == [False, True]
    assert (statistics.expected, statistics.received, statistics.lost) == (7, 5, 2)
    assert (statistics.duplicates, statistics.reordered) == (2, 1)


def test_jitter_grows_by_a_sixteenth_of_each_difference() -> None:
    statistics = ReceptionStatistics()
    statistics.add_transit(column([0, 160]), column([0, 160]))
    assert statistics.jitter_ticks == 0
    statistics.add_transit(column([480]), column([320]))
    assert statistics.jitter_ticks == 10
