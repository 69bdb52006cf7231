"""`decode` as a process, on a vault with a call of which one side was not decoded."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.audio import encoders
from tests.audio.wire import Sender, speech
from tests.commands.test_node_commands import run
from tests.commands.test_recover_verify import entries, folder_of
from tests.finalise.bench import Node, RecordedCall, assignment
from tests.finalise.test_worker import spooled
from tests.flows.node import callvault, environment
from tests.migrated import put_database

pytestmark = pytest.mark.flow
pytest.importorskip("av")


def without_codecs(shadow: Path, *arguments: object) -> "subprocess.CompletedProcess[str]":
    """Run a command where Python finds no PyAV."""
    around = environment()
    around["PYTHONPATH"] = f"{shadow}{os.pathsep}{around.get('PYTHONPATH', '')}"
    return subprocess.run(
        callvault(*arguments), check=False, capture_output=True, text=True, env=around
    )


def test_a_call_recorded_without_codecs_is_decoded_once_with_them(tmp_path: Path) -> None:

    data, lost = tmp_path / "data", tmp_path / "lost"
    lost.mkdir()
    put_database(data)
    assert run("init", "--data", data).returncode == 0
    node = Node(lost)
    owner, remote = Sender(), Sender(ssrc=0x22, payload_type=18)
    owner.say(speech(6))
    for frame in encoders.g729(encoders.spoken(8000)):
        remote.send(frame, ticks=80)
    spooled(node, RecordedCall({0: owner.arrivals, 1: remote.arrivals}, (assignment(),), 6))
    keys = folder_of(node) / "keys" / "ingest"
    key = ("--key", keys / "ingest-1.key.pem", "--name", "old", "--role", "ingest")
    assert run("keys", "import", keys / "ingest-1.crt.pem", *key, "--data", data).returncode == 0
    shadow = tmp_path / "without" / "sitecustomize.py"
    shadow.parent.mkdir()
    shadow.write_text(
        "import importlib.util as u\n_find = u.find_spec\n"
        "u.find_spec = lambda name, *more: None if name == 'av' else _find(name, *more)\n"
    )
    assert without_codecs(shadow.parent, "recover", lost, "--data", data).returncode == 0
    refused = without_codecs(shadow.parent, "decode", "--data", data)
    assert refused.returncode == 2
    assert "codecs extra is not installed" in refused.stderr
    assert "1 recording with packets" in run("decode", "--list", "--data", data).stdout
    done = run("decode", "--data", data)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "decoded" in done.stdout
    assert "0 recordings with packets" in run("decode", "--list", "--data", data).stdout
    actions = [action for action, _told in entries(data)]
    assert actions.count("decoded_again") == 1
    checked = run("verify", "--data", data)
    assert checked.returncode == 0, checked.stdout
    assert "Nothing is wrong." in checked.stdout
