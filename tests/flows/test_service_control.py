"""Service control with real processes: drain, take back, stop and start, from the portal's page."""

import re
import socket
import subprocess
from collections.abc import Iterator

import pytest

from tests.flows.node import Node, Visitor, callvault, environment, sets, until

pytestmark = [pytest.mark.flow, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """One for all tests, each of which leaves it recording."""
    node = Node(
        tmp_path_factory.mktemp("service") / "data",
        ("node.name=rec-1", "sip.port=0", "web.port=0", "web.workers=1"),
    ).start()
    yield node
    node.stop()


@pytest.fixture(scope="module")
def visitor(node: Node) -> Visitor:
    """The administrator."""
    return Visitor(node.portal).sign_in(node.password)


def takes_connections(node: Node) -> bool:
    """Whether the recorder's port is open."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", node.sip_port)) == 0


def order(visitor: Visitor, deed: str, **fields: str) -> None:
    page = f"/nodes/rec-1/{deed}" if deed != "start" else "/nodes/"
    assert "follows within ten seconds" in visitor.send(page, to=f"/nodes/rec-1/{deed}", **fields)


def test_a_node_drains_stops_and_starts_from_its_page(node: Node, visitor: Visitor) -> None:
    until(lambda: "rec-1/drain" in visitor.text("/nodes/"))
    calling = subprocess.Popen(
        node.simulation("--calls", "1", "--seconds", "25-25", "--hold-share", "0", "--yes"),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment(),
    )  # fmt: skip
    until(lambda: "1 call in progress" in visitor.text("/nodes/"))
    assert "1 call is in progress there." in visitor.text("/nodes/rec-1/drain")
    order(visitor, "drain")
    until(lambda: "Draining: 1 call left" in visitor.text("/nodes/"))
    order(visitor, "start")
    until(lambda: "rec-1/drain" in visitor.text("/nodes/"))
    told, _ = calling.communicate(timeout=90)
    assert calling.returncode == 0, told  # recorded to its end, and compared

    order(visitor, "stop", wait="60")
    until(lambda: "Stopped: takes no calls" in visitor.text("/nodes/"))
    assert not takes_connections(node)
    assert visitor.get("/healthz")[0] == 200  # the portal goes on
    # Over a restart of everything it stays so, and the start says that all is up.
    assert node.stop() == 0
    node.start()
    assert not takes_connections(node)
    until(lambda: "Stopped: takes no calls" in visitor.text("/nodes/"))

    order(visitor, "start")
    until(lambda: takes_connections(node))
    until(lambda: "rec-1/stop" in visitor.text("/nodes/"))
    log = visitor.text("/audit/")
    for sentence in ("drain: no new calls", "take calls again", " stop"):
        assert sentence in re.sub(r"<[^>]+>", "", log)


def test_a_stop_without_waiting_ends_the_call_and_keeps_what_it_had(
    node: Node, visitor: Visitor
) -> None:
    until(lambda: "rec-1/stop" in visitor.text("/nodes/"))
    calling = subprocess.Popen(
        node.simulation("--calls", "1", "--seconds", "60-60", "--hold-share", "0", "--yes"),
        stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT, env=environment(),
    )  # fmt: skip
    try:
        until(lambda: "1 call in progress" in visitor.text("/nodes/"))
        order(visitor, "stop", wait="0")
        until(lambda: "Stopped: takes no calls" in visitor.text("/nodes/"))
        until(lambda: "cv-row" in visitor.text("/recordings/") and not_waiting(visitor))
    finally:
        calling.kill()
        calling.wait()
    order(visitor, "start")
    until(lambda: takes_connections(node))


def not_waiting(visitor: Visitor) -> bool:
    """Whether the worker has finished everything."""
    facts = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", visitor.text("/nodes/")))
    return "Waiting to be finished Nothing" in facts


def test_the_command_line_gives_the_same_orders(node: Node) -> None:
    def drain(*options: str) -> str:
        done = subprocess.run(
            callvault("drain", "--data", node.data, *sets(node.settings), *options),
            check=True, capture_output=True, text=True, env=environment(), timeout=60,
        )  # fmt: skip
        return done.stdout

    until(lambda: takes_connections(node))
    assert drain("--stop").endswith("drained\n")
    assert not takes_connections(node)
    assert drain("--undo") == "the recorder takes calls again\n"
    until(lambda: takes_connections(node))
