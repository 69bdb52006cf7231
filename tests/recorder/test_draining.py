"""An order to drain: written by one program, followed by another, over restarts."""

from pathlib import Path

import pytest

from callvault.recorder.draining import (
    DRAIN_FILE,
    DrainOrder,
    end_order,
    is_stopped,
    read_order,
    withdraw_order,
    write_order,
)

S = 1_000_000_000


def test_an_order_is_read_as_it_was_written_until_it_is_withdrawn(tmp_path: Path) -> None:
    assert read_order(tmp_path) is None
    write_order(tmp_path, now_ns=5 * S, longest_s=60, stays=True)
    assert read_order(tmp_path) == DrainOrder(5 * S, 65 * S, stays=True)
    assert withdraw_order(tmp_path)
    assert not withdraw_order(tmp_path)
    assert read_order(tmp_path) is None


def test_a_file_that_says_nothing_asks_for_nothing(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / DRAIN_FILE).write_text("{")
    assert read_order(tmp_path) is None


@pytest.mark.parametrize(
    ("calls", "at_s", "stays", "is_over"),
    [
        (2, 10, False, False),
        (0, 10, False, True),
        (2, 60, False, True),  # they take too long
        (0, 99, True, False),
    ],
)
def test_draining_is_over_without_calls_or_patience(
    calls: int, at_s: int, stays: bool, is_over: bool
) -> None:
    order = DrainOrder(0, 60 * S, stays)
    assert order.is_over(calls=calls, now_ns=at_s * S) is is_over


def test_an_order_to_stop_stays_when_the_recorder_has_ended_by_it(tmp_path: Path) -> None:
    order = write_order(tmp_path, now_ns=5 * S, stops=True)
    assert not is_stopped(tmp_path)
    end_order(tmp_path, order)
    assert is_stopped(tmp_path)
    assert write_order(tmp_path, now_ns=6 * S).stops  # an upgrade drains; it has nothing to drain
    assert is_stopped(tmp_path)
    assert withdraw_order(tmp_path)
    assert not is_stopped(tmp_path)


def test_an_order_that_was_replaced_meanwhile_is_not_ended(tmp_path: Path) -> None:
    first = write_order(tmp_path, now_ns=5 * S)
    second = write_order(tmp_path, now_ns=6 * S, stays=True)
    end_order(tmp_path, first)
    assert read_order(tmp_path) == second


def test_a_drain_for_a_restart_does_not_take_the_place_of_a_stop(tmp_path: Path) -> None:
    stop = write_order(tmp_path, now_ns=5 * S, longest_s=60, stops=True)
    assert write_order(tmp_path, now_ns=6 * S) == stop
    assert read_order(tmp_path) == stop
    other = write_order(tmp_path, now_ns=7 * S, stays=True)  # somebody changed their mind
    assert read_order(tmp_path) == other != stop
    sooner = write_order(tmp_path, now_ns=8 * S, longest_s=1, stops=True)
    assert read_order(tmp_path) == sooner != stop
