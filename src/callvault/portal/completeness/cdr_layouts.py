"""How call records are laid out: columns of any CSV by a mapping, and how moments are written."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo

LONGEST_CALL = timedelta(days=7)
_FIRST, _LAST = datetime(1970, 1, 2, tzinfo=UTC), datetime(2999, 12, 31, tzinfo=UTC)
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,2}):(\d{2})(?:\.\d+)?")
_SECONDS = re.compile(r"\d{1,9}(?:[.,]\d{1,9})?")

FIELDS = ("start", "end", "duration", "caller", "callee", "call_id")
NEEDED = ("start", "caller", "callee")  # and end or duration

PATTERNS = {
    "dmy": "%d/%m/%Y %H:%M:%S",
    "mdy": "%m/%d/%Y %H:%M:%S",
    "dmy_dots": "%d.%m.%Y %H:%M:%S",
    "compact": "%Y%m%d%H%M%S",
    "audiocodes": "%H:%M:%S.%f UTC %a %b %d %Y",
}
EPOCHS = {"epoch": 1, "epoch_ms": 1000}
DATE_FORMATS = ("iso", *EPOCHS, *PATTERNS)


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column of a CSV is what, and how its cells are to be read."""

    headings: Mapping[str, str] = field(default_factory=dict)  # of FIELDS; those that there are
    date_format: str = "iso"
    zone: tzinfo = UTC  # of moments that name none
    delimiter: str = ""  # empty: told by the first line


def moment(text: str, columns: Columns) -> datetime | None:
    """Read a moment as aware UTC; None: it is none in this format."""
    try:
        found = _moment(text.strip(), columns)
        told = found if found.tzinfo else found.replace(tzinfo=columns.zone)
        utc = told.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return utc if _FIRST <= utc <= _LAST else None


def _moment(text: str, columns: Columns) -> datetime:
    name = columns.date_format
    if name in EPOCHS:
        if not (text.isascii() and text.isdecimal()):
            raise ValueError(name)
        return datetime.fromtimestamp(int(text) / EPOCHS[name], UTC)
    if name in PATTERNS:
        found = datetime.strptime(re.sub(r"\s+", " ", text), PATTERNS[name])  # noqa: DTZ007 - below
        return found.replace(tzinfo=UTC) if name == "audiocodes" else found
    return datetime.fromisoformat(text)


def duration(text: str) -> timedelta | None:
    """Read how long a call was: seconds, or hours, minutes and seconds with colons."""
    text = text.strip()
    if _SECONDS.fullmatch(text):
        found = timedelta(seconds=float(text.replace(",", ".")))
    elif clock := _CLOCK.fullmatch(text):
        hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        found = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    else:
        return None
    return found if found <= LONGEST_CALL else None
