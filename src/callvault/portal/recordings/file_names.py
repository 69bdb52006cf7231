"""The name of a recording's file outside the vault (EXP-2), the same for downloads and exports."""

import re
import unicodedata
from datetime import tzinfo

from .models import Recording

DIRECTIONS = {"in": "IN", "out": "OUT", "dial_in": "DIALIN"}
REFUSED = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f]')  # by Windows file systems, so by shares
TURNS_TEXT = re.compile(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069]")  # shows another ending
MAX_PART_BYTES = 48  # of UTF-8: five such parts and the rest stay below the 255 of a file name


def file_name(recording: Recording, *, zone: tzinfo, suffix: str = "mp3") -> str:
    """Return `000123_20261123_142530_arossi_IN_2001_+390212345678_sales.mp3`.

    The time is the start in the system's zone. A part that is unknown stays empty, so that the
    others keep their places; the group stands only if there is one.
    """
    parts = [
        f"{recording.record_number:06}",
        f"{recording.started_at.astimezone(zone):%Y%m%d_%H%M%S}",
        recording.owner_username,
        DIRECTIONS[recording.direction],
        recording.owner_extension,
        recording.remote_normalised,
    ]
    if recording.owner_group:
        parts.append(recording.owner_group)
    return "_".join(_part(part) for part in parts) + f".{suffix}"


def _part(text: str) -> str:
    """Replace what a file system refuses; a dot or blank at an end is lost on some."""
    allowed = REFUSED.sub("-", TURNS_TEXT.sub("", unicodedata.normalize("NFC", text)))
    return allowed.encode()[:MAX_PART_BYTES].decode(errors="ignore").strip(". ")
