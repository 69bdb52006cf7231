"""A node that is watched: metrics, health, drain, and systemd's messages, with real processes."""

import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest

from tests.flows.node import Node, callvault, environment, sets, until

pytestmark = [pytest.mark.flow, pytest.mark.timeout(180)]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except URLError:
        return 0, ""


@pytest.fixture
def ports() -> dict[str, int]:
    return {name: free_port() for name in ("recorder", "worker", "web")}


@pytest.fixture
def node(tmp_path: Path, ports: dict[str, int]) -> Iterator[Node]:
    metrics = tuple(f"metrics.{name}_port={port}" for name, port in ports.items())
    node = Node(tmp_path / "data", ("sip.port=0", "web.port=0", "web.workers=1", *metrics)).start()
    yield node
    node.stop()


def test_a_call_is_counted_logged_step_by_step_and_a_drain_ends_after_the_last_one(
    node: Node, ports: dict[str, int]
) -> None:
    for port in ports.values():
        until(lambda port=port: get(port, "/readyz")[0] == 200)  # type: ignore[misc]
        assert get(port, "/healthz") == (200, "ok\n")
    done = node.simulate("--calls", "2", "--seconds", "3-4", "--hold-share", "0", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    wanted_line = 'callvault_calls_total{trunk="This machine",verdict="recorded"} 2.0'
    until(lambda: wanted_line in get(ports["worker"], "/metrics")[1])
    recorder = get(ports["recorder"], "/metrics")[1]
    assert 'callvault_recorder_invites_total{trunk="This machine"} 2.0' in recorder
    assert re.search(r"^callvault_capture_packets_total [1-9]", recorder, re.M)

    story = node.log.read_text()
    rs = re.search(r"rs=([0-9a-f-]{36}) offered", story)
    assert rs is not None
    steps = re.findall(rf"rs={rs[1]} (\w+)", story)
    wanted = ["offered", "established", "captured", "spooled", "sealed", "listed"]
    assert [step for step in steps if step in wanted] == wanted

    drained = subprocess.run(
        callvault("drain", "--data", node.data, *sets(node.settings), "--stay"),
        check=False,
        capture_output=True,
        text=True,
        env=environment(),
        timeout=30,
    )
    assert (drained.returncode, drained.stdout) == (0, "0 calls left\ndrained\n"), drained.stderr
    assert get(ports["recorder"], "/readyz") == (503, "draining, 0 calls left\n")
    refused = node.simulate("--calls", "1", "--seconds", "2-2", "--wait", "1", "--yes")
    assert refused.returncode == 1
    subprocess.run(
        callvault("drain", "--data", node.data, *sets(node.settings), "--undo"),
        check=True,
        capture_output=True,
        env=environment(),
    )
    until(lambda: get(ports["recorder"], "/readyz")[0] == 200)


def test_systemd_hears_from_serve_alone(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(30)
        os.environ["NOTIFY_SOCKET"] = str(tmp_path / "notify")
        off = tuple(f"metrics.{name}_port=0" for name in ("recorder", "worker", "web"))
        settings = ("sip.port=0", "web.port=0", "web.workers=1", *off)
        try:
            node = Node(tmp_path / "data", settings).start()
        finally:
            del os.environ["NOTIFY_SOCKET"]
        first = systemd.recv(4096).decode()
        assert first == "READY=1\nSTATUS=recorder, worker and portal run"
        assert systemd.recv(4096) == b"WATCHDOG=1"
        assert node.stop() == 0
        said = first
        while "STOPPING=1" not in said:
            said = systemd.recv(4096).decode()
            assert "READY" not in said


def test_a_signal_to_serve_restarts_the_recorder_and_nothing_else(
    node: Node, ports: dict[str, int]
) -> None:
    until(lambda: get(ports["recorder"], "/readyz")[0] == 200)
    assert node.process is not None
    node.process.send_signal(signal.SIGUSR1)
    until(lambda: "recorder ended (exit code 0)" in node.log.read_text())
    until(lambda: get(ports["recorder"], "/readyz")[0] == 200)
    assert "worker ended" not in node.log.read_text()
