"""Several recordings as one ZIP, out of real sealed objects: whole, or not taken for whole."""

import csv
import io
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.http import HttpResponseBase
from django.test import Client
from django.utils import timezone

from callvault.errors import ObjectMissing, SealBroken, VaultError
from callvault.policy.decision import Party
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.configuration.models import SystemSettings
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User
from callvault.portal.recordings import zip_stream
from callvault.portal.recordings.file_names import file_name
from callvault.portal.recordings.models import Recording
from callvault.portal.recordings.permissions import Refused
from callvault.portal.recordings.zip_plan import COLUMNS, MAX_BYTES, MAX_RECORDINGS
from callvault.vault import (
    KeyKind,
    LocalStore,
    ObjectKind,
    RecordingObjects,
    Role,
    create_first_certificates,
)
from tests.portal.catalogue_facts import Spoken, list_recording

pytestmark = pytest.mark.django_db
ADDRESS = "/recordings/zip"
ROME = ZoneInfo("Europe/Rome")
Seal = Callable[[Recording, bytes], Recording]


@pytest.fixture(autouse=True)
def _every_place_is_given_back(db: None) -> Iterator[None]:
    SystemSettings.objects.create()
    yield
    taken = [zip_stream._places.acquire(blocking=False) for _ in range(zip_stream.AT_A_TIME)]
    zip_stream._places.release(sum(taken))
    assert all(taken)


@pytest.fixture
def seal(data_folder: Path) -> Seal:
    """Seal the audio of recordings in a vault of their own."""
    certificates = create_first_certificates(data_folder / "keys", kind=KeyKind.EC)
    objects = RecordingObjects(LocalStore(data_folder / "vault"))

    def sealed(recording: Recording, audio: bytes) -> Recording:
        sealer = objects.begin(recording.recording_id, certificates.current(Role.ARCHIVE))
        with sealer.create(ObjectKind.AUDIO) as file:
            file.write(audio)
        sealer.finish(b"{}")
        recording.size_bytes = len(audio)
        recording.save()
        return recording

    return sealed


@pytest.fixture
def pair(ann: User, seal: Seal) -> list[Recording]:
    """Two recordings of Ann; the newer one first, as the manifest has them."""
    older = list_recording(ann, Spoken(started_at=datetime(2026, 11, 22, 8, tzinfo=UTC)))
    newer = list_recording(ann, Spoken(remote=Party("+390212345678", "Zoë")))
    return [seal(newer, b"\xff\xfb" * 100_000), seal(older, b"older")]


@pytest.fixture
def sam_client(client: Client, sam: User) -> Client:
    client.force_login(sam)
    return client


def ask(client: Client, *recordings: Recording, **more: str) -> HttpResponseBase:
    ids = [str(one.recording_id) for one in recordings]
    return client.post(ADDRESS, {"recording": ids, **more})


def bytes_of(answer: HttpResponseBase) -> bytes:
    assert answer["Content-Type"] == "application/zip"
    return b"".join(answer)


def manifest_of(archive: zipfile.ZipFile) -> list[dict[str, str]]:
    text = archive.read("manifest.csv").decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_the_selected_are_one_zip_of_the_length_that_was_said(
    sam_client: Client, pair: list[Recording]
) -> None:
    SystemSettings.objects.update(zone="Europe/Rome")
    answer = ask(sam_client, *pair)
    today = f"{timezone.now().astimezone(ROME):%Y-%m-%d}"
    assert answer["Content-Disposition"] == f'attachment; filename="recordings-{today}.zip"'
    assert "no-store" in answer["Cache-Control"]
    content = bytes_of(answer)
    assert len(content) == int(answer["Content-Length"])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        names = [file_name(one, zone=ROME) for one in pair]
        assert archive.namelist() == [*names, "manifest.csv"]
        assert {one.compress_type for one in archive.infolist()} == {zipfile.ZIP_STORED}
        assert archive.read(names[0]) == b"\xff\xfb" * 100_000
        rows = manifest_of(archive)
        digests = [sha256(archive.read(name)).hexdigest() for name in names]
    assert tuple(rows[0]) == COLUMNS
    assert [row["recording_id"] for row in rows] == [str(one.recording_id) for one in pair]
    assert [row["sha256"] for row in rows] == digests
    assert [row["file_name"] for row in rows] == names
    assert [row["left_out"] for row in rows] == ["", ""]


