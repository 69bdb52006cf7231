"""How much a node takes."""

import pytest

from callvault.config.sections import CapacityConfig
from callvault.recorder.capacity import BURST_S, Capacity


def test_calls_are_taken_up_to_the_limit() -> None:
    capacity = Capacity(CapacityConfig(max_calls=2))
    assert [capacity.refusal(calls, now_s=0.0) for calls in (0, 1, 2, 3)] == [
        "",
        "",
        "calls",
        "calls",
    ]


@pytest.mark.parametrize(("files", "calls"), [(20_000, 3_900), (1_024, 104), (100, 0), (0, 0)])
def test_without_a_limit_open_files_are_one(files: int, calls: int) -> None:
    assert Capacity(CapacityConfig(), open_file_limit=files).max_calls == calls


def test_without_any_limit_every_call_is_taken() -> None:
    capacity = Capacity(CapacityConfig())
    assert {capacity.refusal(calls, now_s=0.0) for calls in range(10_000)} == {""}


def test_after_a_burst_calls_are_taken_at_the_rate() -> None:
    capacity = Capacity(CapacityConfig(calls_per_second=10))
    burst = [capacity.refusal(0, now_s=100.0) for _ in range(round(10 * BURST_S) + 1)]
    assert burst == [*[""] * 50, "rate"]
    assert capacity.refusal(0, now_s=100.09) == "rate"
    assert capacity.refusal(0, now_s=100.11) == ""
    assert capacity.refusal(0, now_s=100.12) == "rate"


def test_idle_time_earns_no_more_than_one_burst() -> None:
    capacity = Capacity(CapacityConfig(calls_per_second=1))
    capacity.refusal(0, now_s=0.0)
    taken = [capacity.refusal(0, now_s=1e6) for _ in range(10)]
    assert taken.count("") == BURST_S


def test_a_loop_that_is_late_twice_in_a_row_refuses_until_it_is_in_time() -> None:
    capacity = Capacity(CapacityConfig(max_lag_ms=500))
    refusals = []
    for late_s in (2.0, 0.1, 0.6, 0.6, 0.6, 0.5):
        capacity.look(late_s=late_s)
        refusals.append(capacity.refusal(0, now_s=0.0))
    assert refusals == ["", "", "", "lag", "lag", ""]


def test_options_hear_of_what_lasts_and_not_of_the_rate() -> None:
    capacity = Capacity(CapacityConfig(max_calls=1, calls_per_second=1))
    assert [capacity.refusal(0, now_s=0.0) for _ in range(6)][-1] == "rate"
    assert capacity.standing_refusal(0) == ""
    assert capacity.standing_refusal(1) == "calls"


def test_one_trunk_of_several_leaves_a_tenth_of_the_calls_to_the_others() -> None:
    capacity = Capacity(CapacityConfig(max_calls=60))
    assert capacity.refusal(53, now_s=0.0, of_trunk=lambda: 53) == ""
    assert capacity.refusal(54, now_s=0.0, of_trunk=lambda: 54) == "trunk_calls"
    assert capacity.refusal(55, now_s=0.0, of_trunk=lambda: 1) == ""
    assert capacity.refusal(54, now_s=0.0) == ""
    assert capacity.refusal(60, now_s=0.0, of_trunk=lambda: 1) == "calls"
