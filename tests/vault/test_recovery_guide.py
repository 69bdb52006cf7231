"""The recovery guide, followed word for word: its commands run as they stand there."""

import os
import re
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest

from callvault.vault import (
    KeyKind,
    Keyring,
    LocalStore,
    ObjectKind,
    RecordingObjects,
    Role,
    create_first_certificates,
    open_key,
    seal_key,
)
from callvault.vault.objects import folder_of

GUIDE = Path(__file__).parents[2] / "docs/guide/recover-without-callvault.md"
ID = UUID("3fa2c1d05a7b4c3e9d1f2b3c4d5e6f70")
OTHER_ID = UUID("3fa2c1d05a7b4c3e9d1f2b3c4d5e6f71")
AUDIO = bytes(range(256)) * 1000
SIDECAR = b'{"owner":"Elena Ferri"}'


def blocks(language: str) -> list[str]:
    text = GUIDE.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


def make_data_folder(folder: Path, kind: KeyKind) -> None:
    """Two recordings; the second was given a new envelope, as after a change of certificates."""
    keyring = create_first_certificates(folder / "keys", kind=kind)
    store = LocalStore(folder / "vault")
    for recording_id in (ID, OTHER_ID):
        sealer = RecordingObjects(store).begin(recording_id, keyring.current(Role.ARCHIVE))
        with sealer.create(ObjectKind.AUDIO) as file:
            file.write(AUDIO)
        sealer.finish(SIDECAR)
    wrap_again(store, keyring)


def wrap_again(store: LocalStore, keyring: Keyring) -> None:
    name = folder_of(OTHER_ID) + "envelope.1"
    stored = store.open(name)
    key = open_key(stored.read(0, stored.size), keyring)
    stored.close()
    with store.create(folder_of(OTHER_ID) + "envelope.10") as file:
        file.write(seal_key(key, keyring.current(Role.ARCHIVE)))
    with store.create(name) as file:
        file.write(b"an old one that would not open")


@pytest.mark.flow
@pytest.mark.parametrize("kind", list(KeyKind))
def test_the_guide_recovers_what_was_recorded(kind: KeyKind, tmp_path: Path) -> None:
    make_data_folder(tmp_path, kind)
    (script,) = blocks("python")
    (tmp_path / "open_sealed.py").write_text(script, encoding="utf-8")
    shown = [run(commands, tmp_path) for commands in blocks("sh")]
    assert "CN=Callvault archive" in shown[0]
    assert (tmp_path / "call.mp3").read_bytes() == AUDIO
    assert (tmp_path / "call.json").read_bytes() == SIDECAR
    assert {path.name: path.read_bytes() for path in (tmp_path / "recovered").iterdir()} == {
        f"{ID.hex}.mp3": AUDIO,
        f"{OTHER_ID.hex}.mp3": AUDIO,
    }
    assert not (tmp_path / "data-key").exists()


def run(commands: str, folder: Path) -> str:
    """Run a block of the guide where `python3` has Tink; return what it shows."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-e", "-c", commands],
        cwd=folder,
        env={**os.environ, "PATH": path},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
