"""Files of call records are read whole, and what cannot be read is told by its line."""

from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.policy.completeness import CdrCall
from callvault.portal.completeness.cdr_layouts import DATE_FORMATS, Columns, duration, moment
from callvault.portal.completeness.cdr_reading import CdrFile, Wrong, read_cucm, read_mapped
from callvault.portal.people.csv_reading import CsvRefused

from .files import SECONDS, cucm
from .files import moment as after

COLUMNS = Columns(
    {"start": "Start time", "duration": "Secs", "caller": "From", "callee": "To", "call_id": "Id"},
    zone=ZoneInfo("Europe/Rome"),
)
HEAD = "Start time;From;To;Secs;Id\n"


def no_pilot(_number: str) -> bool:
    return False


def read(text: str, columns: Columns = COLUMNS) -> CdrFile:
    return read_mapped(text.encode(), columns, is_pilot=lambda one: one == "8000")


def test_a_mapped_line_is_a_call_in_utc() -> None:
    file = read(f"{HEAD}2026-11-27 14:05:09;+1 555 0142;2014;61;7c1e94d0@192.0.2.14\n")
    begin = datetime(2026, 11, 27, 13, 5, 9, tzinfo=UTC)
    assert [one.call for one in file.rows] == [
        CdrCall(
            begin,
            begin + timedelta(seconds=61),
            "+1 555 0142",
            ("2014",),
            ("7c1e94d0@192.0.2.14",),
        )
    ]
    assert (file.wrong, file.skipped) == (0, 0)


def test_lines_that_cannot_be_read_are_told_and_the_others_are_read() -> None:
    file = read(
        HEAD
        + "yesterday;+15550142;2014;61;\n"
        + "2026-11-27 14:05:09;+15550142;2014;soon;\n"
        + "2026-11-27 14:05:09;+15550142;2014;61;;one more\n"
        + f"2026-11-27 14:05:09;{'5' * 300};2014;61;\n"
        + '2026-11-27 14:05:09;"+15550142;2014;61;\n'
        + "2026-11-27 14:05:09;+15550142;2014;0;\n"
    )
    assert file.errors == [
        (2, Wrong.START),
        (3, Wrong.LENGTH),
        (4, Wrong.CELLS),
        (5, Wrong.LONG),
        (6, Wrong.CELLS),
    ]
    assert [one.call.is_answered for one in file.rows] == [False]


def test_a_call_to_the_recorder_itself_is_left_alone() -> None:
    file = read(f"{HEAD}2026-11-27 14:05:09;2014;8000;61;\n")
    assert (file.rows, file.skipped) == ([], 1)


def test_the_end_tells_the_length_where_no_column_does() -> None:
    columns = Columns({"start": "a", "end": "b", "caller": "c", "callee": "d"}, "epoch")
    file = read(f"a,b,c,d\n{SECONDS},{SECONDS + 9},1,2\n{SECONDS},{SECONDS - 1},1,2\n", columns)
    assert [one.call.end for one in file.rows] == [after(9)]
    assert file.errors == [(3, Wrong.END)]


@pytest.mark.parametrize(
    ("date_format", "text"),
    [
        ("iso", "2026-11-27T14:05:09Z"),
        ("iso", "2026-11-27 15:05:09+01:00"),
        ("epoch", "1795788309"),
        ("epoch_ms", "1795788309000"),
        ("dmy", "27/11/2026 15:05:09"),
        ("mdy", "11/27/2026 15:05:09"),
        ("dmy_dots", "27.11.2026 15:05:09"),
        ("compact", "20261127150509"),
        ("audiocodes", "14:05:09.000  UTC Fri Nov 27 2026"),
    ],
)
def test_a_moment_is_read_in_each_format(date_format: str, text: str) -> None:
    columns = Columns(date_format=date_format, zone=ZoneInfo("Europe/Rome"))
    assert moment(text, columns) == datetime(2026, 11, 27, 14, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "0", "-1", "1e9", "9" * 30, "0001-01-01", "²"])
def test_what_is_no_moment_is_none_in_any_format(text: str) -> None:
    assert [moment(text, Columns(date_format=one)) for one in DATE_FORMATS] == [None] * len(
        DATE_FORMATS
    )


def test_durations_are_seconds_or_have_colons() -> None:
    assert duration("61") == duration("1:01") == duration("0:01:01") == timedelta(seconds=61)
    assert duration("1,5") == timedelta(seconds=1.5)
    assert duration("9999999") is duration("-1") is duration("1:2:3:4") is None


def test_a_file_of_cucm_is_read_by_its_own_layout() -> None:
    file = read_cucm(
        cucm(
            {"originalCalledPartyNumber": "2000"},
            {"dateTimeConnect": 0, "dateTimeDisconnect": SECONDS, "duration": 0},
            {"finalCalledPartyNumber": "8000"},
            {"joinOnBehalfOf": 27},
            {"dateTimeOrigination": "noon"},
        ),
        is_pilot=lambda number: number == "8000",
    )
    answered, unanswered = (one.call for one in file.rows)
    assert answered == CdrCall(after(), after(372), "+15550142", ("2000", "2014"))
    assert (unanswered.begin, unanswered.is_answered) == (after(-8), False)
    assert file.skipped == 2
    assert file.errors == [(7, Wrong.START)]


def test_a_cmr_file_and_one_without_the_columns_are_refused() -> None:
    with pytest.raises(CsvRefused, match="datetimeconnect"):
        read_cucm(b'"cdrRecordType","globalCallID_callId"\nINTEGER,INTEGER\n', is_pilot=no_pilot)
    with pytest.raises(CsvRefused, match="Start time"):
        read("Begin;From;To;Secs;Id\n")
    with pytest.raises(CsvRefused):
        read("")


def test_the_same_record_has_the_same_identity_and_another_has_not() -> None:
    one, other = (read_cucm(cucm({}, {"pkid": "pk-9"}), is_pilot=no_pilot).rows for _ in range(2))
    assert [row.identity for row in one] == [row.identity for row in other]
    assert one[0].identity != one[1].identity


@given(st.binary(max_size=300), st.sampled_from(DATE_FORMATS), st.sampled_from(["", ",", "\t"]))
def test_no_file_raises_anything_but_its_refusal(
    content: bytes, date_format: str, delimiter: str
) -> None:
    columns = Columns(COLUMNS.headings, date_format, delimiter=delimiter)
    for made in (content, HEAD.encode() + content, cucm() + content):
        for read_it in (partial(read_mapped, columns=columns), read_cucm):
            try:
                file = read_it(made, is_pilot=no_pilot)
            except CsvRefused:
                continue
            assert all(one.call.begin <= one.call.end for one in file.rows)
