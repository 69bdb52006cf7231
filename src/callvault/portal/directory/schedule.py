"""When a directory is looked into next. Pure: the time is a parameter."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MIN_MINUTES = 5
MAX_MINUTES = 7 * 24 * 60
DEFAULT_DAILY = time(3, 0)


def next_due(
    rhythm: str,
    *,
    after: datetime,
    every_minutes: int = 60,
    daily_at: time | None = None,
    zone: ZoneInfo,
) -> datetime | None:
    """Return the next moment after another; None: only when asked.

    A daily time is of the clock in `zone`: a time that is skipped in spring is taken an hour
    later, one that comes twice in autumn is taken once.
    """
    if rhythm == "every":
        return after + timedelta(minutes=max(MIN_MINUTES, every_minutes))
    if rhythm != "daily":
        return None
    wanted = daily_at or DEFAULT_DAILY
    day = after.astimezone(zone).date()
    moment = _moment(day, wanted, zone)
    while moment <= after:
        day += timedelta(days=1)
        moment = _moment(day, wanted, zone)
    return moment


def _moment(day: date, wanted: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, wanted, tzinfo=zone).astimezone(UTC)
