"""A system that is lost: backed up while it records, restored elsewhere, and its calls played."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from callvault.simulator.channels import decode
from callvault.vault import Keyring, Role
from tests.commands.test_node_commands import run
from tests.flows.node import OWN_PASSWORD, Node, Visitor, environment, until

pytestmark = [
    pytest.mark.flow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="apt install espeak-ng"),
]


def is_a_call(journal: Path) -> bool:
    """Whether it is the journal of a call, and not that of the node's events."""
    return not journal.name.startswith("events-")


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node with a recording, which is stopped for good after its backup."""
    node = Node(tmp_path_factory.mktemp("lost") / "data").start()
    try:
        Visitor(node.portal).sign_in(node.password)
        calls = ("--calls", "1", "--hold-share", "0", "--yes")
        done = node.simulate(*calls, "--seconds", "2")
        assert done.returncode == 0, done.stdout + done.stderr
        yield node
    finally:
        if node.process is not None and node.process.poll() is None:
            node.stop()


@pytest.fixture(scope="module")
def backup(lost: Node) -> Path:
    """Made while another call is recorded; then the machine burns down, but for its keys."""
    more = lost.simulation("--calls", "1", "--seconds", "60", "--yes")
    with subprocess.Popen(
        more, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment()
    ) as calls:
        until(lambda: any(is_a_call(path) for path in (lost.data / "spool").rglob("*.cvj")))
        place = lost.data.parent
        done = run("backup", "--data", lost.data, "--to", place, "--with-recordings")
        assert done.returncode == 0, done.stderr
        assert calls.poll() is None  # it was in progress all the time
        calls.terminate()
        calls.wait(60)
    lost.stop()
    [file] = place.glob("callvault-*.cvbackup")
    return file


@pytest.fixture(scope="module")
def found(lost: Node, backup: Path) -> Iterator[Node]:
    """Another machine with the backup, and without any private key."""
    data = lost.data.parent / "found"
    done = run("restore", backup, "--data", data)
    assert done.returncode == 0, done.stderr
    assert "Restored 1 recording" in done.stdout
    assert "The private key of this archive certificate is not here:" in done.stdout
    node = Node(data).start()
    try:
        yield node
    finally:
        node.stop()


def test_a_restored_system_plays_once_its_certificate_is_there(lost: Node, found: Node) -> None:
    visitor = Visitor(found.portal)
    visitor.send("/sign-in/", login="admin", password=OWN_PASSWORD)
    listed_here = visitor.text("/recordings/")
    addresses = sorted(set(re.findall(r"/recordings/[0-9a-f-]{36}/(?=\")", listed_here)))
    assert len(addresses) == 1
    page = visitor.text(addresses[0])
    [archive] = Keyring.load(lost.data / "keys").current(Role.ARCHIVE)
    told = re.sub(r"<[^>]*>|[^0-9A-Fa-f]", "", page).upper()
    assert archive.info.sha256.upper() in told  # which certificate is missing
    assert "CN=Callvault archive" in page
    old = lost.data / "keys" / "archive"
    key = ("--key", old / "archive-1.key.pem", "--name", "archive-1")
    brought = run("keys", "import", old / "archive-1.crt.pem", *key, "--data", found.data)
    assert brought.returncode == 0, brought.stderr
    for address in addresses:
        status, headers, sound = visitor.get(address + "audio")
        assert (status, headers["Content-Type"]) == (200, "audio/mpeg")
        assert decode(sound).length_ms > 1_500
    assert "Nothing is deleted since a backup was restored" in visitor.text("/settings/retention/")
