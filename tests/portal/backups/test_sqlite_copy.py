"""The copy of a SQLite database: on a share as well, and without sessions."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from callvault.portal.backups import sqlite_copy
from callvault.portal.backups.facts import Facts
from callvault.portal.backups.sqlite_copy import copy_database

TABLES = """
PRAGMA journal_mode=WAL;
CREATE TABLE django_session (session_key TEXT PRIMARY KEY);
CREATE TABLE access_opensession (id INTEGER PRIMARY KEY);
CREATE TABLE django_migrations (app TEXT, name TEXT);
CREATE TABLE recordings_recording (id INTEGER PRIMARY KEY);
CREATE TABLE people_user (id INTEGER PRIMARY KEY);
INSERT INTO django_session VALUES ('quiet-harbour-lanterns');
INSERT INTO recordings_recording VALUES (1);
"""


def test_the_copy_needs_no_shared_memory_and_has_no_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = tmp_path / "callvault.sqlite3", tmp_path / "share" / "copy"
    target.parent.mkdir()
    seen: list[str] = []
    facts_of = sqlite_copy.facts_of

    def look(copy: sqlite3.Connection) -> Facts:
        seen.extend(path.name for path in target.parent.iterdir())
        return facts_of(copy)

    monkeypatch.setattr(sqlite_copy, "facts_of", look)
    with closing(sqlite3.connect(source)) as database:
        database.executescript(TABLES)
        assert copy_database(source, target).recordings == 1
    assert "copy" in seen
    assert "copy-shm" not in seen  # of which SQLite says that a network has none
    assert b"quiet-harbour-lanterns" not in target.read_bytes()
    assert [path.name for path in target.parent.iterdir()] == ["copy"]
