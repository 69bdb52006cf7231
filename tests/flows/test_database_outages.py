"""A node on PostgreSQL, and on SQLite, whose database is taken away in every way there is.

Calls must go on being answered and recorded, and all must be listed by itself afterwards. One
node serves the tests on PostgreSQL; each leaves it as it found it.
"""

import json
import re
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from tests.database.server import WHY_NOT, Server, programs, running
from tests.flows.node import Node, Visitor, callvault, environment, sets, until

pytestmark = [
    pytest.mark.flow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="apt install espeak-ng"),
]
on_postgresql = [
    pytest.mark.skipif(programs() is None, reason=WHY_NOT),
]

# Of users whom the first calls created, so that they belong to somebody while nobody can be asked.
CALL = ("--calls", "2", "--concurrent", "2", "--seconds", "4", "--seed", "31")
CROWD = ("--calls", "6", "--concurrent", "6", "--seconds", "4", "--seed", "32")
FREE_PORTS = ("sip.port=0", "web.port=0", "web.workers=1")
LOCKED_S = 30.0


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A PostgreSQL of these tests' own."""
    with running() as started:
        yield started


@pytest.fixture(scope="module")
def node(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """Recorder, worker and portal on it, with limits that suit a test's patience."""
    settings = (
        f"database.url={server.create('calls')}",
        "database.connect_timeout_s=2",
        "database.statement_timeout_s=2",
    )
    yield from served(Node(tmp_path_factory.mktemp("pg") / "data", (*FREE_PORTS, *settings)))


@pytest.fixture
def node_on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """The same on SQLite."""
    yield from served(Node(tmp_path_factory.mktemp("sqlite") / "data", FREE_PORTS))


def served(node: Node) -> Iterator[Node]:
    """Run a node on which the callers' users are known already."""
    node.start()
    try:
        done = node.simulate(*CALL, "--yes")
        assert "2 of 2 recordings are there" in done.stdout, done.stdout + node.log.read_text()
        yield node
    finally:
        if node.process is not None and node.process.poll() is None:
            node.stop()


@pytest.fixture(scope="module")
def visitor(node: Node) -> Visitor:
    """The administrator of the node on PostgreSQL."""
    return Visitor(node.portal).sign_in(node.password)


def listed(visitor: Visitor) -> int:
    """Return how many recordings the portal shows; -1: it shows none just now."""
    status, _, page = visitor.get("/recordings/?size=100")
    if status != 200:
        return -1
    return len(set(re.findall(rb"/recordings/[0-9a-f-]{36}/(?=\")", page)))


def place(node: Node) -> None:
    """Place calls as a PBX would: it knows nothing of any database."""
    done = subprocess.run(
        node.simulation(*CALL, "--place-only"),
        check=False,
        capture_output=True,
        text=True,
        env=environment(),
    )
    assert done.returncode == 0, done.stdout + done.stderr


def waiting(node: Node) -> int:
    """Return how many calls wait on the spool."""
    return len([path for path in (node.data / "spool").glob("*.cvj") if "events" not in path.name])


def read_only(server: Server) -> None:
    """Refuse all writes, as a standby does."""
    server.sql("ALTER SYSTEM SET default_transaction_read_only = on")
    server.sql("SELECT pg_reload_conf()")


def writable(server: Server) -> None:
    """Take them again."""
    server.sql("ALTER SYSTEM RESET default_transaction_read_only")
    server.sql("SELECT pg_reload_conf()")


OUTAGES: dict[str, tuple[Callable[[Server], None], Callable[[Server], None]]] = {
    "gone": (Server.stop, Server.start),
    "frozen": (Server.pause, Server.resume),
    "read-only": (read_only, writable),
}


@pytest.mark.parametrize("outage", OUTAGES)
@pytest.mark.usefixtures("visitor")
class TestOnPostgreSQL:
    """Each outage in turn."""

    pytestmark = on_postgresql

    def test_calls_are_recorded_while_it_lasts_and_listed_when_it_is_over(
        self, node: Node, server: Server, visitor: Visitor, outage: str
    ) -> None:
        before = listed(visitor)
        begin, end = OUTAGES[outage]
        begin(server)
        try:
            place(node)
            assert waiting(node) == 2
            if outage != "read-only":
                status, headers, page = visitor.get("/recordings/")
                assert (status, headers["Retry-After"]) == (503, "10")
                assert b"Calls go on being recorded" in page
                assert visitor.get("/healthz")[0] == 503
        finally:
            end(server)
        until(lambda: listed(visitor) == before + 2, 60)
        until(lambda: waiting(node) == 0)
        assert "failed attempt=" not in node.log.read_text()


@pytest.mark.usefixtures("visitor")
class TestProcessesOnPostgreSQL:
    """Processes that start, die and work side by side."""

    pytestmark = on_postgresql

    def test_a_recorder_that_starts_without_database_goes_by_the_policy_it_knew(
        self, node: Node, server: Server, visitor: Visitor
    ) -> None:
        before = listed(visitor)
        server.stop()
        try:
            old = heartbeat(node)
            node.kill("recorder")
            until(lambda: heartbeat(node) > old + 3_000_000_000)
            place(node)
        finally:
            server.start()
        until(lambda: listed(visitor) == before + 2, 60)

    def test_serve_starts_without_database_and_is_whole_when_that_comes_back(
        self, node: Node, server: Server, visitor: Visitor
    ) -> None:
        before = listed(visitor)
        server.stop()
        try:
            assert node.stop() == 0
            node.start()
            place(node)
        finally:
            server.start()
        until(lambda: listed(visitor) == before + 2, 60)
        until(lambda: "the database is there and up to date" in node.log.read_text())

    def test_a_second_node_and_a_second_worker_share_the_work(
        self, node: Node, visitor: Visitor
    ) -> None:
        known = node.simulate(*CROWD, "--yes")  # its users are known from here on
        assert "6 of 6 recordings are there" in known.stdout, known.stdout + known.stderr
        before = listed(visitor)
        other = Node(
            node.data.parent / "other",
            (
                *FREE_PORTS,
                next(one for one in node.settings if one.startswith("database.")),
                "node.name=callvault-2",
                f"vault.folder={node.data / 'vault'}",
                f"vault.key_folder={node.data / 'keys'}",
            ),
        )
        helping = subprocess.Popen(
            callvault("worker", "--data", node.data, *sets(node.settings)),
            env=environment(),
            stderr=subprocess.DEVNULL,
        )
        try:
            other.start()
            both = [
                subprocess.Popen(
                    one.simulation(*CROWD, "--place-only"),
                    stdout=subprocess.DEVNULL,
                    env=environment(),
                )
                for one in (node, other)
            ]
            assert [one.wait(120) for one in both] == [0, 0]
            node.kill("worker")  # in mid-work; another goes on
            until(lambda: listed(visitor) == before + 12, 60)
            until(lambda: waiting(node) + waiting(other) == 0)
        finally:
            helping.send_signal(signal.SIGKILL)
            helping.wait()
            other.stop()
        assert listed(visitor) == before + 12


def heartbeat(node: Node) -> int:
    """Return when the recorder last said that it runs."""
    return int(json.loads((node.data / "run" / "recorder.json").read_bytes())["at_ns"])


def test_while_another_process_holds_sqlites_write_lock_calls_are_recorded(
    node_on_sqlite: Node,
) -> None:
    node = node_on_sqlite
    visitor = Visitor(node.portal).sign_in(node.password)
    before = listed(visitor)
    with closing(sqlite3.connect(node.data / "callvault.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        locked_at = time.monotonic()
        place(node)
        assert listed(visitor) == before  # pages are read all the while
        assert waiting(node) == 2
        until(lambda: time.monotonic() - locked_at >= LOCKED_S, LOCKED_S + 5)
        other.execute("ROLLBACK")
    until(lambda: listed(visitor) == before + 2)
    assert "failed attempt=" not in node.log.read_text()
