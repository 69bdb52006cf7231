"""A new rule: at once where it lengthens, the next night where it shortens, until taken back."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from callvault.policy.retention import (
    Period,
    Preset,
    RecordingAge,
    RetentionRule,
    due_at,
    may_delete,
    takes_effect_at,
)
from callvault.policy.retention_change import Rules

ROME = ZoneInfo("Europe/Rome")
TWELVE, FORTY_EIGHT = RetentionRule(Preset.TWELVE_MONTHS), RetentionRule(Preset.FORTY_EIGHT_MONTHS)
NOON = datetime(2026, 3, 28, 12, tzinfo=UTC)
STEP = timedelta(hours=1)
RULES = st.sampled_from(
    [
        RetentionRule(),
        RetentionRule(Preset.FOUR_HOURS),
        RetentionRule(Preset.CUSTOM, Period(months=1), preserve=True),
        RetentionRule(Preset.CUSTOM, Period(days=20), preserve=False),
        RetentionRule(Preset.CUSTOM, Period(days=10), True, Period(months=1)),
    ]
)
ZONES = st.sampled_from([ROME, *map(ZoneInfo, ("Australia/Lord_Howe", "America/New_York"))])


def test_a_shorter_rule_waits_for_two_o_clock_and_can_be_taken_back() -> None:
    rules = Rules(FORTY_EIGHT).changed(TWELVE, now=NOON, zone=ROME)
    two = datetime(2026, 3, 29, 1, tzinfo=UTC)  # 02:00 does not exist that night: 03:00
    assert rules == Rules(FORTY_EIGHT, TWELVE, two)
    before = two - timedelta(microseconds=1)
    assert (rules.in_force(before), rules.waiting(before)) == (FORTY_EIGHT, TWELVE)
    assert (rules.in_force(two), rules.waiting(two)) == (TWELVE, None)
    assert rules.taken_back(before) == Rules(FORTY_EIGHT)


def test_a_longer_rule_holds_at_once_and_puts_away_what_waited() -> None:
    waiting = Rules(FORTY_EIGHT).changed(TWELVE, now=NOON, zone=ROME)
    assert waiting.changed(RetentionRule(), now=NOON, zone=ROME) == Rules(RetentionRule())


@settings(max_examples=40, deadline=None)
@given(
    zone=ZONES,
    begin=st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    ends=st.lists(st.integers(0, 2400), min_size=1, max_size=6),
    changes=st.dictionaries(st.integers(0, 2400), RULES, max_size=4),
    flags=st.dictionaries(st.integers(0, 2400), st.booleans(), max_size=4),
)
def test_over_simulated_months_nothing_goes_early_and_nothing_late(
    zone: ZoneInfo,
    begin: datetime,
    ends: list[int],
    changes: dict[int, RetentionRule],
    flags: dict[int, bool],
) -> None:
    """Walk hour by hour, as the sweep does; judge by the history of rules, not by the walk."""
    kept = {number: begin + hour * STEP for number, hour in enumerate(ends)}
    history: list[tuple[datetime, RetentionRule]] = [(begin, RetentionRule())]
    rules, is_preserved = Rules(), False
    for hour in range(2500):
        now = begin + hour * STEP
        is_preserved = flags.get(hour, is_preserved)
        if hour in changes:
            rules = rules.changed(changes[hour], now=now, zone=zone)
            history = [one for one in history if one[0] <= now]  # what waited never comes
            history.append((rules.coming_at or now, changes[hour]))
        expected = [rule for since, rule in history if since <= now][-1]
        assert rules.in_force(now) == expected
        for number, ended in list(kept.items()):
            if ended > now:
                continue
            age = RecordingAge(ended, is_preserved)
            due = due_at(age, expected, zone=zone)
            goes = may_delete(age, rules.in_force(now), zone=zone, now=now)
            assert goes == (due is not None and due <= now)
            if goes:
                del kept[number]


@given(ZONES, st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_a_rule_waits_at_least_two_hours_and_at_most_a_day_and_three(
    zone: ZoneInfo, changed: datetime
) -> None:
    waits = takes_effect_at(changed, zone=zone) - changed
    assert timedelta(hours=1) <= waits <= timedelta(hours=27.5)
