"""When a daily backup is due, and when the last one is old."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.policy.backup_schedule import due_on, is_old

ROME = ZoneInfo("Europe/Rome")


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (datetime(2026, 11, 27, 1, 59, tzinfo=UTC), date(2026, 11, 26)),
        (datetime(2026, 11, 27, 2, 0, tzinfo=UTC), date(2026, 11, 27)),  # 03:00 in Rome
        (datetime(2026, 11, 27, 23, 30, tzinfo=UTC), date(2026, 11, 27)),  # the 28th in Rome
    ],
)
def test_it_is_due_at_its_time_by_the_clock_of_the_system(now: datetime, due: date) -> None:
    assert due_on(now, time(3, 0), zone=ROME) == due


@given(st.times().map(lambda at: at.replace(second=0, microsecond=0, fold=0)))
def test_there_is_one_of_each_day_whatever_daylight_saving_does(at: time) -> None:
    begin = datetime(2026, 3, 27, tzinfo=UTC)
    days = {due_on(begin + timedelta(minutes=30 * n), at, zone=ROME) for n in range(48 * 5)}
    assert {date(2026, 3, 28), date(2026, 3, 29), date(2026, 3, 30)} <= days


def test_a_missing_or_old_one_is_told() -> None:
    now = datetime(2026, 11, 27, tzinfo=UTC)
    assert is_old(None, now, days=2)
    assert is_old(now - timedelta(days=2, seconds=1), now, days=2)
    assert not is_old(now - timedelta(days=2), now, days=2)