def test_each_is_in_the_audit_log_before_its_bytes_go(
    sam_client: Client, sam: User, pair: list[Recording]
) -> None:
    chunks = iter(ask(sam_client, *pair))
    assert not AuditEntry.objects.filter(action=Action.DOWNLOADED).exists()
    next(chunks)
    entry = AuditEntry.objects.get(action=Action.DOWNLOADED)
    assert (entry.actor, entry.object_id) == (sam, str(pair[0].recording_id))
    assert entry.detail["archive"].startswith("recordings-")
    list(chunks)
    entries = AuditEntry.objects.filter(action=Action.DOWNLOADED).order_by("pk")
    assert [one.object_id for one in entries] == [str(one.recording_id) for one in pair]


def test_without_its_audit_entry_no_byte_of_a_recording_goes(
    sam_client: Client, pair: list[Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object, **_more: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(zip_stream, "record", fail)
    sent: list[bytes] = []
    with pytest.raises(OSError, match="disk full"):
        sent.extend(ask(sam_client, *pair))
    assert sent == []


@pytest.fixture
def mixed(pair: list[Recording], ann: User, seal: Seal, data_folder: Path) -> list[Recording]:
    """Two that open, one that was changed in the vault, one that is not there."""
    changed = seal(list_recording(ann), b"spoilt")
    path = data_folder / "vault" / _audio_path(data_folder, changed)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    return [*pair, changed, list_recording(ann)]


def _audio_path(data_folder: Path, recording: Recording) -> Path:
    paths = (data_folder / "vault").rglob("audio.mp3")
    wanted = (recording.recording_id.hex, str(recording.recording_id))
    return next(path for path in paths if any(one in str(path) for one in wanted))


def test_what_stays_out_is_counted_first_and_listed_in_the_manifest(
    sam_client: Client, otto: User, mixed: list[Recording]
) -> None:
    foreign = list_recording(otto)
    page = ask(sam_client, *mixed, foreign)
    text = page.content.decode()  # type: ignore[attr-defined]
    assert page.status_code == 200
    assert "Download 2 of 5 recordings?" in text
    assert "12 min 24 s" in text.replace("\xa0", " ")  # of the two
    assert "2 stay out" in text
    assert "1 is not there any more." in text
    assert "This recording was changed after it was sealed" in text
    assert not AuditEntry.objects.filter(action=Action.DOWNLOADED).exists()
    content = bytes_of(ask(sam_client, *mixed, foreign, confirmed="yes"))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        reasons = {row["recording_id"]: row["left_out"] for row in manifest_of(archive)}
        assert len(archive.namelist()) == 3
    assert reasons == {
        str(mixed[0].recording_id): "",
        str(mixed[1].recording_id): "",
        str(mixed[2].recording_id): "This recording was changed after it was sealed",
        str(mixed[3].recording_id): "The audio is not in the store",
        str(foreign.recording_id): "not there any more",
    }
    assert AuditEntry.objects.filter(action=Action.DOWNLOADED).count() == 2


def test_a_stranger_learns_nothing_of_what_is_there(
    client: Client, otto: User, pair: list[Recording]
) -> None:
    client.force_login(otto)
    assert ask(client, *pair).status_code == 404
    assert client.post(ADDRESS, {"recording": [str(uuid4()), "x"]}).status_code == 404
    assert client.post(ADDRESS).status_code == 404
    assert client.get(ADDRESS).status_code == 405


def test_who_may_not_download_gets_the_reason_and_no_button(
    client: Client, ann: User, pair: list[Recording]
) -> None:
    SystemSettings.objects.update(download_level=Level.ADMINISTRATOR)
    client.force_login(ann)
    page = ask(client, *pair)
    assert page.status_code == 403
    assert "your level may not" in page.content.decode()  # type: ignore[attr-defined]
    assert "Download ZIP" not in client.get("/recordings/mine/").content.decode()
    SystemSettings.objects.update(download_level=Level.BASE)
    assert "Download ZIP" in client.get("/recordings/mine/").content.decode()


def test_who_loses_the_right_meanwhile_gets_no_more(
    sam_client: Client, sam: User, pair: list[Recording]
) -> None:
    answer = ask(sam_client, *pair)
    meanwhile = SystemSettings.objects.all()
    broken = taken(answer, lambda: meanwhile.update(download_level=Level.ADMINISTRATOR))
    assert isinstance(broken, Refused)
    assert AuditEntry.objects.filter(action=Action.DOWNLOADED).count() == 1


def taken(answer: HttpResponseBase, at_each: Callable[[], object] = int) -> Exception:
    """Read until it breaks off; what came until then must be no ZIP."""
    sent = b""
    try:
        for chunk in answer:
            sent += chunk
            at_each()
    except (VaultError, Refused) as error:
        assert 0 < len(sent) < int(answer["Content-Length"])
        with pytest.raises(zipfile.BadZipFile):
            zipfile.ZipFile(io.BytesIO(sent))
        return error
    raise AssertionError("it did not break off")


@pytest.mark.parametrize("damage", ["changed", "cut", "gone"])
def test_an_object_that_breaks_off_does_not_leave_a_zip_that_looks_whole(
    sam_client: Client, pair: list[Recording], data_folder: Path, damage: str,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    answer = ask(sam_client, *pair)
    path = _audio_path(data_folder, pair[1])
    if damage == "changed":
        path.write_bytes(path.read_bytes()[:-1] + b"x")
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:60])
    else:
        path.unlink()
    assert isinstance(taken(answer), ObjectMissing if damage == "gone" else SealBroken)
    assert "a ZIP of recordings broke off" in caplog.text
    assert "390212345678" not in caplog.text
    assert "15550142" not in caplog.text


def test_too_many_are_refused_before_anything_is_looked_for(sam_client: Client) -> None:
    ids = [str(uuid4()) for _ in range(MAX_RECORDINGS + 1)]
    page = sam_client.post(ADDRESS, {"recording": ids})
    assert page.status_code == 422
    assert "1,001 recordings are selected." in page.content.decode()


def test_too_much_audio_is_refused_with_both_sizes(
    sam_client: Client, pair: list[Recording]
) -> None:
    pair[0].size_bytes = MAX_BYTES + 100_000_000
    pair[0].save()
    page = ask(sam_client, *pair)
    assert page.status_code == 422
    text = page.content.decode().replace("\xa0", " ")  # type: ignore[attr-defined]
    assert "4.1 GB of audio are selected. One ZIP takes at most 4.0 GB: select fewer." in text


def test_zips_leave_threads_for_everybody_else(sam_client: Client, pair: list[Recording]) -> None:
    running = [ask(sam_client, *pair) for _ in range(zip_stream.AT_A_TIME)]
    refused = ask(sam_client, *pair)
    assert (refused.status_code, refused["Retry-After"]) == (503, "60")
    running[0].close()  # the browser went away before the first byte
    running[0].close()
    last = ask(sam_client, *pair)
    assert len(bytes_of(last)) == int(last["Content-Length"])
    for one in running[1:]:
        next(iter(one))
        one.close()


def test_nothing_is_held_whole(sam_client: Client, ann: User, seal: Seal) -> None:
    large = [seal(list_recording(ann), bytes(8_000_000)) for _ in range(2)]
    answer = ask(sam_client, *large)
    tracemalloc.start()
    length = sum(len(chunk) for chunk in answer)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert length == int(answer["Content-Length"])
    assert peak_bytes < 2_500_000
