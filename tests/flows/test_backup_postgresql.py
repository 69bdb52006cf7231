"""Backup and restore of a PostgreSQL database: the same rows, and all of them or none."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.test_backup import KILLED
from tests.commands.test_node_commands import run
from tests.database.server import WHY_NOT, Server, programs, running
from tests.flows.node import environment

pytestmark = [
    pytest.mark.flow,
    pytest.mark.skipif(programs() is None, reason=WHY_NOT),
]
TABLES = ("people_user", "configuration_trunk", "audit_chainstate", "django_content_type")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server."""
    with running() as started:
        yield started


@pytest.fixture(scope="module")
def backup(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a system on PostgreSQL, with a row whose text has to be quoted."""
    folder = tmp_path_factory.mktemp("postgresql")
    url = f"database.url={server.create('first')}"
    made = run("init", "--data", folder / "first", "--set", url)
    assert made.returncode == 0, made.stderr
    server.sql("UPDATE people_user SET last_name = E'O\\'Nei\\tl\\\\ \\n é'", database="first")
    server.sql("SELECT setval('people_user_id_seq', 70)", database="first")
    file = folder / "one.cvbackup"
    done = run("backup", "--data", folder / "first", "--to", file, "--set", url)
    assert done.returncode == 0, done.stderr
    return file


def rows(server: Server, database: str) -> dict[str, str]:
    """Return the digest of each table's rows."""
    return {
        table: server.sql(
            f"SELECT md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM {table} t",  # noqa: S608
            database=database,
        )
        for table in TABLES
    }


def test_a_restore_brings_the_same_rows_or_leaves_what_there_was(
    server: Server, backup: Path
) -> None:
    folder = backup.parent
    url = f"database.url={server.create('second')}"
    options = ("restore", backup, "--data", folder / "second", "--set", url)
    script = KILLED.format(module="putting_back", name="uphold", trouble="")
    killed = subprocess.run(
        [sys.executable, "-c", script, *map(str, options)],
        check=False, capture_output=True, env=environment(),
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert server.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'",
                      database="second") == "0"  # fmt: skip
    done = run(*options)
    assert done.returncode == 0, done.stderr
    assert rows(server, "second") == rows(server, "first")
    value = server.sql("SELECT last_value FROM people_user_id_seq", database="second")
    assert int(value) == 70
    names = "SELECT string_agg(tgname, ' ' ORDER BY tgname) FROM pg_trigger WHERE tgenabled = 'O'" \
            " AND NOT tgisinternal"  # fmt: skip
    assert server.sql(names, database="second") == server.sql(names, database="first")


def test_a_backup_of_the_other_database_is_refused(server: Server, backup: Path) -> None:
    done = run(
        "restore", backup, "--data", backup.parent / "third", "--set", "database.url=sqlite:x"
    )
    assert done.returncode == 2
    assert "is of a PostgreSQL database and this node has SQLite" in done.stderr
    assert not (backup.parent / "third" / "callvault.toml").exists()
