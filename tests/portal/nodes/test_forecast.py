"""How long a disk lasts."""

from hypothesis import given
from hypothesis import strategies as st

from callvault.portal.nodes.forecast import FARTHEST_DAYS, Forecast, forecast


def test_steady_days_fill_a_disk_steadily() -> None:
    assert forecast([100] * 7, free_bytes=1000) == Forecast(100, 10)


def test_days_that_grow_fill_it_sooner() -> None:
    # Tomorrow 40, then 50, 60 …: 40 + 50 + 60 fit into 150, the fourth day does not.
    assert forecast([10, 20, 30], free_bytes=150) == Forecast(40, 3)


def test_days_that_shrink_are_not_believed_to_go_on_shrinking() -> None:
    assert forecast([30, 20, 10], free_bytes=100) == Forecast(20, 5)


def test_two_days_are_no_trend() -> None:
    assert forecast([10, 30], free_bytes=100) == Forecast(20, 5)


def test_without_recordings_nothing_is_foretold() -> None:
    assert forecast([], free_bytes=100) == Forecast(0, None)
    assert forecast([0, 0, 0], free_bytes=0) == Forecast(0, None)


def test_ten_years_are_the_farthest() -> None:
    assert forecast([1, 1, 1], free_bytes=10**12) == Forecast(1, None)


@given(st.lists(st.integers(0, 2**50), max_size=14), st.integers(0, 2**60))
def test_any_days_give_an_answer(daily: list[int], free_bytes: int) -> None:
    found = forecast(daily, free_bytes=free_bytes)
    assert found.bytes_a_day >= 0
    assert found.days_left is None or 0 <= found.days_left < FARTHEST_DAYS
