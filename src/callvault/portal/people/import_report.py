"""The report of an import as it is kept: what became of each row, without what it would write."""

from dataclasses import dataclass
from zlib import compress, decompress

import msgspec

from .csv_columns import COLUMNS
from .models import PeopleImport
from .planning import Outcome, Plan, Planned

PAGE = 100


class Line(msgspec.Struct, frozen=True, array_like=True):
    """One row of a report."""

    place: str
    username: str
    outcome: str
    changed: tuple[str, ...] = ()  # names of columns
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ReportPage:
    """Some rows of a report, and from where those before and after them start."""

    lines: list[Line]
    first: int  # counted from 1
    last: int
    count: int
    previous: int | None
    next: int | None


def lines_of(plan: Plan) -> list[Line]:
    """Return the report of a plan."""
    return [
        Line(
            row.place,
            row.username[:150],
            row.outcome.value,
            tuple(COLUMNS[name] for name in row.changed) if row.outcome is Outcome.CHANGED else (),
            problems_of(row),
        )
        for row in plan.rows
    ]


def packed(lines: list[Line]) -> bytes:
    """Return a report as it is kept."""
    return compress(msgspec.json.encode(lines), level=1)


def kept_lines(draft: PeopleImport) -> list[Line]:
    """Read the report of an import."""
    return msgspec.json.decode(decompress(bytes(draft.rows)), type=list[Line])


def page_of_report(lines: list[Line], outcome: str, start: int) -> ReportPage:
    """Return a page of those rows that ended so, or of all."""
    found = [line for line in lines if line.outcome == outcome] if outcome else lines
    start = max(0, min(start, max(0, len(found) - 1)) // PAGE * PAGE)
    shown = found[start : start + PAGE]
    return ReportPage(
        shown,
        first=start + 1 if shown else 0,
        last=start + len(shown),
        count=len(found),
        previous=start - PAGE if start else None,
        next=start + PAGE if start + PAGE < len(found) else None,
    )


def problems_of(row: Planned) -> str:
    """Return all that is wrong with a row, each with its column."""
    told = [(COLUMNS.get(one.field, ""), one.message) for one in row.problems]
    return " ".join(f"{column}: {message}" if column else message for column, message in told)
