"""Reads a CSV file of people, from whatever program and country it comes.

Pure: bytes give rows (`planning.Wanted`), or CsvRefused with what is wrong with the file as a
whole. A line that cannot be read is a row with a problem; the others are read all the same.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from .csv_columns import COLUMNS, EXAMPLE_MARK, field_of, from_cell, is_password
from .planning import Wanted

LARGEST_BYTES = 10_000_000
MOST_ROWS = 100_000
MOST_COLUMNS = 200
LONGEST_LINE = 20_000
_LINES_IN_A_ROW = (
    10  # a cell may hold line breaks; a quotation mark left open must not eat the file
)
_ROUNDED = re.compile(r"[0-9]([.,][0-9]+)?E\+?[0-9]+", re.IGNORECASE)
_NUMBERS = frozenset({"extension", "alias", "numeric_user_id", "numeric_partition_id"})


class CsvRefused(ValueError):
    """Why a file cannot be read at all, in the reader's language."""


@dataclass(frozen=True, slots=True)
class CsvFile:
    """What a file says."""

    rows: tuple[Wanted, ...]
    columns: tuple[str, ...]  # fields that it has
    left_out: tuple[str, ...]  # headings that are no field's
    has_passwords: bool


def read_csv(content: bytes) -> CsvFile:
    """Read a file. Raises CsvRefused."""
    if len(content) > LARGEST_BYTES:
        raise CsvRefused(_("The file is larger than 10 MB. Split it into several."))
    lines = decoded(content).splitlines()
    separator, start = separator_of(lines)
    records = records_of(lines, start, separator)
    _place, header, problem = next(records, (0, [], ""))
    if problem:
        raise CsvRefused(problem)
    fields = _fields(header)
    rows = tuple(_rows(records, fields))
    left_out = [name.strip() for name, field in zip(header, fields, strict=True) if not field]
    return CsvFile(
        rows,
        tuple(filter(None, fields)),
        tuple(name for name in left_out if name and not is_password(name)),
        any(is_password(name) for name in left_out),
    )


def decoded(content: bytes) -> str:
    """Return the text of a file: UTF-8, UTF-16 or, where it is neither, Windows-1252."""
    if content.startswith(b"PK\x03\x04") or content.startswith(b"\xd0\xcf\x11\xe0"):
        raise CsvRefused(_("This is a workbook. Save it as “CSV UTF-8” and choose that file."))
    for encoding in _encodings(content):
        try:
            return content.decode(encoding).removeprefix("\ufeff")
        except UnicodeDecodeError:
            continue
    raise CsvRefused(_("This is no text in UTF-8, UTF-16 or Windows-1252."))


def _encodings(content: bytes) -> Iterator[str]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        yield "utf-16"
        return
    start = content[:200]
    if len(start) > 3 and start[1::2].count(0) > len(start) // 4:
        yield "utf-16-le"
    elif len(start) > 3 and start[::2].count(0) > len(start) // 4:
        yield "utf-16-be"
    yield from ("utf-8", "cp1252")


def separator_of(lines: list[str]) -> tuple[str, int]:
    """Return what parts cells, by the header, and the line of the header."""
    start = next((number for number, line in enumerate(lines) if line.strip()), None)
    if start is None:
        raise CsvRefused(_("The file is empty."))
    said = re.fullmatch(r'"?sep=(.)"?', lines[start].strip(" "))
    if said:
        return said[1], start + 1
    bare = re.sub(r'"[^"]*"', "", lines[start])
    return max(",;\t", key=bare.count), start


def records_of(
    lines: list[str], start: int, separator: str
) -> Iterator[tuple[int, list[str], str]]:
    """Yield line number, cells, and why they could not be read, of each row that is not blank."""
    number, width = start, MOST_COLUMNS
    while number < len(lines):
        taken, cells = _record(lines, number, separator, width)
        if cells is None:
            problem = _("A quotation mark is not closed, or the line is too long.")
            yield number + 1, [], problem
        elif any(cell.strip() for cell in cells):
            width = len(cells) if number == start else width
            yield number + 1, cells, ""
        number += taken


def _record(
    lines: list[str], number: int, separator: str, width: int
) -> tuple[int, list[str] | None]:
    """Return how many lines a row takes, and its cells; None: its quotation marks do not close."""
    text = ""
    for taken, line in enumerate(lines[number : number + _LINES_IN_A_ROW], start=1):
        text = f"{text}\n{line}" if taken > 1 else line
        if len(text) > LONGEST_LINE:
            break
        if text.count('"') % 2 == 0:
            cells = _cells(text, separator, strict=taken > 1)
            fits = cells is not None and (taken == 1 or len(cells) <= width)
            return (taken, cells) if fits else (1, None)
    return 1, None


def _cells(text: str, separator: str, *, strict: bool) -> list[str] | None:
    """Return the cells of a row; None: where it is strict, quotation marks stand inside cells."""
    try:
        return next(csv.reader([text], delimiter=separator, strict=strict), [])
    except csv.Error:
        return None


def _fields(header: list[str]) -> list[str | None]:
    if len(header) > MOST_COLUMNS:
        raise CsvRefused(_("The file has more than 200 columns."))
    fields = [field_of(name) for name in header]
    for field in filter(None, fields):
        if fields.count(field) > 1:
            told = {"column": COLUMNS[field]}
            raise CsvRefused(_("The column “%(column)s” is there twice.") % told)
    if "username" not in fields:
        told = {"columns": ", ".join(COLUMNS.values())}
        message = _(
            "The first line must name the columns, “Username” among them. Known are: %(columns)s."
        )
        raise CsvRefused(message % told)
    return fields


def _rows(
    records: Iterator[tuple[int, list[str], str]], fields: list[str | None]
) -> Iterator[Wanted]:
    count = 0
    for line, cells, problem in records:
        texts = _texts(cells, fields)
        if texts.get("username", "").startswith(EXAMPLE_MARK):
            continue
        count += 1
        if count > MOST_ROWS:
            raise CsvRefused(_("The file has more than 100,000 rows. Split it into several."))
        yield Wanted(str(line), texts, problem=problem or _misshapen(cells, fields, texts))


def _texts(cells: list[str], fields: list[str | None]) -> dict[str, str]:
    """Return the cells that are fields'; those missing at the end of a row are left alone."""
    pairs = zip(fields, cells, strict=False)
    return {field: from_cell(cell.strip(" \xa0")) for field, cell in pairs if field}


def _misshapen(cells: list[str], fields: list[str | None], texts: dict[str, str]) -> str:
    if any(cell.strip() for cell in cells[len(fields) :]):
        told = {"cells": len(cells), "columns": len(fields)}
        return (
            _(
                "%(cells)s cells, where the first line has %(columns)s. A cell that holds a comma "
                "or semicolon stands in quotation marks."
            )
            % told
        )
    rounded = [name for name in sorted(_NUMBERS) if _ROUNDED.fullmatch(texts.get(name, ""))]
    if rounded:
        return _("A spreadsheet rounded the number %(number)s. Format its column as text.") % {
            "number": texts[rounded[0]]
        }
    return ""
