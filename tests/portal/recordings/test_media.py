"""Media out of a real sealed object: ranges, rights, audit, and what happens without the key."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.http import HttpResponseBase, StreamingHttpResponse
from django.test import Client
from django.urls import reverse

from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.configuration.models import SystemSettings
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from callvault.vault import (
    KeyKind,
    Keyring,
    LocalStore,
    ObjectKind,
    RecordingObjects,
    Role,
    create_first_certificates,
)

AUDIO = bytes(range(256)) * 1000  # four segments of the sealed object

pytestmark = pytest.mark.django_db


def _entry(moment: str, what: str, content: bytes) -> bytes:
    return f"--- 2026-03-02T09:00:{moment}Z {what} {len(content)}\n".encode() + content + b"\n"


TRANSCRIPT = (
    _entry("00.000", "received", "INVITE sip:srs@192.0.2.1\r\nName: Tomás\r\n".encode())
    + _entry("02.001", "digit", b'{"digit":"7","duration_ms":100,"stream":1}')
    + _entry(
        "03.000",
        "received",
        b"INFO sip:a SIP/2.0\r\nContent-Type: application/dtmf-relay\r\n\r\nSignal=8\r\n",
    )
)


@pytest.fixture
def sealed(anns_recording: Recording, data_folder: Path) -> Recording:
    """Ann's recording, its objects sealed in a vault of their own."""
    keyring = create_first_certificates(data_folder / "keys", kind=KeyKind.EC)
    objects = RecordingObjects(LocalStore(data_folder / "vault"))
    sealer = objects.begin(anns_recording.recording_id, keyring.current(Role.ARCHIVE))
    for kind, content in (
        (ObjectKind.AUDIO, AUDIO),
        (ObjectKind.PEAKS, b'{"version":1}'),
        (ObjectKind.METADATA, TRANSCRIPT),
    ):
        with sealer.create(kind) as file:
            file.write(content)
    stored = sealer.finish(b"{}")
    anns_recording.objects_sealed = [
        {"kind": one.kind.value, "size_bytes": one.size_bytes, "sha256": one.sha256}
        for one in stored.objects
    ]
    anns_recording.save()
    return anns_recording


@pytest.fixture
def ann_client(client: Client, ann: User) -> Client:
    client.force_login(ann)
    return client


def url(recording: Recording, what: str = "audio") -> str:
    return f"/recordings/{recording.recording_id}/{what}"


def body(response: HttpResponseBase) -> bytes:
    assert isinstance(response, StreamingHttpResponse)
    content = response.getvalue()
    response.close()
    return content


def test_the_whole_object_is_served(sealed: Recording, ann_client: Client) -> None:
    response = ann_client.get(url(sealed))
    assert response.status_code == 200
    assert response["Content-Type"] == "audio/mpeg"
    assert response["Content-Length"] == str(len(AUDIO))
    assert response["Accept-Ranges"] == "bytes"
    assert response["Cache-Control"] == "private, no-store"
    assert body(response) == AUDIO


@pytest.mark.parametrize(
    ("header", "first", "last"),
    [
        ("bytes=0-", 0, 255_999),
        ("bytes=0-99", 0, 99),
        ("bytes=65000-66000", 65_000, 66_000),
        ("bytes=255999-", 255_999, 255_999),
        ("bytes=-100", 255_900, 255_999),
    ],
)
def test_a_range_is_served(
    sealed: Recording, ann_client: Client, header: str, first: int, last: int
) -> None:
    response = ann_client.get(url(sealed), headers={"Range": header})
    assert response.status_code == 206
    assert response["Content-Range"] == f"bytes {first}-{last}/256000"
    assert response["Content-Length"] == str(last - first + 1)
    assert body(response) == AUDIO[first : last + 1]


def test_a_range_beyond_the_end_gets_416_with_the_size(
    sealed: Recording, ann_client: Client
) -> None:
    response = ann_client.get(url(sealed), headers={"Range": "bytes=256000-"})
    assert response.status_code == 416
    assert response["Content-Range"] == "bytes */256000"


def test_if_range_of_another_object_gets_the_whole(sealed: Recording, ann_client: Client) -> None:
    headers = {"Range": "bytes=0-9", "If-Range": '"another"'}
    assert ann_client.get(url(sealed), headers=headers).status_code == 200
    tag = ann_client.head(url(sealed))["ETag"]
    headers = {"Range": "bytes=0-9", "If-Range": tag}
    assert ann_client.get(url(sealed), headers=headers).status_code == 206


def test_head_tells_the_size_and_sends_nothing(sealed: Recording, ann_client: Client) -> None:
    response = ann_client.head(url(sealed))
    assert response.status_code == 200
    assert response["Content-Length"] == "256000"
    assert response.content == b""
    assert not AuditEntry.objects.filter(action=Action.PLAYED).exists()


