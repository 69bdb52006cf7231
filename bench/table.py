"""The table that benchmarks print: what, ours, bar, baseline, ratio."""

import os
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import msgspec

ROWS_VARIABLE = "CALLVAULT_BENCH_ROWS"
"""Names a file that gathers the rows of several benchmarks, for one table at the end."""
_HEADINGS = ("what", "ours", "bar", "baseline", "ratio", "")


@dataclass(frozen=True, slots=True)
class Row:
    """One figure, and what it is measured by. Without a bar it is told only."""

    what: str
    ours: str
    bar: str = ""
    is_met: bool = True
    baseline: str = ""
    ratio: str = ""

    @property
    def cells(self) -> tuple[str, ...]:
        """The row as it is printed."""
        verdict = "" if not self.bar else "met" if self.is_met else "MISSED"
        return (self.what, self.ours, self.bar, self.baseline, self.ratio, verdict)


def finish(rows: Sequence[Row]) -> int:
    """Print the rows of one benchmark and hand them on; return 1 if a bar was missed."""
    print(table(rows), flush=True)
    if gathered := os.environ.get(ROWS_VARIABLE):
        with Path(gathered).open("ab") as file:
            file.writelines(msgspec.json.encode(astuple(row)) + b"\n" for row in rows)
    return 0 if all(row.is_met for row in rows) else 1


def gathered(file: Path) -> list[Row]:
    """Read what several benchmarks handed on."""
    lines = file.read_bytes().splitlines()
    return [Row(*msgspec.json.decode(line)) for line in lines]


def table(rows: Sequence[Row]) -> str:
    """Lay out rows in columns."""
    cells = [_HEADINGS, *(row.cells for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )
