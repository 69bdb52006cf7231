"""What the manifest of a ZIP says, and how long it will be before it is written."""

from zoneinfo import ZoneInfo

import pytest

from callvault.portal.recordings.models import Recording
from callvault.portal.recordings.zip_plan import COLUMNS, Entry, Plan, csv_line, facts_of
from tests.portal.recordings.test_file_names import recording

ROME = ZoneInfo("Europe/Rome")
ID = "5f0c8d1e-0000-4000-8000-000000000123"


def spoken(**changed: object) -> Recording:
    facts: dict[str, object] = {
        "recording_id": ID,
        "duration_ms": 372_400,
        "owner_name": "Anna Rossi",
        "remote_number": "+390212345678",
        "remote_name": "Zoë, Ltd",
    }
    return recording(**(facts | changed))


def entry(row: Recording, **more: object) -> Entry:
    return Entry(row.recording_id, facts_of(row, zone=ROME), **more)  # type: ignore[arg-type]


def test_a_line_tells_the_call_its_file_and_the_digest() -> None:
    line = entry(spoken(), file_name="000123.mp3", size_bytes=900).line("ab" * 32)
    assert line.decode() == (
        f"000123,{ID},2026-11-23T14:25:30.000+01:00,372400,in,Anna Rossi,2001,"
        f'\'+390212345678,"Zoë, Ltd",000123.mp3,900,{"ab" * 32},\r\n'
    )


def test_a_line_of_one_that_stays_out_tells_why() -> None:
    line = entry(spoken(), left_out="your level may not").line("")
    assert line.decode().endswith(',"Zoë, Ltd",,,,your level may not\r\n')


@pytest.mark.parametrize("name", ["=1+1", "@sum", "-1", "+1", "\tx"])
def test_no_text_is_taken_for_a_formula(name: str) -> None:
    assert f",'{name}," in entry(spoken(remote_name=name)).line("").decode()


def test_the_length_of_the_manifest_is_known_beforehand() -> None:
    entries = (
        entry(spoken(), file_name="000123.mp3", size_bytes=900),
        entry(spoken(), left_out="nobody may"),
    )
    plan = Plan("recordings-2026-11-23.zip", entries, (), missing=0, refused=1)
    written = csv_line(COLUMNS) + entries[0].line("cd" * 32) + entries[1].line("")
    assert plan.manifest_bytes == len(written)
    assert plan.packed == [entries[0]]
