"""How a worker stops: what is closed is finished, within bounds."""

from collections.abc import Iterator
from itertools import chain, repeat

import pytest

from callvault.commands.worker import LONGEST_DRAIN_S, STUCK_AFTER_S, wait_until_drained


class ManualClock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def time_to_drain(counts: Iterator[int]) -> float:
    """Return how long it waits while the number of closed journals goes like this."""
    clock = ManualClock()
    wait_until_drained(lambda: next(counts), now=clock.now, sleep=clock.sleep)
    return clock.seconds


def test_with_nothing_left_it_stops_at_once() -> None:
    assert time_to_drain(repeat(0)) == 0


def test_it_finishes_what_is_closed() -> None:
    assert time_to_drain(chain([3, 3, 2, 2, 1], repeat(0))) == pytest.approx(0.5)


def test_a_journal_that_cannot_be_finished_does_not_hold_it_up() -> None:
    assert time_to_drain(chain([3, 2], repeat(1))) == pytest.approx(STUCK_AFTER_S, abs=0.4)


def test_a_long_backlog_is_left_for_the_next_start() -> None:
    assert time_to_drain(iter(range(10_000, 0, -1))) == pytest.approx(LONGEST_DRAIN_S, abs=0.2)
