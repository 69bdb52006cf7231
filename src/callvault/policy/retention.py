"""When a recording may be deleted (DATA-4): pure rules, with time and zone as parameters.

Counted from the end of the call, so that finishing it late does not lengthen its retention. Hours
are hours; years and months are those of the calendar in the system's zone, whatever daylight saving
does in between. What deletes, and what is written of it, is none of this module's business.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec

TAKES_EFFECT_AT = time(2)
"""When a rule that shortens retention comes into force, in the system's zone, on the next day."""
LONGEST_YEARS = 100
EXPORT_WAIT = timedelta(hours=24)
CLOCKS_CHANGE_BY = timedelta(hours=3)
"""More than clocks are put forward or back; a day that a zone leaves out is no such change."""
_JUST_AFTER = timedelta(microseconds=1)


class Period(msgspec.Struct, frozen=True):
    """A length of retention. `hours` stands alone: it is the preset of four hours."""

    years: int = 0
    months: int = 0
    days: int = 0
    hours: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether it is no length at all."""
        return not (self.years or self.months or self.days or self.hours)

    def __add__(self, other: "Period") -> "Period":
        """Add another, unit by unit: months are added before days, once."""
        return Period(
            self.years + other.years,
            self.months + other.months,
            self.days + other.days,
            self.hours + other.hours,
        )

    def after(self, moment: datetime, *, zone: ZoneInfo) -> datetime:
        """Return the moment this long after another, as aware UTC.

        The 31st plus one month is the last day of the next. A time of day that daylight saving
        leaves out is read with the offset before the change, so an hour later; one that comes
        twice, as the later of the two: nothing is deleted early.
        """
        local = moment.astimezone(zone)
        day = _months_after(local.date(), 12 * self.years + self.months) + timedelta(self.days)
        is_same_day = day == local.date()
        there = moment if is_same_day else _latest(datetime.combine(day, local.time()), zone)
        return there.astimezone(UTC) + timedelta(hours=self.hours)


class Preset(StrEnum):
    """The choices of the settings page."""

    KEEP_ALL = "keep_all"  # preserve is switched off: there is nothing to spare
    TWELVE_MONTHS = "12_months"
    FORTY_EIGHT_MONTHS = "48_months"
    FOUR_HOURS = "4_hours"
    CUSTOM = "custom"


_PERIODS = {
    Preset.TWELVE_MONTHS: Period(months=12),
    Preset.FORTY_EIGHT_MONTHS: Period(months=48),
    Preset.FOUR_HOURS: Period(hours=4),
}


class RetentionRule(msgspec.Struct, frozen=True):
    """How long recordings are kept. `custom` and what follows count with Preset.CUSTOM alone."""

    preset: Preset = Preset.KEEP_ALL
    custom: Period = Period()
    preserve: bool = True  # whether recordings can be preserved
    preserved_longer: Period | None = None  # kept so much longer if preserved; None: without end

    @property
    def period(self) -> Period | None:
        """How long a recording is kept; None: without end."""
        if self.preset is Preset.CUSTOM:
            return None if self.custom.is_empty else self.custom
        return _PERIODS.get(self.preset)

    @property
    def additional(self) -> Period | None:
        """How much longer a preserved recording is kept; None: until it is released."""
        return self.preserved_longer if self.preset is Preset.CUSTOM else None

    @property
    def is_preserve_on(self) -> bool:
        """Whether recordings can be preserved."""
        if self.preset is Preset.CUSTOM:
            return self.preserve
        return self.preset is not Preset.KEEP_ALL


@dataclass(frozen=True, slots=True)
class RecordingAge:
    """What retention asks of a recording."""

    ended_at: datetime  # end of the call, aware
    is_preserved: bool = False
    is_held: bool = False  # a legal hold: only two persons release it
    export_waits_since: datetime | None = None  # an export is still to be made


def due_at(recording: RecordingAge, rule: RetentionRule, *, zone: ZoneInfo) -> datetime | None:
    """Return the moment from which a recording may be deleted, as aware UTC; None: never."""
    period = rule.period
    if recording.is_held or period is None:
        return None
    if not (recording.is_preserved and rule.is_preserve_on):
        return period.after(recording.ended_at, zone=zone)
    longer = rule.additional
    return None if longer is None else (period + longer).after(recording.ended_at, zone=zone)


def may_delete(
    recording: RecordingAge,
    rule: RetentionRule,
    *,
    zone: ZoneInfo,
    now: datetime,
    export_wait: timedelta = EXPORT_WAIT,
) -> bool:
    """Whether retention deletes a recording now. One that waits for its export is given time."""
    due = due_at(recording, rule, zone=zone)
    if due is None or now < due:
        return False
    return recording.export_waits_since is None or now >= due + export_wait


def spans_due(
    period: Period, *, zone: ZoneInfo, now: datetime
) -> tuple[tuple[datetime | None, datetime], ...]:
    """Return when calls ended that are due now, as half-open spans; None: since ever.

    For counting. Only where the clocks change they may be wrong, by the hour of that change; ask
    `may_delete` of a recording before anything is done to it. Days are looked at one by one: after
    a short month those that have no counterpart in it are due together.
    """
    at = (now - timedelta(hours=period.hours)).astimezone(zone)
    months = 12 * period.years + period.months
    if not months and not period.days:
        return ((None, at.astimezone(UTC) + _JUST_AFTER),)
    around = _months_after(at.date(), -months) - timedelta(period.days)
    spans: list[tuple[datetime | None, datetime]] = []
    for day in (around + timedelta(number) for number in range(-5, 6)):
        due_on = _months_after(day, months) + timedelta(period.days)
        if due_on > at.date():
            continue
        begin = _latest(datetime.combine(day, time()), zone)
        end = _latest(datetime.combine(day + timedelta(1), time()), zone)
        if due_on == at.date():
            end = min(_latest(datetime.combine(day, at.time()), zone) + _JUST_AFTER, end)
        if spans and spans[-1][1] == begin:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((begin if spans else None, end))
    return tuple(spans)


def none_due_from(period: Period, *, zone: ZoneInfo, now: datetime) -> datetime:
    """Return a moment from which on no call ended that is due now: where a sweep may stop."""
    return spans_due(period, zone=zone, now=now)[-1][1] + CLOCKS_CHANGE_BY


def shortens(new: RetentionRule, old: RetentionRule, *, zone: ZoneInfo) -> bool:
    """Whether any call, on whichever day it ended, would be deleted earlier than before.

    365 days and 12 months differ in leap years alone, so each day of a cycle of them is asked.
    """
    days = (datetime(2024, 1, 1, 12, tzinfo=zone) + timedelta(day) for day in range(4 * 365 + 1))
    return any(
        _is_earlier(
            due_at(RecordingAge(day, is_preserved), new, zone=zone),
            due_at(RecordingAge(day, is_preserved), old, zone=zone),
        )
        for day in days
        for is_preserved in (False, True)
    )


def takes_effect_at(changed_at: datetime, *, zone: ZoneInfo) -> datetime:
    """Return when a rule that shortens retention comes into force, as aware UTC."""
    tomorrow = changed_at.astimezone(zone).date() + timedelta(1)
    return _latest(datetime.combine(tomorrow, TAKES_EFFECT_AT), zone).astimezone(UTC)


def _is_earlier(new: datetime | None, old: datetime | None) -> bool:
    return new is not None and (old is None or new < old)


def _months_after(day: date, months: int) -> date:
    """Return the same day of another month, or its last where it has no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return day.replace(year=year, month=month + 1, day=min(day.day, monthrange(year, month + 1)[1]))


def _latest(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the latest moment that a wall clock in the zone shows, or would have shown, so."""
    return max(local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
