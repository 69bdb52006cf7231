"""Reads a file of call records: any CSV by a mapping of its columns, or CUCM's own layout.

Pure, and made for files that nobody checked: bytes give calls, and of lines that cannot be read
the number and the reason, never a value. CsvRefused says what is wrong with the file as a whole.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from django.utils.translation import gettext as _

from callvault.policy.completeness import CdrCall
from callvault.portal.people.csv_columns import from_cell
from callvault.portal.people.csv_reading import (
    LARGEST_BYTES,
    MOST_COLUMNS,
    MOST_ROWS,
    CsvRefused,
    decoded,
    records_of,
    separator_of,
)

from .cdr_layouts import LONGEST_CALL, Columns, duration, moment

MOST_ERRORS = 20
LONGEST_NUMBER = 254
LONGEST_ID = 128

CUCM_NEEDED = (
    *("datetimeorigination", "datetimeconnect", "datetimedisconnect"),
    *("callingpartynumber", "finalcalledpartynumber"),
)
_CUCM_IDENTITY = (
    *("globalcallid_clusterid", "globalcallid_callmanagerid", "globalcallid_callid"),
    *("origlegcallidentifier", "destlegcallidentifier", "datetimeorigination"),
)
# Whom a redirection or a join was made for; 27 is the recording (CUCM, OnBehalfOf codes).
_ON_BEHALF = (
    "origcalledpartyredirectonbehalfof",
    "lastredirectredirectonbehalfof",
    "joinonbehalfof",
)
_RECORDING = "27"
_EPOCH = Columns(date_format="epoch")
IsOurs = Callable[[str], bool]


class Wrong(StrEnum):
    """What is wrong with a line."""

    CELLS = "cells"
    START = "start"
    END = "end"
    LENGTH = "length"
    LONG = "long"


class _LineWrong(ValueError):
    def __init__(self, wrong: Wrong) -> None:
        super().__init__(wrong.value)
        self.wrong = wrong


@dataclass(frozen=True, slots=True)
class CdrRow:
    """A call, and the texts by which it is known again in another file."""

    call: CdrCall
    identity: tuple[str, ...]
    is_of_recording: bool = False  # a leg to the recorder, not somebody's call


@dataclass(slots=True)
class CdrFile:
    """What a file says."""

    rows: list[CdrRow] = field(default_factory=list)
    skipped: int = 0  # legs that carry the recording itself
    wrong: int = 0
    errors: list[tuple[int, Wrong]] = field(default_factory=list)  # line and reason of the first


Cells = Mapping[str, str]


def read_mapped(content: bytes, columns: Columns, *, is_pilot: IsOurs) -> CdrFile:
    """Read a CSV by the mapping of its columns. Raises CsvRefused."""
    wanted = {heading.strip().casefold(): name for name, heading in columns.headings.items()}

    def names_of(header: Sequence[str]) -> list[str]:
        names = [wanted.get(one.strip().casefold(), "") for one in header]
        _need([columns.headings[one] for one in columns.headings if one not in names])
        return names

    return _read(
        content,
        names_of,
        lambda cells: _mapped(cells, columns),
        is_pilot=is_pilot,
        delimiter=columns.delimiter,
    )


def read_cucm(content: bytes, *, is_pilot: IsOurs) -> CdrFile:
    """Read a file as Cisco Unified CM writes it: cdr_Cluster_Node_Time_Number. Raises CsvRefused.

    Its second line has the types of the columns. CMR files, of the quality of calls, have other
    columns and are refused.
    """

    def names_of(header: Sequence[str]) -> list[str]:
        names = [one.strip().casefold() for one in header]
        _need([one for one in CUCM_NEEDED if one not in names])
        return names

    return _read(content, names_of, _of_cucm, is_pilot=is_pilot, delimiter=",")


def _need(missing: Sequence[str]) -> None:
    if missing:
        told = {"columns": ", ".join(missing)}
        raise CsvRefused(_("The first line does not name these columns: %(columns)s.") % told)


def _read(
    content: bytes,
    names_of: Callable[[Sequence[str]], list[str]],
    row_of: Callable[[Cells], CdrRow | None],
    *,
    is_pilot: IsOurs,
    delimiter: str,
) -> CdrFile:
    file, names = CdrFile(), list[str]()
    for count, (line, cells, problem) in enumerate(_lines(content, delimiter)):
        if count == 0:
            if problem:
                raise CsvRefused(problem)
            if len(cells) > MOST_COLUMNS:
                raise CsvRefused(_("The file has more than 200 columns."))
            names = names_of(cells)
        elif count > MOST_ROWS:
            raise CsvRefused(_("The file has more than 100,000 rows. Split it into several."))
        elif problem or len(cells) > len(names):
            _tell(file, line, Wrong.CELLS)
        else:
            _add(file, line, _named(names, cells), row_of, is_pilot)
    return file


def _lines(content: bytes, delimiter: str) -> Iterator[tuple[int, list[str], str]]:
    if len(content) > LARGEST_BYTES:
        raise CsvRefused(_("The file is larger than 10 MB. Split it into several."))
    lines = decoded(content).splitlines()
    told, start = separator_of(lines)
    return records_of(lines, start, delimiter or told)


def _named(names: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    pairs = zip(names, cells, strict=False)
    return {name: from_cell(cell.strip(" \xa0")) for name, cell in pairs if name}


def _add(
    file: CdrFile,
    line: int,
    cells: Cells,
    row_of: Callable[[Cells], CdrRow | None],
    is_pilot: IsOurs,
) -> None:
    try:
        row = row_of(cells)
    except _LineWrong as error:
        _tell(file, line, error.wrong)
        return
    if row is None:
        return
    if row.is_of_recording or any(map(is_pilot, row.call.callees)):
        file.skipped += 1
    else:
        file.rows.append(row)


def _tell(file: CdrFile, line: int, wrong: Wrong) -> None:
    file.wrong += 1
    if len(file.errors) < MOST_ERRORS:
        file.errors.append((line, wrong))


def _mapped(cells: Cells, columns: Columns) -> CdrRow:
    begin = moment(cells.get("start", ""), columns)
    if begin is None:
        raise _LineWrong(Wrong.START)
    length = _length(cells, begin, columns)
    call_id = cells.get("call_id", "")
    call = CdrCall(
        begin,
        begin + length,
        _short(cells.get("caller", "")),
        tuple(filter(None, [_short(cells.get("callee", ""))])),
        tuple(filter(None, [_short(call_id, LONGEST_ID)])),
        is_answered=length > timedelta(),
    )
    told = (call_id, begin.isoformat(), call.end.isoformat(), call.caller, *call.callees)
    return CdrRow(call, ("csv", *told))


def _length(cells: Cells, begin: datetime, columns: Columns) -> timedelta:
    """Return how long a call was: by its own column, else by when it ended."""
    if cells.get("duration"):
        told = duration(cells["duration"])
        if told is None:
            raise _LineWrong(Wrong.LENGTH)
        return told
    if not cells.get("end"):
        return timedelta()  # as phone systems write a call that nobody answered
    end = moment(cells["end"], columns)
    if end is None or not timedelta() <= end - begin <= LONGEST_CALL:
        raise _LineWrong(Wrong.END)
    return end - begin


def _of_cucm(cells: Cells) -> CdrRow | None:
    """Return the call of a record; None: it is none, but the types of the columns."""
    first = cells.get("datetimeorigination", "")
    if cells.get("cdrrecordtype", "1") != "1":
        return None
    offered, ended = moment(first, _EPOCH), moment(cells.get("datetimedisconnect", ""), _EPOCH)
    answered = moment(cells.get("datetimeconnect", ""), _EPOCH)
    if offered is None:
        raise _LineWrong(Wrong.START)
    begin = answered or offered
    if ended is None or not timedelta() <= ended - begin <= LONGEST_CALL:
        raise _LineWrong(Wrong.END)
    called = (cells.get("originalcalledpartynumber", ""), cells.get("finalcalledpartynumber", ""))
    call = CdrCall(
        begin,
        ended,
        _short(cells.get("callingpartynumber", "")),
        tuple(dict.fromkeys(_short(one) for one in called if one)),
        is_answered=answered is not None and ended > answered,
    )
    own = cells.get("pkid", "")
    told = (own,) if own else tuple(cells.get(one, "") for one in _CUCM_IDENTITY)
    is_of_recording = any(cells.get(one) == _RECORDING for one in _ON_BEHALF)
    return CdrRow(call, ("cucm", *told), is_of_recording)


def _short(text: str, longest: int = LONGEST_NUMBER) -> str:
    if len(text) > longest:
        raise _LineWrong(Wrong.LONG)
    return text
