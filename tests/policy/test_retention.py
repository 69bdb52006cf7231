"""Retention: nothing early and nothing late, whatever the calendar and the clocks do."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.policy.retention import (
    Period,
    Preset,
    RecordingAge,
    RetentionRule,
    due_at,
    may_delete,
    none_due_from,
    shortens,
    spans_due,
    takes_effect_at,
)

ROME, LORD_HOWE = ZoneInfo("Europe/Rome"), ZoneInfo("Australia/Lord_Howe")
ZONES = st.sampled_from(
    [ROME, LORD_HOWE, *map(ZoneInfo, ("UTC", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"))]
)
FIRST, LAST = datetime(2010, 1, 1), datetime(2060, 1, 1)  # noqa: DTZ001 - as st.datetimes wants
MOMENTS = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
PERIODS = st.builds(Period, st.integers(0, 9), st.integers(0, 30), st.integers(0, 400))
TWELVE, FORTY_EIGHT = RetentionRule(Preset.TWELVE_MONTHS), RetentionRule(Preset.FORTY_EIGHT_MONTHS)
FOUR_HOURS, KEEP_ALL = RetentionRule(Preset.FOUR_HOURS), RetentionRule()


def custom(longer: Period | None = None, *, preserve: bool = True, **period: int) -> RetentionRule:
    return RetentionRule(Preset.CUSTOM, Period(**period), preserve, longer)


def at(text: str, zone: ZoneInfo = ROME) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("rule", "ended", "due"),
    [
        (TWELVE, "2026-11-23 14:25:30", "2027-11-23 14:25:30"),
        (TWELVE, "2028-02-29 10:00", "2029-02-28 10:00"),
        (FORTY_EIGHT, "2028-02-29 10:00", "2032-02-29 10:00"),
        (FOUR_HOURS, "2026-11-23 14:25:30", "2026-11-23 18:25:30"),
        (custom(months=1), "2026-01-31 10:00", "2026-02-28 10:00"),
        (custom(months=1, days=1), "2026-01-31 10:00", "2026-03-01 10:00"),
        (custom(years=1, months=13, days=30), "2026-01-01 10:00", "2028-03-02 10:00"),
        (custom(days=7), "2026-03-25 02:30", "2026-04-01 02:30"),  # over the clocks' change
    ],
)
def test_a_recording_is_due_on_its_day(rule: RetentionRule, ended: str, due: str) -> None:
    assert due_at(RecordingAge(at(ended)), rule, zone=ROME) == at(due)


def test_four_hours_are_four_hours_while_the_clocks_change() -> None:
    ended = datetime(2026, 3, 29, 0, 0, tzinfo=UTC)  # 01:00 in Rome, an hour before the change
    due = due_at(RecordingAge(ended), FOUR_HOURS, zone=ROME)
    assert due == datetime(2026, 3, 29, 4, 0, tzinfo=UTC)


def test_an_hour_that_is_left_out_or_comes_twice_deletes_nothing_early() -> None:
    rule = custom(days=1)
    left_out = due_at(RecordingAge(at("2026-03-28 02:30")), rule, zone=ROME)
    assert left_out == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)  # 03:30 of summer
    twice = due_at(RecordingAge(at("2026-10-24 02:30")), rule, zone=ROME)
    assert twice == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)  # the second 02:30


@pytest.mark.parametrize(
    ("rule", "due"),
    [
        (KEEP_ALL, None),
        (TWELVE, None),
        (FOUR_HOURS, None),
        (custom(days=1), None),
        (custom(Period(days=2), days=1), "2026-11-26 10:00"),
        (custom(Period(), days=1), "2026-11-24 10:00"),
        (custom(Period(days=2), preserve=False, days=1), "2026-11-24 10:00"),
        (custom(), None),
    ],
)
def test_a_preserved_recording_is_spared_as_the_rule_says(
    rule: RetentionRule, due: str | None
) -> None:
    preserved = RecordingAge(at("2026-11-23 10:00"), is_preserved=True)
    assert due_at(preserved, rule, zone=ROME) == (at(due) if due else None)


def test_a_held_recording_is_never_due() -> None:
    held = RecordingAge(at("2020-01-01 10:00"), is_held=True)
    assert due_at(held, FOUR_HOURS, zone=ROME) is None
    assert not may_delete(held, FOUR_HOURS, zone=ROME, now=at("2026-11-23 10:00"))


def test_a_recording_waits_for_its_export_up_to_the_limit() -> None:
    ended = at("2026-11-23 10:00")
    waiting = RecordingAge(ended, export_waits_since=ended)
    due = ended + timedelta(hours=4)
    assert not may_delete(waiting, FOUR_HOURS, zone=ROME, now=due + timedelta(hours=23))
    assert may_delete(waiting, FOUR_HOURS, zone=ROME, now=due + timedelta(hours=24))


@given(MOMENTS, PERIODS, ZONES)
def test_nothing_is_deleted_early_and_nothing_kept_late(
    ended: datetime, period: Period, zone: ZoneInfo
) -> None:
    rule = RetentionRule(Preset.CUSTOM, period)
    due = due_at(RecordingAge(ended), rule, zone=zone)
    if due is None:
        assert period.is_empty
        return
    assert not may_delete(RecordingAge(ended), rule, zone=zone, now=due - timedelta(microseconds=1))
    assert may_delete(RecordingAge(ended), rule, zone=zone, now=due)
    there, then = due.astimezone(zone), ended.astimezone(zone)
    months = 12 * period.years + period.months
    shortest = timedelta(28 * months + period.days) - timedelta(days=1, hours=2)
    longest = timedelta(31 * months + period.days) + timedelta(days=1, hours=2)
    assert shortest <= due - ended <= longest
    is_same_time = there.time().replace(fold=0) == then.time().replace(fold=0)
    assert is_same_time or there.utcoffset() != then.utcoffset()


@given(MOMENTS, MOMENTS, PERIODS, ZONES)
def test_the_order_in_which_calls_ended_is_the_order_in_which_they_are_due(
    one: datetime, other: datetime, period: Period, zone: ZoneInfo
) -> None:
    rule = RetentionRule(Preset.CUSTOM, period)
    first, second = sorted((one, other))
    due_first = due_at(RecordingAge(first), rule, zone=zone)
    due_second = due_at(RecordingAge(second), rule, zone=zone)
    if due_first and due_second:
        assert due_first <= due_second + timedelta(days=1)  # clocks, and ends of months


def spans_hold(spans: tuple[tuple[datetime | None, datetime], ...], moment: datetime) -> bool:
    return any((begin is None or moment >= begin) and moment < end for begin, end in spans)


@given(MOMENTS, PERIODS, ZONES, st.integers(-12 * 24 * 60, 12 * 24 * 60))
def test_spans_hold_what_is_due_and_none_is_due_from_their_end(
    now: datetime, period: Period, zone: ZoneInfo, minutes: int
) -> None:
    rule = RetentionRule(Preset.CUSTOM, period)
    if period.is_empty:
        return
    spans = spans_due(period, zone=zone, now=now)
    until = none_due_from(period, zone=zone, now=now)
    ended = spans[-1][1] + timedelta(minutes=minutes)
    due = due_at(RecordingAge(ended), rule, zone=zone)
    assert due is not None
    if due <= now:
        assert ended < until
    if abs(due - now) > timedelta(hours=25):  # clocks change, and Apia left out a day
        assert spans_hold(spans, ended) == (due <= now)


@pytest.mark.parametrize("ended", ["2026-01-28 10:00", "2026-01-31 10:00"])
def test_the_last_days_of_a_month_are_due_together_in_a_shorter_one(ended: str) -> None:
    spans = spans_due(Period(months=1), zone=ROME, now=at("2026-02-28 10:00"))
    assert spans_hold(spans, at(ended))
    assert not spans_hold(spans, at(ended) + timedelta(microseconds=1))


@pytest.mark.parametrize(
    ("new", "old", "expected"),
    [
        (TWELVE, FORTY_EIGHT, True),
        (FORTY_EIGHT, TWELVE, False),
        (TWELVE, KEEP_ALL, True),
        (KEEP_ALL, FOUR_HOURS, False),
        (TWELVE, TWELVE, False),
        (custom(days=365), TWELVE, True),  # a day less in a leap year
        (custom(days=366), TWELVE, False),
        (custom(Period(years=1), years=2), TWELVE, True),  # preserved ones would go
        (custom(years=2), TWELVE, False),
        (custom(preserve=False, years=2), TWELVE, True),
    ],
)
def test_a_rule_shortens_if_any_call_would_go_earlier(
    new: RetentionRule, old: RetentionRule, expected: bool
) -> None:
    assert shortens(new, old, zone=ROME) is expected


@pytest.mark.parametrize(
    ("changed", "effect"),
    [
        ("2026-11-23 14:00", "2026-11-24 02:00"),
        ("2026-11-23 00:30", "2026-11-24 02:00"),
        ("2026-03-28 14:00", "2026-03-29 03:00"),  # there is no 02:00 on that day
    ],
)
def test_a_shorter_rule_takes_effect_at_two_of_the_next_day(changed: str, effect: str) -> None:
    assert takes_effect_at(at(changed), zone=ROME) == at(effect)
