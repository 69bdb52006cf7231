"""The list of a day's exported recordings (EXP-3): a CSV file that grows, line by line.

UTF-8 with byte-order mark, comma, CRLF. Whatever a crash left of it, adding a line that is there
already changes nothing: a line is known by its file name. What others wrote into it stays.
"""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import tzinfo
from io import StringIO

from .export_names import DIRECTIONS, ExportedCall
from .mail_template import clock_time

BOM = "\ufeff".encode()
COLUMNS = (
    "Agent name",
    "Recorded extension",
    "Remote number",
    "Start",
    "Duration",
    "Group",
    "Recording ID",
    "Direction",
    "Username",
    "File name",
    "SHA-256",
)
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # the wide ones as well
_DIAL_STRING = re.compile(r"\+?[0-9*#]+")
_BREAKS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A file that stands at the target."""

    call: ExportedCall
    name: str
    sha256: str


def list_name(folder: str) -> str:
    """Return the name of the list in a day's folder: `recordings_20261123.csv`."""
    return f"recordings_{folder.replace('/', '')}.csv"


def with_files(content: bytes, files: Iterable[ExportedFile], *, zone: tzinfo) -> bytes:
    """Return the list with a line for each file that has none yet; empty content: a new list.

    The result begins with `content`: a target that lets us only add can be given the rest.
    """
    missing = [one for one in files if not has_line(content, one.name)]
    if not missing:
        return content
    start = content or BOM + _line(COLUMNS)
    if not start.endswith((b"\n", b"\r")):  # the last line was cut, or typed
        start += b"\r\n"
    return start + b"".join(_line(cells_of(one, zone=zone)) for one in missing)


def has_line(content: bytes, name: str) -> bool:
    """Whether a line is about this file: whatever program saved the list, and how it divides."""
    cell = re.escape(name.encode())
    return (
        re.search(rb'(?:^|[,;\t"])' + cell + rb'(?=[,;\t"\r\n])', content, re.MULTILINE) is not None
    )


def cells_of(file: ExportedFile, *, zone: tzinfo) -> tuple[str, ...]:
    """Return the cells of a file's line, in the order of `COLUMNS`."""
    call = file.call
    return (
        call.owner_name,
        call.owner_extension,
        call.remote_number,
        f"{call.started_at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
        clock_time(round(call.duration_ms / 1000)),
        call.group,
        f"{call.record_number:06}",
        DIRECTIONS[call.direction],
        call.owner_username,
        file.name,
        file.sha256,
    )


def harmless(text: str) -> str:
    """Keep a spreadsheet from taking a text for a formula; what is dialled stays as it is."""
    line = _BREAKS.sub(" ", text).strip()
    if line.startswith(_FORMULA) and not _DIAL_STRING.fullmatch(line):
        return f"'{line}"
    return line


def _line(cells: Iterable[str]) -> bytes:
    line = StringIO()
    csv.writer(line, lineterminator="\r\n").writerow([harmless(cell) for cell in cells])
    return line.getvalue().encode("utf-8", "replace")
