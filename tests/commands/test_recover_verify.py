"""`recover` and `verify` as processes, on journals of a machine that is no more."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from django.db import OperationalError

from callvault.commands import recover
from callvault.config import Config
from callvault.config.sections import NodeConfig
from callvault.portal.audit import late
from tests.commands.test_node_commands import run
from tests.finalise.bench import Node
from tests.finalise.test_journal import damage
from tests.finalise.test_worker import call, spooled
from tests.migrated import put_database

pytestmark = pytest.mark.flow


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder as `init` makes it."""
    folder = tmp_path_factory.mktemp("recover") / "data"
    put_database(folder)
    assert run("init", "--data", folder).returncode == 0
    return folder


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> Node:
    """A machine that left two journals: one whole, one cut off."""
    node = Node(tmp_path_factory.mktemp("lost"))
    spooled(node, call(1))
    spooled(node, call(1), whole=False)
    return node


def folder_of(node: Node) -> Path:
    return node.spool.parent


@pytest.fixture(scope="module")
def key_missing(data: Path, lost: Node) -> str:
    """What `recover` says before the key is there."""
    done = run("recover", folder_of(lost), "--data", data)
    assert done.returncode == 1
    return done.stdout


@pytest.fixture(scope="module")
def recovered(data: Path, lost: Node, key_missing: str) -> str:
    """What `recover` says when the key was imported as it said."""
    keys = folder_of(lost) / "keys" / "ingest"
    key = ("--key", keys / "ingest-1.key.pem", "--name", "old")
    imported = run(
        "keys", "import", keys / "ingest-1.crt.pem", *key, "--role", "ingest", "--data", data
    )
    assert imported.returncode == 0, imported.stderr
    done = run("recover", folder_of(lost), "--data", data)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_without_the_key_the_certificate_is_named_and_nothing_is_changed(
    key_missing: str, lost: Node
) -> None:
    assert "key missing                   2" in key_missing
    assert str(lost.keyring.entries()[0].certificate.info.fingerprint) in key_missing
    assert "callvault keys import FILE --role ingest" in key_missing
    assert len(list(lost.spool.iterdir())) == 2


def test_journals_are_recovered_and_left_where_they_are(recovered: str, lost: Node) -> None:
    assert "finished                      1   1 recording\n" in recovered
    assert "finished, cut off             1   1 recording\n" in recovered
    assert "All journals lie there still" in recovered
    assert len(list(lost.spool.iterdir())) == 2


def entries(data: Path) -> list[tuple[str, dict[str, object]]]:
    """Return action and details of the audit log's entries, in their order."""
    with closing(sqlite3.connect(data / "callvault.sqlite3")) as database:
        rows = database.execute("SELECT action, detail FROM audit_auditentry ORDER BY id")
        return [(action, json.loads(detail)) for action, detail in rows]


def test_a_recovery_is_in_the_audit_log(recovered: str, data: Path, lost: Node) -> None:
    imported, begun, ended = (
        [told for action, told in entries(data) if action == name]
        for name in ("certificate_imported", "recovery_started", "recovery_ended")
    )
    assert [one["name"] for one in imported] == ["ingest/old"]
    assert (begun[1]["folder"], begun[1]["journals"]) == (str(lost.spool), 2)
    assert (ended[0]["recordings"], ended[0]["left"]) == (0, 2)  # without the key
    assert (ended[1]["recordings"], ended[1]["left"]) == (2, 0)


def test_what_was_recovered_is_not_done_again(recovered: str, data: Path, lost: Node) -> None:
    listed = run("recover", lost.spool, "--data", data, "--list")
    assert listed.stdout.count("already listed\n") == 2
    again = run("recover", lost.spool, "--data", data)
    assert (again.returncode, again.stdout.count("already listed ")) == (0, 1)


def test_what_was_recovered_verifies(recovered: str, data: Path, tmp_path: Path) -> None:
    done = run("verify", "--data", data, "--json", tmp_path / "report.json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 recordings with 6 objects" in done.stdout
    assert "Nothing is wrong." in done.stdout
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["opened"], report["wrong"], report["folders"]) == (2, 0, 2)
    assert report["log"]["waiting"] == 2  # no worker runs here


def test_a_changed_object_is_exit_code_1_and_named(
    recovered: str, data: Path, tmp_path: Path
) -> None:
    peaks = next((data / "vault").rglob("peaks"))
    whole = peaks.read_bytes()
    damage(peaks, at=60)
    try:
        one = ("--recording", peaks.parent.name, "--json", tmp_path / "report.json")
        done = run("verify", "--data", data, *one)
    finally:
        peaks.write_bytes(whole)
    assert done.returncode == 1
    assert f"changed: {peaks.relative_to(data / 'vault')}" in done.stdout
    [finding] = json.loads((tmp_path / "report.json").read_text())["findings"]
    assert (finding["finding"], finding["object"][-5:]) == ("changed", "peaks")


def test_since_leaves_out_what_is_older(recovered: str, data: Path) -> None:
    done = run("verify", "--data", data, "--since", "2099-01-01")
    assert (done.returncode, done.stdout.splitlines()[0][:12]) == (0, "0 recordings")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("recover", "/nowhere"), "FOLDER: /nowhere is not a folder"),
        (("verify", "--recording", "0" * 32), "--recording: the catalogue lists no recording"),
    ],
)
def test_what_is_not_there_is_one_line_and_exit_code_2(
    data: Path, asked: tuple[str, ...], said: str
) -> None:
    done = run(*asked, "--data", data)
    assert done.returncode == 2
    assert done.stderr.startswith(f"callvault: {said}")
    assert done.stderr.count("\n") == 1


def test_the_spool_of_this_node_is_left_to_its_worker(data: Path) -> None:
    (data / "spool").mkdir(exist_ok=True)
    done = run("recover", data / "spool", "--data", data)
    assert done.returncode == 2
    assert "own spool" in done.stderr


def test_an_end_without_database_is_kept_for_the_worker(
    db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_arguments: object, **_told: object) -> None:
        raise OperationalError("the server is gone")

    monkeypatch.setattr(recover, "_write_down", away)
    config = Config(node=NodeConfig(data_folder=tmp_path))
    recover._write_end(config, Path("/mnt/old"), recover.Tally(stopped="out of reach"))
    [kept] = (tmp_path / late.FOLDER).iterdir()
    deed = json.loads(kept.read_bytes())
    assert deed["action"] == "recovery_ended"
    assert deed["detail"] == {
        "recordings": 0,
        "left": 0,
        "removed": 0,
        "stopped": "out of reach",
        "folder": "/mnt/old",
    }
