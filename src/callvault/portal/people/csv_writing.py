"""Writes people as CSV: what `csv_reading` reads back as unchanged, and spreadsheets open."""

import csv
from collections.abc import Callable, Iterable, Iterator
from io import StringIO

from .csv_columns import COLUMNS, EXAMPLE_MARK, to_cell
from .fields import Value
from .import_report import Line
from .levels import Level
from .planning import Values

BYTE_ORDER_MARK = "\ufeff"
LEVEL_WORDS = {
    Level.RECORD_ONLY: "Record only",
    Level.BASE: "Base",
    Level.GROUP_SUPERVISOR: "Group supervisor",
    Level.ADMINISTRATOR: "Administrator",
}
_EXAMPLE: dict[str, str] = {
    "username": f"{EXAMPLE_MARK}a.rossi (an example: this line is left out)",
    "first_name": "Anna",
    "last_name": "Rossi",
    "email": "a.rossi@example.com",
    "extension": "2001",
    "alias": "+15550142001",
    "pbx_username": "a.rossi@example.com",
    "department": "Claims",
    "language": "en",
    "zone": "Europe/Rome",
    "group": "Claims",
    "additional_groups": "Sales;Support",
    "send_notifications": "no",
    "attach_recording": "no",
    "level": "Base",
    "is_active": "yes",
}


def people_as_csv(people: Iterable[Values], *, separator: str = ",") -> Iterator[str]:
    """Yield a file in pieces: byte-order mark, header, a line each."""
    line = _writer(separator)
    yield BYTE_ORDER_MARK + line(COLUMNS.values())
    for values in people:
        yield line(text_of(values[name]) for name in COLUMNS)


def template(*, separator: str = ",") -> str:
    """Return an empty file with one line that shows what goes where."""
    line = _writer(separator)
    example = line(_EXAMPLE.get(name, "") for name in COLUMNS)
    return BYTE_ORDER_MARK + line(COLUMNS.values()) + example


def report_lines_as_csv(lines: Iterable[Line], *, separator: str = ",") -> Iterator[str]:
    """Yield a report in pieces: line, user name, outcome, changed columns, problem."""
    line = _writer(separator)
    yield BYTE_ORDER_MARK + line(("Line", "Username", "Outcome", "Changed", "Problem"))
    for one in lines:
        yield line((one.place, one.username, one.outcome, "; ".join(one.changed), one.problem))


def text_of(value: Value) -> str:
    """Return a value as a cell has it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return LEVEL_WORDS[Level(value)]
    return value


def _writer(separator: str) -> Callable[[Iterable[str]], str]:
    buffer = StringIO()
    writer = csv.writer(buffer, delimiter=separator, lineterminator="\r\n")

    def line(cells: Iterable[str]) -> str:
        buffer.seek(0)
        buffer.truncate()
        writer.writerow([to_cell(cell) for cell in cells])
        return buffer.getvalue()

    return line
