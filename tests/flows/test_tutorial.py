"""The tutorial, followed word for word by a newcomer in a hurry."""

import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.node import ROOT, Visitor, environment, until
from tests.ports import free_pair

pytestmark = [
    pytest.mark.flow,
    pytest.mark.timeout(400),
    pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="apt install espeak-ng"),
]

TUTORIAL = (ROOT / "docs/tutorial/first-call.md").read_text(encoding="utf-8")
SERVE, THREE_CALLS, UNKNOWN_CALL = re.findall(r"```sh\n(.+?)\n```", TUTORIAL, re.S)


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The newcomer's environment: a folder and ports that no other test uses."""
    settings = f"sip.port={free_pair()}\nweb.port={free_pair()}\nweb.workers=1"
    data = tmp_path_factory.mktemp("newcomer") / "var"
    return environment() | {"DATA": str(data), "CALLVAULT_SET": settings}


@pytest.fixture(scope="module")
def said(newcomer: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What the first command printed when all was up."""
    log = tmp_path_factory.mktemp("terminal") / "first.txt"
    with log.open("w") as terminal:
        process = subprocess.Popen(
            SERVE.split(), cwd=ROOT, env=newcomer, stdout=terminal, stderr=terminal
        )
        try:
            until(lambda: "Ctrl+C stops it." in log.read_text(), seconds=240)
            yield log.read_text()
        except AssertionError:
            pytest.fail(f"it never said how to stop it:\n{log.read_text()}")
        finally:
            stop(process)


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Press Ctrl+C in the first terminal: make and its children get the signal."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    for child in children:
        subprocess.run(["kill", f"-{signal.SIGINT.value}", child], check=False)
    process.wait(60)


def in_the_second_terminal(command: str, newcomer: dict[str, str]) -> str:
    """Type a command as the tutorial has it, and return what it prints."""
    done = subprocess.run(
        ["sh", "-c", command], cwd=ROOT, env=newcomer, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def portal(said: str) -> Visitor:
    """The portal, after signing in with the one-time password that was printed."""
    (address,) = re.findall(r"Portal +(\S+)", said)
    (password,) = re.findall(r"Password +(\S+)", said)
    return Visitor(address).sign_in(password)


@pytest.fixture(scope="module")
def three_calls(newcomer: dict[str, str], said: str) -> str:
    """What the second command printed."""
    return in_the_second_terminal(THREE_CALLS, newcomer)


def test_three_calls_are_placed_and_recorded(three_calls: str) -> None:
    assert "3 of 3 recordings are there." in three_calls
    assert "Owner left and remote party right in all of them." in three_calls


@pytest.mark.usefixtures("three_calls")
def test_the_list_shows_them_and_one_plays(portal: Visitor) -> None:
    addresses = set(re.findall(r"/recordings/[0-9a-f-]{36}/(?=\")", portal.text("/recordings/")))
    assert len(addresses) == 3
    page = portal.text(addresses.pop())
    assert "Timeline" in page
    (audio,) = set(re.findall(r"/recordings/[0-9a-f-]{36}/audio", page))
    assert portal.get(audio, Range="bytes=0-99")[0] == 206


def test_a_call_of_nobody_is_listed_with_a_way_out(
    newcomer: dict[str, str], portal: Visitor
) -> None:
    in_the_second_terminal(UNKNOWN_CALL, newcomer)
    page = portal.text("/decisions/")
    assert "Discarded" in page
    assert "Create a user for" in page
