"""The storage calculator: figures of the design's example, tables of Erlang B, and limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.policy.planning import (
    Plan,
    channels_for,
    erlang_b,
    finalise_cores,
    months_until_full,
    needs_of,
    traffic_for,
)

OFFICE = Plan(users=400, calls_per_user=38, mean_call_s=252, retention_months=24)


@pytest.mark.parametrize(
    ("traffic", "channels", "refused"),
    # As published tables of Erlang B have them: offered traffic at which N channels refuse 1 %, …
    [(4.46, 10, 0.01), (12.0, 20, 0.0098), (84.1, 100, 0.01), (0.153, 2, 0.01), (1.0, 1, 0.5)],
)
def test_erlang_b_agrees_with_the_tables(traffic: float, channels: int, refused: float) -> None:
    assert erlang_b(traffic, channels) == pytest.approx(refused, rel=0.02)


def test_the_office_of_the_design_needs_what_its_picture_says() -> None:
    needs = needs_of(OFFICE)
    assert round(needs.calls_per_day) == 15_200
    assert needs.bytes_per_day == pytest.approx(15.3e9, rel=0.01)
    assert needs.bytes_kept == pytest.approx(7.7e12, rel=0.01)
    assert needs.received_bytes_kept == pytest.approx(30.9e12, rel=0.01)
    assert needs.recordings_kept == pytest.approx(7.66e6, rel=0.01)
    assert round(needs.calls_per_second, 1) == 0.6
    assert needs.calls_at_once == 182
    assert round(finalise_cores(needs, times_real_time=400), 1) == 0.4
    assert months_until_full(needs, OFFICE, free_bytes=4e12) == 12


def test_channels_carry_the_traffic_of_which_they_refuse_the_given_share() -> None:
    needs = needs_of(Plan(channels=182, mean_call_s=252, retention_months=24))
    assert needs.calls_at_once == 182
    assert needs.calls_per_day == pytest.approx(15_200, rel=0.02)


def test_received_packets_and_screens_add_to_the_disk() -> None:
    plain, whole = needs_of(OFFICE), needs_of(
        Plan(users=400, calls_per_user=38, mean_call_s=252, retention_months=24,
             received_too=True, screen_kbit_s=100)
    )  # fmt: skip
    added = whole.received_bytes_kept + whole.screen_bytes_kept
    assert whole.bytes_kept == pytest.approx(plain.bytes_kept + added)


def test_the_disk_fills_evenly_and_then_stays_full() -> None:
    needs = needs_of(OFFICE)
    assert needs.bytes_after(0, OFFICE) == 0
    assert needs.bytes_after(12, OFFICE) == pytest.approx(needs.bytes_kept / 2)
    assert needs.bytes_after(36, OFFICE) == needs.bytes_kept
    assert months_until_full(needs, OFFICE, free_bytes=8e12) is None


@pytest.mark.parametrize("plan", [Plan(), Plan(channels=10), Plan(users=10, retention_months=0)])
def test_a_plan_without_calls_needs_nothing(plan: Plan) -> None:
    needs = needs_of(plan)
    assert needs.bytes_kept == 0
    assert months_until_full(needs, plan, free_bytes=0) is None


@given(st.floats(0, 2_000), st.sampled_from([0.1, 0.01, 0.001, 0.0001]))
def test_the_channels_found_suffice_and_one_less_does_not(traffic: float, share: float) -> None:
    channels = channels_for(traffic, refused_share=share)
    assert erlang_b(traffic, channels) <= share
    assert channels == 0 or erlang_b(traffic, channels - 1) > share


@given(st.integers(1, 2_000), st.sampled_from([0.1, 0.01, 0.001]))
def test_traffic_and_channels_are_each_others_inverse(channels: int, share: float) -> None:
    traffic = traffic_for(channels, refused_share=share)
    assert channels_for(traffic, refused_share=share) == channels
