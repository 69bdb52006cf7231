"""`backup` and `restore` as processes, without a node: refusals, kill -9, and what is replaced."""

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from callvault.vault import audit_key
from tests.commands.test_node_commands import run
from tests.flows.node import environment
from tests.migrated import put_database

pytestmark = pytest.mark.flow
PASSWORD = "SELECT password FROM people_user"

KILLED = """
import os, signal, sys
from callvault.commands import django_ready
from callvault.commands.main import main
set_up = django_ready.set_up

def armed():
    set_up()
    import callvault.portal.backups.putting_back as putting_back
    def dies(*_, **__):
        if "{trouble}":
            raise OSError(28, "No space left on device")
        os.kill(os.getpid(), signal.SIGKILL)

    setattr({module}, "{name}", dies)

django_ready.set_up = armed
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the passphrase, and another that is too short."""
    folder = tmp_path_factory.mktemp("backup")
    (folder / "passphrase").write_text("quiet harbour lanterns\n")
    (folder / "short").write_text("lantern\n")
    return folder


@pytest.fixture(scope="module")
def data(folder: Path) -> Path:
    """A data folder as `init` makes it, with a password in its settings."""
    data = folder / "data"
    put_database(data)
    assert run("init", "--data", data).returncode == 0
    return data


@pytest.fixture(scope="module")
def other(folder: Path, data: Path) -> Path:
    """Another system: other people, and another key that signs."""
    other = folder / "other"
    shutil.copytree(data, other)
    shutil.rmtree(other / "keys" / "audit")
    audit_key(other / "keys")
    (other / "portal-secret-key").write_text("another")
    with closing(sqlite3.connect(other / "callvault.sqlite3")) as connection, connection:
        connection.execute("UPDATE people_user SET password = 'another'")
    return other


