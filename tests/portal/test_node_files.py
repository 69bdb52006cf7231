"""What the portal reads from and writes to the data folder: secret key, heartbeat, database."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from callvault.config.sections import DatabaseConfig
from callvault.errors import ConfigError
from callvault.portal.database import database_entry
from callvault.portal.secret_key import FILE_NAME, secret_key_of
from callvault.portal.status import FRESH_NS, RecorderStatus, recorder_status

NOW_NS = 1_795_442_730_000_000_000


def test_the_secret_key_is_drawn_once_for_its_owner_only(tmp_path: Path) -> None:
    key = secret_key_of(tmp_path / "data")
    assert len(key) == 64
    assert secret_key_of(tmp_path / "data") == key
    assert stat.S_IMODE((tmp_path / "data" / FILE_NAME).stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "data").iterdir()] == [FILE_NAME]


def test_processes_that_start_at_once_share_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(secret_key_of, [tmp_path] * 8))
    assert len(keys) == 1


def heartbeat(folder: Path, text: str) -> Path:
    (folder / "run").mkdir()
    (folder / "run" / "recorder.json").write_text(text, encoding="utf-8")
    return folder


def test_a_fresh_heartbeat_says_that_the_recorder_runs(tmp_path: Path) -> None:
    beat = {"at_ns": NOW_NS - FRESH_NS, "calls": 3, "sip": "udp/tcp 5060", "later": "ignored"}
    folder = heartbeat(tmp_path, json.dumps(beat))
    assert recorder_status(folder, now_ns=NOW_NS) == RecorderStatus(
        running=True, calls=3, sip="udp/tcp 5060"
    )


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"at_ns": NOW_NS - FRESH_NS - 1}),
        json.dumps({"at_ns": NOW_NS + 1}),  # a clock that stepped back vouches for nothing
        "{",
        "[]",
        '{"at_ns": "now"}',
        "",
    ],
)
def test_anything_else_is_no_heartbeat(tmp_path: Path, text: str) -> None:
    assert not recorder_status(heartbeat(tmp_path, text), now_ns=NOW_NS).running


def test_without_file_no_recorder_is_claimed(tmp_path: Path) -> None:
    assert not recorder_status(tmp_path, now_ns=NOW_NS).running


def test_sqlite_waits_for_other_writers_and_loses_no_commit() -> None:
    entry = database_entry(DatabaseConfig(), Path("/data"))
    assert entry["NAME"] == "/data/callvault.sqlite3"
    options = entry["OPTIONS"]
    assert (options["timeout"], options["transaction_mode"]) == (20, "IMMEDIATE")
    assert "synchronous=FULL" in options["init_command"]
    assert "journal_mode=WAL" in options["init_command"]


def test_postgresql_takes_its_password_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("s3cret\n", encoding="utf-8")
    config = DatabaseConfig("postgresql://call%40vault@db.example:5433/calls", secret)
    entry = database_entry(config, tmp_path)
    told = {name: entry[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
    assert told == {
        "NAME": "calls",
        "USER": "call@vault",
        "PASSWORD": "s3cret",
        "HOST": "db.example",
        "PORT": "5433",
    }


def test_another_database_is_refused_by_the_name_of_its_setting() -> None:
    with pytest.raises(ConfigError, match=r"database\.url: mysql"):
        database_entry(DatabaseConfig("mysql://x"), Path("/data"))
