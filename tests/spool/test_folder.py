"""The spool folder: what lies there, what is live, what leaves."""

import os
from pathlib import Path
from uuid import UUID

import pytest

from callvault.spool import (
    JournalWriter,
    is_open_by_live_recorder,
    journal_path,
    quarantine,
    remove,
    scan,
)
from tests.spool.journals import ENVELOPE, HEADER, KEY, write

FIRST, SECOND = UUID(int=1), UUID(int=2)


def test_journals_are_listed_oldest_first_and_other_files_are_not(tmp_path: Path) -> None:
    write(journal_path(tmp_path, FIRST, events=True))
    write(journal_path(tmp_path, SECOND))
    os.utime(journal_path(tmp_path, FIRST, events=True), ns=(0, 2_000))
    os.utime(journal_path(tmp_path, SECOND), ns=(0, 1_000))
    for name in ("notes.txt", f"{FIRST.hex}.cvj.new", "events-.cvj", "damaged"):
        (tmp_path / name).touch()
    found = scan(tmp_path)
    assert [(journal.journal_id, journal.is_node_events) for journal in found] == [
        (SECOND, False),
        (FIRST, True),
    ]
    assert [journal.modified_ns for journal in found] == [1_000, 2_000]
    assert found[0].size_bytes == found[0].path.stat().st_size


def test_a_journal_is_live_while_its_writer_has_it_open(tmp_path: Path) -> None:
    path = journal_path(tmp_path, HEADER.journal_id)
    with JournalWriter.create(path, key=KEY, envelope=ENVELOPE, header=HEADER):
        assert is_open_by_live_recorder(path)
        assert [journal.is_live for journal in scan(tmp_path)] == [True]
    assert not is_open_by_live_recorder(path)
    assert [journal.is_live for journal in scan(tmp_path)] == [False]


def test_a_folder_named_like_a_journal_is_none(tmp_path: Path) -> None:
    journal_path(tmp_path, FIRST).mkdir()
    write(journal_path(tmp_path, SECOND))
    assert [journal.journal_id for journal in scan(tmp_path)] == [SECOND]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_journal_that_may_not_be_read_does_not_hide_the_others(tmp_path: Path) -> None:
    for journal_id in (FIRST, SECOND):
        write(journal_path(tmp_path, journal_id))
    journal_path(tmp_path, FIRST).chmod(0)
    assert {journal.journal_id for journal in scan(tmp_path)} == {FIRST, SECOND}


def test_a_removed_journal_is_gone_and_removing_it_again_is_harmless(tmp_path: Path) -> None:
    path = journal_path(tmp_path, FIRST)
    write(path)
    remove(path)
    remove(path)
    assert scan(tmp_path) == []


def test_a_quarantined_journal_is_kept_out_of_the_way(tmp_path: Path) -> None:
    path = journal_path(tmp_path, FIRST)
    write(path)
    content = path.read_bytes()
    moved = quarantine(path)
    assert scan(tmp_path) == []
    assert moved == tmp_path / "damaged" / path.name
    assert moved.read_bytes() == content
