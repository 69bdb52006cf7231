"""Two nodes on one PostgreSQL, one portal: a call of the other node is seen, paused and missed."""

import json
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.database.server import WHY_NOT, programs, running
from tests.flows.node import Node, Visitor, callvault, environment, sets, until

pytestmark = [
    pytest.mark.flow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(programs() is None, reason=WHY_NOT),
    pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="apt install espeak-ng"),
]
CALL = ("--calls", "1", "--seconds", "120-120", "--hold-share", "0", "--seed", "31", "--yes")


@dataclass
class Far:
    """A node without a portal: recorder and worker, each a process of its own."""

    data: Path
    settings: tuple[str, ...]
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def run(self, *words: str) -> None:
        """Start one of its programs, or what places calls to it."""
        with (self.data.parent / f"far-{words[0]}.log").open("a") as log:
            self.processes[words[0]] = subprocess.Popen(
                callvault(words[0], "--data", self.data, *sets(self.settings), *words[1:]),
                stdout=log,
                stderr=log,
                env=environment(),
            )

    def end(self, name: str, sign: signal.Signals = signal.SIGTERM) -> None:
        """End one of them, and wait until it has."""
        process = self.processes.pop(name)
        process.send_signal(sign)
        process.wait(60)

    def sip_port(self) -> int:
        """Return where its recorder listens; 0: nowhere yet."""
        with suppress(OSError, ValueError):
            said = json.loads((self.data / "run" / "recorder.json").read_bytes())
            return int(re.search(r"udp/tcp (\d+)", said["sip"])[1])  # type: ignore[index]
        return 0


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[tuple[Node, Far]]:
    """A node with a portal, and one without, which know of each other by the catalogue alone."""
    with running() as server:
        shared = (
            f"database.url={server.create('two')}",
            "control.advertised_address=127.0.0.1",
            "control.bind_address=127.0.0.1",
            "control.tls_port=0",
        )
        ports = ("sip.port=0", "web.port=0", "web.workers=1", "node.name=rec-1")
        near = Node(tmp_path / "near", (*shared, *ports)).start()
        far = Far(tmp_path / "far", (*shared, "sip.port=0", "node.name=rec-2"))
        far.data.mkdir()
        shutil.copy(near.data / "callvault.toml", far.data)
        shutil.copy(near.data / "portal-secret-key", far.data)
        shutil.copytree(near.data / "keys", far.data / "keys")
        try:
            far.run("recorder")
            until(lambda: far.sip_port() > 0)
            far.settings = (*far.settings[:-2], f"sip.port={far.sip_port()}", far.settings[-1])
            far.run("worker")
            yield near, far
        finally:
            for name in list(far.processes):
                far.end(name, signal.SIGKILL)
            near.stop()


def test_a_call_of_another_node_is_seen_paused_missed_and_found_again(
    nodes: tuple[Node, Far],
) -> None:
    near, far = nodes
    visitor = Visitor(near.portal).sign_in(near.password)
    far.run("simulate", *CALL)
    until(lambda: "/pause" in visitor.text("/live/table"), 60)
    page = visitor.text("/live/table")
    assert "rec-2" in page
    call = re.findall(r"/live/([0-9a-f-]{36})/pause\"", page)[0]
    assert f"/live/{call}/resume" in visitor.send("/live/", to=f"/live/{call}/pause")

    until(lambda: "1 call in progress" in visitor.text("/nodes/"))  # its worker reported it
    for name in ("worker", "recorder"):
        far.end(name, signal.SIGKILL)
    until(lambda: "rec-2 does not answer just now." in visitor.text("/live/table"))
    assert "It had 1 call when it reported last," in visitor.text("/live/table")

    for name in ("recorder", "worker"):  # it goes on with the call, which is paused
        far.run(name)
    until(lambda: "/resume" in visitor.text("/live/table"), 60)
    assert "does not answer just now" not in visitor.text("/live/table")
    (call,) = set(re.findall(r"/live/([0-9a-f-]{36})/resume\"", visitor.text("/live/table")))
    assert f"/live/{call}/pause" in visitor.send("/live/", to=f"/live/{call}/resume")