def test_seeking_reads_only_the_segments_asked_for(
    sealed: Recording, ann_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    pread = os.pread

    def watched(file: int, length: int, offset: int) -> bytes:
        read.append(offset)
        return pread(file, length, offset)

    monkeypatch.setattr(os, "pread", watched)
    response = ann_client.get(url(sealed), headers={"Range": "bytes=70000-70010"})
    assert body(response) == AUDIO[70_000:70_011]
    # The last segment, which vouches for the length, and the one asked for; before them only the
    # envelope and the object's header, from their beginnings.
    assert [offset for offset in read if offset > 100] == [3 * 65_536, 65_536]


def test_one_playing_is_one_audit_entry_whatever_the_ranges(
    sealed: Recording, ann_client: Client, ann: User
) -> None:
    for header in ("bytes=0-", "bytes=70000-", "bytes=1-5"):
        body(ann_client.get(url(sealed), headers={"Range": header}))
    entry = AuditEntry.objects.get(action=Action.PLAYED)
    assert (entry.actor, entry.actor_name, entry.address) == (ann, "ann", "127.0.0.1")
    assert entry.object_id == str(sealed.recording_id)


def test_a_range_from_the_middle_is_a_playing_too(sealed: Recording, ann_client: Client) -> None:
    body(ann_client.get(url(sealed), headers={"Range": "bytes=1-5"}))
    assert AuditEntry.objects.filter(action=Action.PLAYED).count() == 1


def test_a_download_is_named_as_exports_are_and_audited(
    sealed: Recording, ann_client: Client
) -> None:
    SystemSettings.objects.create(zone="Europe/Rome")
    response = ann_client.get(url(sealed, "download"))
    name = f"{sealed.record_number:06}_20261123_142530_ann_IN_2014_+15550142_sales.mp3"
    assert response["Content-Disposition"] == f'attachment; filename="{name}"'
    assert body(response) == AUDIO
    assert AuditEntry.objects.filter(action=Action.DOWNLOADED).count() == 1


def test_who_may_not_download_may_still_play(sealed: Recording, ann_client: Client) -> None:
    SystemSettings.objects.create(download_level=Level.ADMINISTRATOR)
    assert ann_client.get(url(sealed, "download")).status_code == 403
    response = ann_client.get(url(sealed))
    assert response.status_code == 200
    response.close()
    assert not AuditEntry.objects.filter(action=Action.DOWNLOADED).exists()


def test_keys_that_were_pressed_are_shown_only_where_that_is_allowed(
    sealed: Recording, client: Client, sam: User
) -> None:
    offset_ms = 2_000
    sealed.timeline = [{"kind": "digit", "offset_ms": offset_ms, "length_ms": 100}]
    sealed.started_at = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    sealed.save()
    client.force_login(sam)
    pages = [reverse("recordings:recording", args=[sealed.recording_id]), url(sealed, "metadata")]
    page, text = client.get(pages[0]).content, body(client.get(pages[1]))
    assert b"Key pressed" in page
    assert b"Key 7" not in page
    assert b'"digit":"7"' not in text
    assert b"Signal=8" not in text
    assert b"INVITE" in text
    hidden_etag = client.get(pages[1])["ETag"]
    SystemSettings.objects.update_or_create(pk=1, defaults={"show_digits": True})
    page, text = client.get(pages[0]).content, body(client.get(pages[1]))
    assert b"Key 7 pressed" in page
    assert text == TRANSCRIPT
    assert client.get(pages[1])["ETag"] != hidden_etag


def test_peaks_are_json_and_signalling_is_plain_text(
    sealed: Recording, client: Client, sam: User
) -> None:
    client.force_login(sam)
    peaks = client.get(url(sealed, "peaks"))
    assert peaks["Content-Type"] == "application/json"
    assert body(peaks) == b'{"version":1}'
    signalling = client.get(url(sealed, "metadata"))
    assert signalling["Content-Type"] == "text/plain; charset=utf-8"
    assert b"INVITE" in body(signalling)
    assert AuditEntry.objects.filter(action=Action.SIGNALLING_READ).count() == 1


@pytest.fixture
def without_key(sealed: Recording, data_folder: Path) -> Recording:
    """The same, on a system that has the certificate but not its private key."""
    for key in (data_folder / "keys" / "archive").glob("*.key.pem"):
        key.unlink()
    return sealed


def test_without_the_private_key_the_answer_names_the_certificate(
    without_key: Recording, ann_client: Client, data_folder: Path
) -> None:
    missing = Keyring.load(data_folder / "keys").current(Role.ARCHIVE)[0].info
    response = ann_client.get(url(without_key))
    assert response.status_code == 409
    assert response.json() == {
        "title": "This recording cannot be opened here yet",
        "certificates": [str(missing)],
    }
    page = ann_client.get(f"/recordings/{without_key.recording_id}/").content.decode()
    assert missing.subject in page
    assert missing.fingerprint[:23] in page
    assert not AuditEntry.objects.filter(action=Action.PLAYED).exists()


def test_a_changed_object_is_refused(
    sealed: Recording, ann_client: Client, data_folder: Path
) -> None:
    path = next((data_folder / "vault").rglob("audio.mp3"))
    changed = bytearray(path.read_bytes())
    changed[-1] ^= 1
    path.write_bytes(changed)
    response = ann_client.get(url(sealed))
    assert response.status_code == 409
    assert response.json() == {"title": "This recording was changed after it was sealed"}
    page = ann_client.get(f"/recordings/{sealed.recording_id}/")
    assert page.context["page"].state == "broken"


def test_an_object_that_is_not_there_is_said_so(
    anns_recording: Recording, ann_client: Client, data_folder: Path
) -> None:
    response = ann_client.get(url(anns_recording))
    assert response.status_code == 409
    assert response.json() == {"title": "The audio is not in the store"}
    page = ann_client.get(f"/recordings/{anns_recording.recording_id}/")
    assert page.context["page"].state == "missing"


def test_nothing_is_served_when_the_audit_entry_cannot_be_written(
    sealed: Recording, ann_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("callvault.portal.recordings.media.record_once", fail)
    with pytest.raises(OSError, match="disk full"):
        ann_client.get(url(sealed))


def test_a_key_that_arrives_plays_at_once(
    sealed: Recording, ann_client: Client, data_folder: Path
) -> None:
    key = next((data_folder / "keys" / "archive").glob("*.key.pem"))
    key.rename(data_folder / key.name)
    assert ann_client.get(url(sealed)).status_code == 409
    (data_folder / key.name).rename(key)
    response = ann_client.get(url(sealed))
    assert response.status_code == 200
    assert body(response) == AUDIO
