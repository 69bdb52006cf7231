"""Times as devices write them, made comparable. They are attributes: our own clock counts.

Seen: `Z`, `+00:00`, `+0300` (OpenSIPS, no valid xs:dateTime), no zone at all (Oracle, AudioCodes,
Avaya: the device's local time), fractions of any length, years near 1970 (Ribbon without NTP).
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

_TIME = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:[.,](\d{1,12}))?\s*"
    r"(Z|[+-]\d{2}(?::?\d{2})?)?",
    re.IGNORECASE | re.ASCII,
)
_CLOCK_SET_SINCE = 2000
"""Before that year a device's clock was never set."""


def read_device_time(text: str, zone: tzinfo) -> datetime | None:
    """Return the moment in UTC; `zone` is the device's, for a time that names none.

    None for what is no time. A local hour that occurs twice is the first of the two.
    """
    found = _TIME.fullmatch(text.strip())
    if not found:
        return None
    year, month, day, hour, minute, second = (int(one) for one in found.groups()[:6])
    fraction = int((found[7] or "0")[:6].ljust(6, "0"))
    try:
        there = _zone(found[8], zone)
        moment = datetime(year, month, day, hour, minute, second, fraction, tzinfo=there)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def is_clock_set(moment: datetime) -> bool:
    """Whether a device that writes this has a clock that was ever set."""
    return moment.year >= _CLOCK_SET_SINCE


def _zone(offset: str | None, zone: tzinfo) -> tzinfo:
    if offset is None:
        return zone
    if offset in ("Z", "z"):
        return UTC
    digits = offset[1:].replace(":", "").ljust(4, "0")
    apart = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-apart if offset[0] == "-" else apart)
