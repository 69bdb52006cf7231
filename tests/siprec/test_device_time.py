"""Times of devices, in all the forms they are written in."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.siprec import is_clock_set, read_device_time

ROME = ZoneInfo("Europe/Rome")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-03-12T14:25:30Z", "2026-03-12T14:25:30+00:00"),
        ("2026-03-12T14:25:30.5Z", "2026-03-12T14:25:30.500000+00:00"),
        ("2026-03-12T14:25:30.123456789z", "2026-03-12T14:25:30.123456+00:00"),
        ("2026-03-12T17:25:30+0300", "2026-03-12T14:25:30+00:00"),
        ("2026-03-12T17:25:30+03:00", "2026-03-12T14:25:30+00:00"),
        ("2026-03-12T09:25:30-05", "2026-03-12T14:25:30+00:00"),
        ("2026-03-12T15:25:30", "2026-03-12T14:25:30+00:00"),  # Rome, winter
        ("2026-07-12 15:25:30", "2026-07-12T13:25:30+00:00"),  # Rome, summer
        ("2026-10-25T02:30:00", "2026-10-25T00:30:00+00:00"),  # twice: the first
        (" 1970-01-01T00:04:12Z ", "1970-01-01T00:04:12+00:00"),
    ],
)
def test_a_time_is_read_in_the_zone_it_names_or_in_that_of_its_device(
    written: str, expected: str
) -> None:
    assert read_device_time(written, ROME) == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    "written",
    ["", "soon", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "2026-03-12T14:25:30+99:99"],
)
def test_what_is_no_time_is_none(written: str) -> None:
    assert read_device_time(written, ROME) is None


def test_a_clock_that_was_never_set_is_known_by_its_year() -> None:
    assert not is_clock_set(datetime(1970, 1, 1, 0, 4, tzinfo=UTC))
    assert is_clock_set(datetime(2026, 3, 12, tzinfo=UTC))


@given(st.text(alphabet="0123456789-+:TZ. ", max_size=40))
def test_reading_a_time_never_fails(text: str) -> None:
    moment = read_device_time(text, ROME)
    assert moment is None or moment.tzinfo is UTC
