"""systemd hears what it expects to hear."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from callvault.monitoring import Notifier


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ours:
        ours.bind(str(tmp_path / "notify"))
        ours.setblocking(False)
        yield ours


def heard(systemd: socket.socket) -> list[str]:
    return systemd.recv(4096).decode().split("\n")


def test_a_service_says_ready_alive_and_stopping(systemd: socket.socket) -> None:
    notifier = Notifier(systemd.getsockname())
    notifier.ready("0 calls in progress")
    assert heard(systemd) == ["READY=1", "STATUS=0 calls in progress"]
    notifier.alive("0 calls in progress")
    assert heard(systemd) == ["WATCHDOG=1"]
    notifier.alive("1 call in progress")
    assert heard(systemd) == ["WATCHDOG=1", "STATUS=1 call in progress"]
    notifier.stopping("closing journals")
    assert heard(systemd) == ["STOPPING=1", "STATUS=closing journals"]
    notifier.close()


def test_programs_started_by_the_service_do_not_speak_for_it(systemd: socket.socket) -> None:
    environment = {
        "NOTIFY_SOCKET": systemd.getsockname(),
        "WATCHDOG_USEC": "1",
        "WATCHDOG_PID": "1",
        "HOME": "/",
    }
    notifier = Notifier.from_environment(environment)
    assert environment == {"HOME": "/"}
    notifier.alive()
    assert heard(systemd) == ["WATCHDOG=1"]
    notifier.close()


def test_an_abstract_socket_is_reached() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ours:
        ours.bind("")  # the kernel draws an abstract name
        name = ours.getsockname()
        notifier = Notifier("@" + name[1:].decode())
        notifier.alive()
        assert heard(ours) == ["WATCHDOG=1"]
        notifier.close()


def test_without_systemd_nothing_is_said_and_nothing_fails(tmp_path: Path) -> None:
    Notifier.from_environment({}).alive()
    gone = Notifier(str(tmp_path / "nobody"))
    gone.ready("here")
    gone.close()
