"""How the portal writes times, numbers, sizes, durations and telephone numbers.

One function each, in the forms that the design guide fixes for each language; templates reach
them as filters and tags of `cv_ui`, so that no template holds a format of its own. Django's own
formats do not give these (American dates, no seconds, no separator in four digits).
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

import phonenumbers
from django.utils import dateformat

NO_BREAK_SPACE = "\u00a0"
EN_DASH = "\u2013"


@dataclass(frozen=True, slots=True)
class Language:
    """Separators and date patterns (Django's format letters) of one language."""

    thousands: str
    decimal: str
    lower_case_months: bool
    seconds_ago: str = "{} s ago"
    minutes_ago: str = "{} min ago"


LANGUAGES = {
    "en": Language(",", ".", lower_case_months=False),
    "it": Language(
        ".", ",", lower_case_months=True, seconds_ago="{} s fa", minutes_ago="{} min fa"
    ),
    "fr": Language(
        "\u202f",
        ",",
        lower_case_months=True,
        seconds_ago="il y a {} s",
        minutes_ago="il y a {} min",
    ),
}
DATE_PATTERNS = {
    "full": "j M Y, H:i:s",  # 23 Nov 2026, 14:25:30
    "table": "j M, H:i:s",  # the year is left out in the current year's view only
    "title": "l j F Y, H:i:s",  # Thursday 12 March 2026, 14:25:30
    "short": "j M Y, H:i",
    "day": "j M Y",
    "time": "H:i:s",
}


def language_named(code: str | None) -> Language:
    """Return the conventions of a language code such as "it" or "en-gb"; English if unknown."""
    return LANGUAGES.get((code or "en").split("-")[0], LANGUAGES["en"])


def grouped(number: float, *, decimals: int = 0, language: Language = LANGUAGES["en"]) -> str:
    """Write a number with its thousands apart, from 1,000 on, in every language."""
    plain = f"{number:,.{decimals}f}"
    return plain.translate(str.maketrans(",.", language.thousands + language.decimal))


def decimal_size(size_bytes: int, *, language: Language = LANGUAGES["en"]) -> str:
    """Write a size in decimal units with one digit after the point: 1.5 MB, 812 kB, 40 B."""
    amount, unit = float(size_bytes), "B"
    for larger in ("kB", "MB", "GB", "TB", "PB"):
        if amount < 1000:
            break
        amount, unit = amount / 1000, larger
    decimals = 0 if unit in ("B", "kB") else 1
    return grouped(amount, decimals=decimals, language=language) + NO_BREAK_SPACE + unit


def duration(length_ms: int) -> str:
    """Write a duration as in tables, cut to seconds: 0:07, 6:12, 1:02:33."""
    minutes, seconds = divmod(max(length_ms, 0) // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{seconds:02}"
    return f"{minutes}:{seconds:02}"


def duration_prose(length_ms: int) -> str:
    """Write a duration as in sentences, its two largest units: 49 s, 6 min 12 s, 1 h 2 min."""
    minutes, seconds = divmod(max(length_ms, 0) // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (seconds, "s")]
    while len(parts) > 1 and parts[0][0] == 0:
        del parts[0]
    told = [part for index, part in enumerate(parts[:2]) if part[0] or index == 0]
    return NO_BREAK_SPACE.join(f"{amount}{NO_BREAK_SPACE}{unit}" for amount, unit in told)


def written_date(
    moment: datetime | date, pattern: str = "full", *, language: Language = LANGUAGES["en"]
) -> str:
    """Write a moment, already in the zone to show, in one of `DATE_PATTERNS`."""
    text = dateformat.format(moment, DATE_PATTERNS[pattern])
    return text.lower() if language.lower_case_months else text


def date_range(first: date, last: date, *, language: Language = LANGUAGES["en"]) -> str:
    """Write a range of days with what both share only once, as 16 to 23 Nov 2026."""
    if first == last:
        return written_date(last, "day", language=language)
    shared = "j M Y"
    if first.year == last.year:
        shared = "j" if first.month == last.month else "j M"
    start = dateformat.format(first, shared)
    dash = EN_DASH if shared == "j" else f" {EN_DASH} "
    text = f"{start}{dash}{dateformat.format(last, DATE_PATTERNS['day'])}"
    return text.lower() if language.lower_case_months else text


def ago(age: timedelta, *, language: Language = LANGUAGES["en"]) -> str:
    """Write how long ago something was; only for states younger than an hour."""
    seconds = max(int(age.total_seconds()), 0)
    if seconds < 60:
        return language.seconds_ago.format(seconds).replace(" ", NO_BREAK_SPACE, 1)
    return language.minutes_ago.format(seconds // 60).replace(" ", NO_BREAK_SPACE, 1)


@lru_cache(maxsize=4096)
def phone_number(number: str) -> str:
    """Write a telephone number as people read it, parts joined so that it never breaks.

    Numbers in international form are grouped as their country groups them. What the tables do
    not know keeps its digits together, in fours and threes from the end, after a country code
    and nowhere else: 2014 and 8500 are extensions, and stay as they are.
    """
    if not number.startswith("+"):
        return number
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    if written.count(" ") < 2:
        code, _, national = written.partition(" ")
        written = f"{code} {_in_groups(national)}".rstrip()
    return written.replace("-", " ").replace(" ", NO_BREAK_SPACE)


def _in_groups(digits: str) -> str:
    """Split digits into a last group of four and groups of three before it."""
    if len(digits) <= 4 or not digits.isdecimal():
        return digits
    head, groups = digits[:-4], [digits[-4:]]
    while head:
        head, group = head[:-3], head[-3:]
        groups.insert(0, group)
    return " ".join(groups)
