"""Encrypted calls on a whole node: placed by the simulator, decrypted, compared, and shown."""

import base64
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from callvault.simulator.sealing import Sealing
from tests.flows.node import Node, Visitor, until

pytestmark = [
    pytest.mark.flow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="apt install espeak-ng"),
]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node that has just been started for the first time."""
    started = Node(tmp_path_factory.mktemp("node") / "data").start()
    try:
        yield started
    finally:
        started.stop()


@pytest.mark.parametrize("suite", ["AES_CM_128_HMAC_SHA1_80", "AES_256_CM_HMAC_SHA1_32"])
def test_encrypted_calls_with_new_keys_after_a_hold_are_recorded_whole(
    node: Node, suite: str
) -> None:
    done = node.simulate(
        *("--srtp", suite, "--transport", "tcp", "--hold-share", "1"),
        *("--calls", "2", "--concurrent", "2", "--seconds", "6-7", "--seed", "11", "--yes"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for index in range(2):
        # The simulator draws its keys from its seed, so they can be looked for.
        sealing = Sealing(suite, streams=2, rng=Random(f"11/{index}/keys"))
        before = keys_of(sealing)
        sealing.change_keys()
        assert_nowhere(node, [*before, *keys_of(sealing)])


def keys_of(sealing: Sealing) -> list[bytes]:
    return [one.told for one in sealing.streams]


def assert_nowhere(node: Node, keys: list[bytes]) -> None:
    """No file of the node holds a key: catalogue, vault, spool, policy, nor the log beside it."""
    contents = [path.read_bytes() for path in [*files_of(node.data), node.log]]
    for key in keys:
        for form in (key, base64.b64encode(key), key.hex().encode()):
            assert not any(form in content for content in contents)


def test_a_wrong_key_shows_on_the_recording_and_among_the_nodes_reports(node: Node) -> None:
    done = node.simulate(
        *("--srtp", "AEAD_AES_256_GCM", "--srtp-wrong-key", "--transport", "tcp"),
        *("--calls", "1", "--seconds", "7-8", "--hold-share", "0", "--seed", "12", "--yes"),
    )
    assert done.returncode == 1
    assert "channels unlike" in done.stdout
    visitor = Visitor(node.portal).sign_in(node.password)
    newest = re.findall(r"/recordings/[0-9a-f-]{36}/", visitor.text("/recordings/"))[0]
    page = visitor.text(newest)
    for told in (
        "100% not decrypted",
        "Audio cannot be decrypted",
        "Encryption keys came unprotected",
    ):
        assert told in page
    until(lambda: "Audio of a call cannot be decrypted" in visitor.text("/decisions/"))
    assert " inline:" not in node.log.read_text()
    assert not any(b" inline:" in path.read_bytes() for path in files_of(node.data))


def files_of(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
