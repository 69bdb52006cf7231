"""Reading and writing people as CSV."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.portal.people import csv_reading
from callvault.portal.people.csv_columns import COLUMNS, field_of, from_cell, to_cell
from callvault.portal.people.csv_reading import CsvRefused, read_csv
from callvault.portal.people.csv_writing import people_as_csv, template
from callvault.portal.people.fields import DEFAULTS, RULES, Value
from callvault.portal.people.planning import Outcome, Wanted, plan
from tests.portal.people.test_planning import person

TEXT = "Username;First Name;Group name\r\nann;Zoë;Sales €\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_a_file_is_read_in_each_encoding_and_with_each_separator(
    encoding: str, separator: str
) -> None:
    found = read_csv(TEXT.replace(";", separator).encode(encoding))
    texts = {"username": "ann", "first_name": "Zoë", "group": "Sales €"}
    assert found.rows == (Wanted("2", texts),)


def test_big_endian_without_mark_is_read() -> None:
    assert read_csv(TEXT.encode("utf-16-be")).rows[0].texts["group"] == "Sales €"


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("USER NAME", "username"),
        ("first_extension_number_alias", "alias"),
        ("First Extension Alias", "alias"),
        ("E-Mail", "email"),
        ("Numeric user-id", "numeric_user_id"),
        ("is_active", "is_active"),
        ("Shoe size", None),
        ("", None),
    ],
)
def test_headings_are_known_however_they_are_written(heading: str, field: str | None) -> None:
    assert field_of(heading) == field


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "The file is empty."),
        (b" \r\n\r\n", "The file is empty."),
        (b"PK\x03\x04xlsx", "This is a workbook."),
        (b"Name,Group\r\nann,x", "The first line must name the columns"),
        (b"Username,Group,Group name\r\n", "The column “Group name” is there twice."),
        (b'"Username,\r\nann', "A quotation mark is not closed"),
        (b"\xff\xfe\x00", "This is no text in UTF-8"),
        (b"Username\r\n\x81", "This is no text in UTF-8"),
        (b"x" * 10_000_001, "The file is larger than 10 MB."),
        (b"Username" + b"," * 200, "The file has more than 200 columns."),
    ],
)
def test_a_file_that_cannot_be_read_says_why(content: bytes, told: str) -> None:
    with pytest.raises(CsvRefused, match="^" + told.replace(".", r"\.")):
        read_csv(content)


def test_too_many_rows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_reading, "MOST_ROWS", 2)
    read_csv(b"Username\na\nb\n#c\n\n")
    with pytest.raises(CsvRefused, match="100,000 rows"):
        read_csv(b"Username\na\nb\nc\n")


def test_a_line_with_an_error_leaves_the_others() -> None:
    content = (
        b"sep=,\r\nUsername,Group,Extension\r\n"
        b'a,"open,1\r\n'
        b"b,ok,2\r\n"
        b"c,x,3,more\r\n"
        b"d,x,3.9E+11\r\n"
        b'e,"two\r\nlines",5\r\n'
        b"f\r\n"
        b",,\r\n"
    )
    found = {row.place: row for row in read_csv(content).rows}
    assert list(found) == ["3", "4", "5", "6", "7", "9"]
    assert [bool(row.problem) for row in found.values()] == [True, False, True, True, False, False]
    assert found["3"].problem.startswith("A quotation mark is not closed")
    assert found["5"].problem.startswith("4 cells, where the first line has 3.")
    assert found["6"].problem == (
        "A spreadsheet rounded the number 3.9E+11. Format its column as text."
    )
    assert found["7"].texts["group"] == "two\nlines"
    assert found["9"].texts == {"username": "f"}  # what is missing at the end is left alone


def test_columns_that_are_not_taken_are_told() -> None:
    found = read_csv(b"Username,Shoe size,Password,\r\nann,42,secret,\r\n")
    assert (found.left_out, found.has_passwords) == (("Shoe size",), True)
    assert "secret" not in str(found)


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+39021234567", "+39021234567"),
        ("+1 then", "'+1 then"),
        ("-2", "'-2"),
        ("@sum", "'@sum"),
        ("'=x", "''=x"),
        ("'quoted", "'quoted"),
        ("*21#", "*21#"),
        ("", ""),
    ],
)
def test_no_cell_runs_and_dial_strings_are_left_as_they_are(text: str, cell: str) -> None:
    assert to_cell(text) == cell
    assert from_cell(cell) == text


def test_the_template_is_read_as_nobody() -> None:
    for separator in ",;":
        found = read_csv(template(separator=separator).encode())
        assert (found.rows, found.columns) == ((), tuple(COLUMNS))


LETTERS = st.characters(exclude_categories=("Cc", "Cs"))
TEXTS = st.text(LETTERS, max_size=20)


@given(TEXTS, TEXTS, st.booleans(), st.sampled_from([",", ";", "\t"]))
def test_what_was_exported_comes_back_unchanged(
    first: str, department: str, active: bool, separator: str
) -> None:
    values: dict[str, Value] = {"is_active": active, "additional_groups": "A;B"}
    for name, text in (("first_name", first), ("department", department)):
        values[name] = RULES[name](text)
    ann = person(1, **values)
    content = "".join(people_as_csv([ann.values], separator=separator)).encode()
    found = plan([ann], read_csv(content).rows)
    assert [(row.outcome, row.changed) for row in found.rows] == [(Outcome.UNCHANGED, ())]


@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"Username,Group\n", b"\xff\xfe", b"\xef\xbb\xbfUsername\n"]),
)
def test_hostile_files_are_read_or_refused(content: bytes, start: bytes) -> None:
    try:
        found = read_csv(start + content)
    except CsvRefused:
        return
    for row in plan([], found.rows).of(Outcome.CREATED):
        assert set(row.values) == set(RULES)
        assert all(isinstance(row.values[name], type(DEFAULTS.get(name, ""))) for name in RULES)
        assert "\0" not in str(row.values)
