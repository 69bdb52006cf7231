"""Recordings taken away with proofs: checked by the command, and by plain OpenSSL and sha256sum."""

import json
import subprocess
import zipfile
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from callvault.commands.main import main
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.integrity.keeper import IntegrityKeeper
from callvault.portal.integrity.models import StampSettings
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from tests.portal.catalogue_facts import list_recording
from tests.portal.sealing import seal_audio
from tests.servers.time_stamp import Authority

pytestmark = pytest.mark.django_db

AUDIO = b"what was said" * 6000


@pytest.fixture
def recording(
    ann: User, data_folder: Path, keeper: IntegrityKeeper, authority: Authority
) -> Recording:
    """Ann's: sealed, signed in a day of three lines that is closed and time-stamped."""
    StampSettings.objects.create(url=authority.url, authorities=authority.root)
    list_recording(ann)
    made = seal_audio(list_recording(ann), data_folder, AUDIO)
    list_recording(ann)
    keeper.step(now=timezone.now() - timedelta(days=1))
    keeper.step(now=timezone.now())
    return made


def asked(client: Client, *recordings: Recording, **more: str) -> bytes:
    sent = {"recording": [str(one.recording_id) for one in recordings], "proofs": "yes", **more}
    answer = client.post("/recordings/zip", sent)
    assert answer.status_code == 200
    return answer.getvalue()


@pytest.fixture
def folder(recording: Recording, client: Client, ann: User, tmp_path: Path) -> Path:
    """The export, unpacked."""
    client.force_login(ann)
    unpacked = tmp_path / "evidence"
    zipfile.ZipFile(BytesIO(asked(client, recording))).extractall(unpacked)
    return unpacked


def verify(folder: Path, authority: Authority | None, *more: str | Path) -> int:
    key = folder.parent / "keys" / "audit" / "audit-1.pub.pem"
    words = ["verify", "evidence", folder, "--key", key, *more]
    if authority is not None:
        words += ["--authority", authority.folder / "root.pem"]
    return main([str(word) for word in words])


def test_an_export_holds_and_says_since_when(
    folder: Path, recording: Recording, authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(folder, authority, "--json", folder.parent / "report.json") == 0
    told = capsys.readouterr().out
    assert f"recording {recording.pk:06}" in told
    assert "by Example time stamps" in told
    assert "nothing is wrong" in told
    report = json.loads((folder.parent / "report.json").read_text())
    assert report["recordings"][0]["audio_compared"] is True
    entry = AuditEntry.objects.get(action=Action.DOWNLOADED)
    assert entry.detail["archive"].startswith("evidence-")


def test_without_a_certificate_the_stamp_is_not_believed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(folder, None) == 0
    assert "not checked: name the authority's certificate" in capsys.readouterr().out


def test_a_zip_is_read_as_it_is(
    recording: Recording, client: Client, ann: User, tmp_path: Path, authority: Authority
) -> None:
    client.force_login(ann)
    (tmp_path / "evidence.zip").write_bytes(asked(client, recording))
    assert verify(tmp_path / "evidence.zip", authority) == 0


def change(file: Path, old: bytes = b"", new: bytes = b"") -> None:
    data = file.read_bytes()
    file.write_bytes(data.replace(old, new) if old else data[:-1] + bytes([data[-1] ^ 1]))


TAMPERING = {
    "audio": ("recordings/*/audio.mp3", b"", b"", "object: "),
    "facts": ("recordings/*/content.json", b"+15550142", b"+15550199", "facts: "),
    "line": ("recordings/*/line.json", b'"kind":"sealed"', b'"kind":"sealed" ', "lines: "),
    "path": ("recordings/*/path.json", b'"index"', b'"indox"', None),
    "root": ("heads/1.json", b'"size":3', b'"size":4', "signature"),
    "signature": ("heads/1.sig", b"", b"", "signature"),
    "stamp": ("heads/1.tsr", b"", b"", "stamp: "),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERING)
def test_what_is_changed_in_an_export_is_found(
    folder: Path, authority: Authority, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pattern, old, new, told = TAMPERING[name]
    change(next(folder.glob(pattern)), old, new)
    if told is None:  # of no use to anybody: the index in the path is for plain tools
        assert verify(folder, authority) == 0
        return
    assert verify(folder, authority) == 1
    assert told in capsys.readouterr().out


@pytest.mark.parametrize("name", ["audio.mp3", "content.json", "line.json", "path.json"])
def test_what_is_missing_in_an_export_is_found(
    folder: Path, authority: Authority, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    next(folder.glob(f"recordings/*/{name}")).unlink()
    assert verify(folder, authority) == 1
    assert "1 thing is wrong" in capsys.readouterr().out


def test_a_key_that_comes_with_the_export_is_not_believed_by_itself(folder: Path) -> None:
    assert main(["verify", "evidence", str(folder)]) == 2


def test_plain_tools_check_the_same(folder: Path, recording: Recording) -> None:
    guide = Path("docs/guide/integrity.md").read_text()
    script = guide.split("```sh\n", 1)[1].split("```", 1)[0]
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "ID": str(recording.recording_id), "DAY": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Signature Verified Successfully" in done.stdout
    assert "Verification: OK" in done.stdout + done.stderr


def test_audio_whose_own_digest_is_not_known_is_proved_as_it_was_sealed(
    ann: User, data_folder: Path, keeper: IntegrityKeeper, client: Client, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    made = seal_audio(list_recording(ann), data_folder, AUDIO)
    for one in made.objects_sealed:
        one["plain_sha256"] = ""
    made.save()
    keeper.step(now=timezone.now())
    client.force_login(ann)
    (tmp_path / "evidence.zip").write_bytes(asked(client, made))
    assert verify(tmp_path / "evidence.zip", None) == 0
    assert "open audio.sealed to hear what is proved" in capsys.readouterr().out


def test_what_nothing_proves_stays_out_with_its_reason(
    recording: Recording, client: Client, ann: User, data_folder: Path
) -> None:
    fresh = seal_audio(list_recording(ann), data_folder, AUDIO)
    client.force_login(ann)
    answer = client.post("/recordings/zip", {
        "recording": [str(recording.recording_id), str(fresh.recording_id)], "proofs": "yes",
    })  # fmt: skip
    assert "not signed yet" in answer.content.decode()
    Recording.objects.filter(pk=recording.pk).update(duration_ms=1)
    answer = client.post(
        "/recordings/zip", {"recording": [str(recording.recording_id)], "proofs": "yes"}
    )
    assert answer.status_code == 409
    assert "changed since it was sealed" in answer.content.decode()
