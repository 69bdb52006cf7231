"""When a daily backup is due."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def due_on(now: datetime, at: time, *, zone: ZoneInfo) -> date:
    """Return the day of the last moment at which a backup was due, in the system's zone.

    A time of day that daylight saving leaves out counts as the same time by the clock before, so
    that there is a backup of each day.
    """
    local = now.astimezone(zone)
    day = local.date()
    due = datetime.combine(day, at, tzinfo=zone)
    return day if due <= now else day - timedelta(days=1)


def is_old(last: datetime | None, now: datetime, *, days: int) -> bool:
    """Whether the last backup is so old, or missing, that people are told."""
    return last is None or now - last > timedelta(days=days)
