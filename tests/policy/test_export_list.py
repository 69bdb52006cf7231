"""The list of a day (EXP-3): a spreadsheet reads it and runs nothing of it; no line is twice."""

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.policy.export_list import (
    BOM,
    COLUMNS,
    ExportedFile,
    harmless,
    has_line,
    list_name,
    with_files,
)
from callvault.policy.export_names import (
    MOST_NAMESAKES,
    ExportedCall,
    day_folder,
    file_name,
    namesake,
)

ROME = ZoneInfo("Europe/Rome")
CALL = ExportedCall(
    record_number=123,
    started_at=datetime(2026, 11, 23, 13, 25, 30, tzinfo=UTC),
    duration_ms=372_400,
    owner_name="Anna Rossi",
    owner_username="arossi",
    owner_extension="2001",
    remote_number="+390212345678",
    direction="in",
    group="sales",
)
NAME = "000123_20261123_142530_arossi_IN_2001_+390212345678_sales.mp3"
FILE = ExportedFile(CALL, NAME, "ab" * 32)
LINE = (
    "Anna Rossi,2001,+390212345678,2026-11-23 14:25:30,00:06:12,sales,000123,IN,arossi,"
    f"{NAME},{'ab' * 32}\r\n"
).encode()
texts = st.text(max_size=60)
calls = st.builds(
    ExportedCall,
    record_number=st.integers(1, 10**9),
    started_at=st.integers(946_684_800, 4_102_444_800).map(
        lambda moment_s: datetime.fromtimestamp(moment_s, UTC)
    ),
    duration_ms=st.integers(0, 10**9),
    owner_name=texts,
    owner_username=texts,
    owner_extension=texts,
    remote_number=texts,
    direction=st.sampled_from(["in", "out", "dial_in"]),
    group=texts,
)
zones = st.sampled_from([ROME, ZoneInfo("Asia/Kathmandu"), ZoneInfo("America/New_York"), UTC])


def cells(content: bytes) -> list[list[str]]:
    assert content.startswith(BOM)
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_a_new_list_has_a_mark_a_head_and_a_line() -> None:
    head = BOM + ",".join(COLUMNS).encode() + b"\r\n"
    assert with_files(b"", [FILE], zone=ROME) == head + LINE


def test_a_line_is_added_once() -> None:
    once = with_files(b"", [FILE], zone=ROME)
    assert with_files(once, [FILE], zone=ROME) == once


def test_a_line_that_was_cut_is_written_anew() -> None:
    once = with_files(b"", [FILE], zone=ROME)
    cut = once[: once.index(NAME.encode()) + len(NAME)]
    assert with_files(cut, [FILE], zone=ROME) == cut + b"\r\n" + LINE


@pytest.mark.parametrize("divider", [",", ";", "\t"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_a_list_that_a_spreadsheet_saved_is_read_as_well(divider: str, quote: str) -> None:
    saved = divider.join(f"{quote}{cell}{quote}" for cell in ("Anna", NAME, "ab")) + "\r\n"
    assert has_line(saved.encode(), NAME)
    assert not has_line(saved.encode(), NAME[1:])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("  =1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-cmd", "'-cmd"),
        ("-5", "'-5"),
        ("\uff1d1", "'\uff1d1"),
        ("\t=1", "'=1"),
        ("+390212345678", "+390212345678"),
        ("+39 02=1", "'+39 02=1"),
        ("*21#", "*21#"),
        ("Anna\r\nRossi", "Anna Rossi"),
        ("Anna", "Anna"),
    ],
)
def test_what_would_run_is_a_text_and_what_is_dialled_stays(text: str, expected: str) -> None:
    assert harmless(text) == expected


def test_the_list_is_called_after_its_day() -> None:
    assert list_name(day_folder(CALL.started_at, zone=ROME)) == "recordings_20261123.csv"


def test_the_day_is_that_of_the_zone() -> None:
    late = CALL.started_at.replace(hour=23, minute=30)
    assert day_folder(late, zone=ROME) == "2026/11/24"
    assert day_folder(late, zone=UTC) == "2026/11/23"


@given(st.lists(calls, max_size=6), st.integers(0, 6), zones)
def test_whatever_is_called_how_each_file_has_one_line(
    some: list[ExportedCall], split: int, zone: ZoneInfo
) -> None:
    files = [
        ExportedFile(call, name, "cd" * 32)
        for call in some
        for name in [file_name(call, zone=zone)]
    ]
    files = list({one.name: one for one in files}.values())
    content = with_files(with_files(b"", files[:split], zone=zone), files, zone=zone)
    if not files:
        assert content == b""
        return
    head, *rows = cells(content)
    assert head == list(COLUMNS)
    assert [row[9] for row in rows] == [one.name for one in files]
    assert {len(row) for row in rows} == {len(COLUMNS)}
    for cell in (cell for row in rows for cell in row):
        assert not cell.startswith(("=", "-", "@", "\t"))
        assert cell.isprintable() or not any(char in cell for char in "\r\n\x00")


@given(calls, zones, st.integers(1, MOST_NAMESAKES))
def test_any_name_is_taken_by_any_file_system(
    call: ExportedCall, zone: ZoneInfo, number: int
) -> None:
    name = namesake(file_name(call, zone=zone), number)
    assert len(name.encode()) <= 255
    assert not set(name) & set('<>:"/\\|?*\0\r\n')
    assert name.startswith(f"{call.record_number:06}_")
    assert name.endswith(".mp3")


@given(calls, zones)
def test_names_tell_recordings_apart(call: ExportedCall, zone: ZoneInfo) -> None:
    other = replace(call, record_number=call.record_number + 1)
    assert file_name(call, zone=zone).lower() != file_name(other, zone=zone).lower()


@given(st.integers(0, 400), zones)
def test_folder_and_name_agree_on_the_day(hours: int, zone: ZoneInfo) -> None:
    call = replace(CALL, started_at=CALL.started_at + timedelta(hours=hours))
    day = day_folder(call.started_at, zone=zone).replace("/", "")
    assert file_name(call, zone=zone).split("_")[1] == day
