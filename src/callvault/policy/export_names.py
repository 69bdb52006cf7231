"""What a recording is called outside the vault (EXP-1, EXP-2): its folder and its file.

The same for downloads and exports. Times are those of the system's zone, which is a parameter.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, tzinfo

DIRECTIONS = {"in": "IN", "out": "OUT", "dial_in": "DIALIN"}
MAX_PART_BYTES = 48  # of UTF-8: five such parts and the rest stay below the 255 of a file name
MOST_NAMESAKES = 99
_REFUSED = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f]')  # by Windows file systems, so by shares
_TURNS_TEXT = re.compile(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069]")  # shows another ending


@dataclass(frozen=True, slots=True)
class ExportedCall:
    """What of a recording goes into its name and into the day's list."""

    record_number: int
    started_at: datetime  # aware
    duration_ms: int
    owner_name: str
    owner_username: str
    owner_extension: str
    remote_number: str  # in its normal form
    direction: str  # in, out, dial_in
    group: str = ""


def day_folder(started_at: datetime, *, zone: tzinfo) -> str:
    """Return `2026/11/23`: the day on which the call started, parts divided by a slash."""
    return f"{started_at.astimezone(zone):%Y/%m/%d}"


def file_name(call: ExportedCall, *, zone: tzinfo, suffix: str = "mp3") -> str:
    """Return `000123_20261123_142530_arossi_IN_2001_+390212345678_sales.mp3`.

    The time is the start. A part that is unknown stays empty, so that the others keep their
    places; the group stands only if there is one.
    """
    parts = [
        f"{call.record_number:06}",
        f"{call.started_at.astimezone(zone):%Y%m%d_%H%M%S}",
        call.owner_username,
        DIRECTIONS[call.direction],
        call.owner_extension,
        call.remote_number,
    ]
    if call.group:
        parts.append(call.group)
    return "_".join(_part(part) for part in parts) + f".{suffix}"


def namesake(name: str, number: int) -> str:
    """Return the name for when others are taken by files that are not ours: `…_sales(2).mp3`."""
    stem, dot, suffix = name.rpartition(".")
    return name if number < 2 else f"{stem}({number}){dot}{suffix}"


def _part(text: str) -> str:
    """Replace what a file system refuses; a dot or blank at an end is lost on some."""
    allowed = _REFUSED.sub("-", _TURNS_TEXT.sub("", unicodedata.normalize("NFC", text)))
    return allowed.encode()[:MAX_PART_BYTES].decode(errors="ignore").strip(". ")