@pytest.fixture(scope="module")
def whole(folder: Path, data: Path) -> Path:
    """A backup with keys."""
    done = run(
        "backup", "--data", data, "--to", folder / "one.cvbackup",
        "--with-keys", "--passphrase-file", folder / "passphrase",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "sealed under the passphrase" in done.stdout
    return folder / "one.cvbackup"


def asked(database: Path, query: str) -> list[object]:
    with closing(sqlite3.connect(database)) as connection:
        return [row[0] for row in connection.execute(query).fetchall()]


def deeds(action: str) -> str:
    return f"SELECT detail FROM audit_auditentry WHERE action = '{action}'"  # noqa: S608


def tree(folder: Path) -> dict[str, str]:
    """Return the digest of each file, but the lock's."""
    return {
        str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "serve.lock"
    }


def test_a_backup_tells_the_audit_log_and_leaves_sessions_out(data: Path, whole: Path) -> None:
    [detail] = asked(data / "callvault.sqlite3", deeds("backed_up"))
    assert '"file": "one.cvbackup"' in str(detail)
    raw = whole.read_bytes()
    assert (data / "portal-secret-key").read_bytes() not in raw
    assert b"PRIVATE KEY" not in raw
    assert whole.stat().st_mode & 0o077 == 0


def flipped(raw: bytes) -> bytes:
    """Return them with a byte of the database changed."""
    at = len(raw) // 2
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


BAD: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "flipped": (flipped, "is damaged"),
    "cut": (lambda raw: raw[: len(raw) // 2], "is cut off"),
    "newer": (lambda raw: raw.replace(b"backup-1\n", b"backup-9\n", 1), "callvault-backup-9"),
    "manifest": (lambda raw: raw.replace(b'"version":', b'"Version":', 1), "is damaged"),
    "figures": (lambda raw: raw.replace(b'"people":1', b'"people":9', 1), "was changed after"),
    "foreign": (lambda _raw: b"\x1f\x8b" + b"0" * 5000, "not a backup of Callvault"),
    "later": (lambda raw: raw.replace(b"people.0001_", b"people.9001_", 1), "newer version"),
}
ALL_OF_THEM = """
import json, sys
from callvault.commands.main import main
for arguments in json.load(sys.stdin):
    print("exit", main(arguments), file=sys.stderr)
"""


def refusals(folder: Path, whole: Path, other: Path) -> list[tuple[list[str], str]]:
    """Return command lines, and what each is refused with."""
    secret = ["--passphrase-file", "passphrase"]
    to, keys = ["backup", "--data", "data", "--to"], ["--with-keys", "--passphrase-file"]
    into = ["restore", "--data", "untouched"]
    for name, (change, _told) in BAD.items():
        (folder / name).write_bytes(change(whole.read_bytes()))
    return [
        *(([*into, name, *secret], told) for name, (_change, told) in BAD.items()),
        ([*into, whole.name, "--passphrase-file", "short"], "not the one of this backup"),
        ([*into, whole.name], "no terminal to ask on"),
        (
            [*into, whole.name, *secret, "--key", str(other / "keys/audit/audit-1.pub.pem")],
            "is not signed by the key of",
        ),
        (["restore", whole.name, "--data", "other", *secret], "--replace puts the backup in"),
        ([*to, "no.cvbackup", *keys, "short"], "at least 12 characters"),
        ([*to, "no.cvbackup", "--with-keys"], "no terminal to ask on"),
        ([*to, "no.cvbackup", *secret], "is for --with-keys"),
        ([*to, "away/x.cvbackup"], "is not there: make it, or mount"),
        ([*to, whole.name], "is there already"),
    ]


def test_what_is_refused_changes_nothing(folder: Path, whole: Path, other: Path) -> None:
    asked_for = refusals(folder, whole, other)
    (other / "portal-secret-key").unlink()  # as on another node of a database that both have
    before = tree(folder)
    done = subprocess.run(
        [sys.executable, "-c", ALL_OF_THEM], input=json.dumps([one for one, _told in asked_for]),
        check=False, capture_output=True, text=True, env=environment(), cwd=folder,
    )  # fmt: skip
    lines = [line for line in done.stderr.splitlines() if line.startswith(("callvault:", "exit"))]
    assert lines[1::2] == ["exit 2"] * len(asked_for), done.stderr
    for line, (arguments, told) in zip(lines[::2], asked_for, strict=True):
        assert told in line, arguments
    assert tree(folder) == before


def restored(
    folder: Path, file: Path, data: Path, *more: object
) -> "subprocess.CompletedProcess[str]":
    secret = ("--passphrase-file", folder / "passphrase")
    return run("restore", file, "--data", data, *secret, *more)


def stopped_at(
    module: str, name: str, *arguments: object, trouble: str = ""
) -> "subprocess.CompletedProcess[str]":
    """Run a restore that ends where it calls this function."""
    script = KILLED.format(module=module, name=name, trouble=trouble)
    return subprocess.run(
        [sys.executable, "-c", script, "restore", *map(str, arguments)],
        check=False, capture_output=True, text=True, env=environment(),
    )  # fmt: skip


def killed_at(module: str, name: str, *arguments: object) -> None:
    """Run a restore that is killed where it calls this function."""
    done = stopped_at(module, name, *arguments)
    assert done.returncode == -signal.SIGKILL, done.stderr


def test_killed_at_any_moment_it_is_the_old_system_or_goes_on_to_the_new(
    folder: Path, data: Path, whole: Path, other: Path
) -> None:
    place, database = other, other / "callvault.sqlite3"
    before = asked(database, PASSWORD)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "INSERT INTO configuration_deletionban (at, by_name) VALUES ('2026-11-01', 'Rita')"
        )
    options = (
        whole, "--data", place, "--passphrase-file", folder / "passphrase", "--replace",
    )  # fmt: skip
    full = stopped_at("putting_back.sqlite_copy", "stage", *options, trouble="full")
    assert full.returncode == 2
    assert full.stderr.strip().endswith(
        "No space left on device; when that is mended, the same command goes on"
    )
    killed_at("putting_back.sqlite_copy", "put_in_place", *options)
    assert asked(database, PASSWORD) == before
    refused = run("verify", "--data", place)
    assert refused.returncode == 2
    assert "run 'callvault restore' again" in refused.stderr
    killed_at("putting_back", "put_back_head", *options)
    done = restored(folder, whole, place)  # goes on, without being told to replace
    assert done.returncode == 0, done.stderr
    assert "Nobody may delete by hand: that stays." in done.stdout
    assert asked(database, PASSWORD) == asked(data / "callvault.sqlite3", PASSWORD)
    assert asked(database, "SELECT count(*) FROM configuration_deletionban") == [1]
    [detail] = asked(database, deeds("restored"))
    assert '"file": "one.cvbackup"' in str(detail)
    assert (place / "portal-secret-key").read_bytes() == (data / "portal-secret-key").read_bytes()
    assert not (place / "restore-in-progress").exists()
    [aside] = place.glob("callvault.sqlite3.before-restore-*")
    assert asked(aside, PASSWORD) == before
    assert run("verify", "--data", place).returncode == 0
