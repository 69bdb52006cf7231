"""Days of the viewer's zone: bars, and the quarters of an hour that they are made of."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from callvault.portal.dashboard.bars import HEIGHT, draw
from callvault.portal.dashboard.span import Span, quarter_of
from callvault.portal.recordings.filters import hour_of_day

ROME = ZoneInfo("Europe/Rome")
NEPAL = ZoneInfo("Asia/Kathmandu")  # 5:45 ahead


def test_ranges_are_whole_days_up_to_today() -> None:
    today = date(2026, 11, 27)
    days = {name: Span.of(name, today=today, zone=ROME) for name in ("yesterday", "week", "month")}
    assert [(one.first.day, one.last.day) for one in days.values()] == [
        (26, 26),
        (21, 27),
        (29, 27),
    ]


@pytest.mark.parametrize("zone", [ROME, NEPAL])
def test_a_moment_is_in_the_hour_of_the_zone(zone: ZoneInfo) -> None:
    span = Span(date(2026, 11, 27), date(2026, 11, 27), zone)
    moment = datetime(2026, 11, 27, 14, 50, tzinfo=zone)
    counts = span.summed([(quarter_of(moment.astimezone(UTC)), 3)])
    assert counts[date(2026, 11, 27), 14] == 3
    assert sum(counts.values()) == 3
    first, end = span.quarters
    assert end - first == 96


def test_the_hour_repeated_in_autumn_is_one_bar_and_one_search() -> None:
    day = date(2026, 10, 25)
    span = Span(day, day, ROME)
    quarters = [quarter_of(datetime(2026, 10, 25, hour, 30, tzinfo=UTC)) for hour in (0, 1)]
    assert span.summed([(quarter, 1) for quarter in quarters])[day, 2] == 2
    begin, end = hour_of_day(day, 2, ROME)
    assert (end.astimezone(UTC) - begin.astimezone(UTC)).total_seconds() == 7200


def test_the_last_hour_of_a_day_ends_with_it() -> None:
    begin, end = hour_of_day(date(2026, 12, 31), 23, ROME)
    assert end.astimezone(UTC) == datetime(2026, 12, 31, 23, tzinfo=UTC)
    assert begin < end


def test_bars_stand_on_zero_under_a_round_top() -> None:
    chart = draw([("08:00", 0, 0, "/a"), ("09:00", 1180, 59, "/b")])
    assert chart.lines == (2000, 1500, 1000, 500, 0)
    assert (chart.bars[0].height, chart.bars[1].height) == (0, round(HEIGHT * 0.59, 1))
    assert chart.bars[1].marked_height == 5.9


@pytest.mark.parametrize(("most", "top"), [(0, 4), (3, 4), (5, 8), (9, 20), (44, 80), (90, 100)])
def test_a_few_calls_have_whole_numbers_at_the_lines(most: int, top: int) -> None:
    lines = draw([("", most, 0, "")]).lines
    assert lines[0] == top
    assert all(line * 4 % 1 == 0 for line in lines)
