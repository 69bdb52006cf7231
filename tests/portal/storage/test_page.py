"""Global settings: where recordings are kept."""

from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from django.utils import timezone

from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from callvault.portal.storage import places
from callvault.portal.storage.models import Kind, Move, Relocation, State, StorageLocation
from callvault.portal.storage.moving import Carrier
from callvault.vault import RecordingObjects
from tests.portal.catalogue_facts import list_recording
from tests.ports import free_ports
from tests.servers import samba
from tests.servers.samba import PASSWORD, Samba

from .conftest import NODE, Stage

pytestmark = pytest.mark.django_db

PAGE = "/settings/storage/"
SHARE = {
    "name": "Archive NAS",
    "share": r"\\files.example.com\calls",
    "domain": "",
    "username": r"EXAMPLE\callvault",
    "secret": "the share's password",
}
BUCKET = {
    "name": "Archive bucket",
    "endpoint": "https://s3.example.com",
    "bucket": "calls",
    "prefix": "/vault/",
    "region": "",
    "path_style": "on",
    "access_key": "vault-access-key",
    "secret": "the bucket's secret",
}


@pytest.fixture(scope="module")
def server() -> Iterator[Samba]:
    with samba.running() as running:
        yield running


@pytest.fixture
def nas(server: Samba, rita_client: Client, data_folder: object) -> StorageLocation:
    """The samba server as a place, added on the page."""
    sent = SHARE | typed_for(server)
    assert rita_client.post(f"{PAGE}new/smb", sent).status_code == 302
    return StorageLocation.objects.get()


def typed_for(server: Samba, share: str = "vault") -> dict[str, str]:
    return {
        "share": rf"\\127.0.0.1:{server.port}\{share}",
        "username": server.credentials.username,
        "secret": PASSWORD,
    }


def test_only_administrators_come_here(client: Client, sam: User) -> None:
    client.force_login(sam)
    for path in ("", "new/smb", "new/s3"):
        assert client.get(PAGE + path).status_code == 403
    for path in ("use", "move", "moving", "failed"):
        assert client.post(PAGE + path).status_code == 403


def test_without_an_external_store_the_page_says_so(rita_client: Client) -> None:
    page = rita_client.get(PAGE).content.decode()
    assert "No external store" in page
    assert "Move older recordings" not in page


def test_a_share_is_added_with_its_secret_sealed(rita_client: Client) -> None:
    assert rita_client.post(f"{PAGE}new/smb", SHARE).status_code == 302
    row = StorageLocation.objects.get()
    assert (row.domain, row.username) == ("EXAMPLE", "callvault")
    assert row.secret == SHARE["secret"]
    assert "password" not in row.sealed_secret
    entry = AuditEntry.objects.get(action=Action.SETTINGS_CHANGED)
    assert (entry.object_kind, entry.object_id) == ("storage", str(row.public_id))
    assert "secret" in entry.detail["fields"]
    assert "password" not in str(entry.detail)
    page = rita_client.get(f"{PAGE}{row.public_id}").content.decode()
    assert "One is set" in page
    assert "the share" not in page.replace("the share has", "")


def test_a_bucket_is_added(rita_client: Client) -> None:
    assert rita_client.post(f"{PAGE}new/s3", BUCKET).status_code == 302
    row = StorageLocation.objects.get()
    assert (row.prefix, row.address) == ("vault", "https://s3.example.com/calls/vault")
    assert row.secret == BUCKET["secret"]


@pytest.mark.parametrize(
    ("kind", "typed", "told"),
    [
        ("smb", {"share": "files/calls"}, r"Write it as \\server\share"),
        ("smb", {"secret": ""}, "without it nobody gets in"),
        ("smb", {"domain": "OTHER"}, "another domain"),
        ("s3", {"endpoint": "s3.example.com"}, "Write it as https://s3.example.com"),
        ("s3", {"bucket": "calls/vault"}, "a folder of it goes below"),
    ],
)
def test_what_cannot_be_is_refused(
    kind: str, typed: dict[str, str], told: str, rita_client: Client
) -> None:
    sent = {"smb": SHARE, "s3": BUCKET}[kind] | typed
    answer = rita_client.post(f"{PAGE}new/{kind}", sent)
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert not StorageLocation.objects.exists()


def test_the_kept_secret_is_not_sent_to_another_server(rita_client: Client) -> None:
    rita_client.post(f"{PAGE}new/smb", SHARE)
    row = StorageLocation.objects.get()
    page = f"{PAGE}{row.public_id}"
    sent = SHARE | {"secret": "", "version": "1", "username": "callvault", "domain": "EXAMPLE"}
    assert rita_client.post(page, sent | {"name": "NAS"}).status_code == 302
    sent |= {"share": r"\\evil.example.com\calls", "version": "2"}
    for also in ({}, {"test": "1"}):
        answer = rita_client.post(page, sent | also)
        assert answer.status_code == 422
        assert "Type it anew" in answer.content.decode()


def test_an_edit_is_not_put_over_another_one(rita_client: Client) -> None:
    rita_client.post(f"{PAGE}new/smb", SHARE)
    page = f"{PAGE}{StorageLocation.objects.get().public_id}"
    assert rita_client.post(page, SHARE | {"name": "First", "version": "1"}).status_code == 302
    answer = rita_client.post(page, SHARE | {"name": "Second", "version": "1"})
    assert answer.status_code == 422
    assert "changed this" in answer.content.decode()
    assert StorageLocation.objects.get().name == "First"
    old_and_new = AuditEntry.objects.order_by("-pk").first()
    assert old_and_new is not None
    assert old_and_new.detail["old"] == {"name": "Archive NAS"}
    assert old_and_new.detail["new"] == {"name": "First"}


def test_access_is_tested_as_it_is_typed(rita_client: Client, server: Samba) -> None:
    sent = SHARE | typed_for(server) | {"test": "1"}
    page = rita_client.post(f"{PAGE}new/smb", sent).content.decode()
    assert "Written, read and removed" in page
    assert list((server.folder / "vault").glob("probe/*")) == []
    assert not StorageLocation.objects.exists()
    tested = AuditEntry.objects.get(action=Action.STORAGE_TESTED)
    assert tested.detail["failed"] == ""
    assert PASSWORD not in str(tested.detail)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"secret": "wrong"}, "User name or password is wrong."),
        ({"share": r"\\files.invalid\vault"}, "No server of this name is known"),
    ],
)
def test_what_fails_is_said(
    typed: dict[str, str], told: str, rita_client: Client, server: Samba
) -> None:
    sent = SHARE | typed_for(server) | typed | {"test": "1"}
    page = rita_client.post(f"{PAGE}new/smb", sent).content.decode()
    assert "Writing failed." in page
    assert told in page


def test_a_read_only_share_is_said(rita_client: Client, server: Samba) -> None:
    sent = SHARE | typed_for(server, "readonly") | {"test": "1"}
    page = rita_client.post(f"{PAGE}new/smb", sent).content.decode()
    assert "lacks the right" in page
    assert AuditEntry.objects.get(action=Action.STORAGE_TESTED).detail["failed"] == "write"


def test_what_is_recorded_goes_to_the_share_that_is_chosen(
    rita_client: Client, nas: StorageLocation, server: Samba, sealed: Callable[[], Recording]
) -> None:
    rita_client.post(f"{PAGE}use", {"place": str(nas.public_id)})
    entry = AuditEntry.objects.filter(action=Action.SETTINGS_CHANGED).latest("pk")
    assert (entry.detail["old"], entry.detail["new"]) == (
        {"current": "local"}, {"current": "Archive NAS"},
    )  # fmt: skip
    recording = sealed()
    assert Move.objects.get().recording_id == recording.recording_id
    assert Carrier(NODE).turn() == 1
    recording.refresh_from_db()
    assert recording.location == nas
    hexed = recording.recording_id.hex
    assert (server.folder / "vault" / hexed[:2] / hexed[2:4] / hexed / "audio.mp3").exists()
    answer = rita_client.get(f"/recordings/{recording.recording_id}/audio")
    assert b"".join(answer.streaming_content).startswith(b"\xff\xfb")  # type: ignore[attr-defined]
    page = rita_client.get(f"{PAGE}{nas.public_id}").content.decode()
    assert "Recordings lie there." in page
    assert rita_client.post(f"{PAGE}{nas.public_id}/remove").status_code == 302
    assert StorageLocation.objects.exists()


def test_playing_says_what_cannot_be_reached(
    rita_client: Client, stage: Stage, sealed: Callable[[], Recording]
) -> None:
    recording, nas = sealed(), stage.place("Archive NAS", is_current=True)
    Recording._default_manager.update(location=nas)
    RecordingObjects(stage.store(None)).delete(recording.recording_id)
    StorageLocation.objects.update(
        trouble="the server cannot be reached", checked_at=timezone.now()
    )
    answer = rita_client.get(f"/recordings/{recording.recording_id}/audio")
    assert answer.status_code == 503
    assert answer.json()["title"] == "Archive NAS cannot be reached now"
    page = rita_client.get(f"/recordings/{recording.recording_id}/").content.decode()
    assert "Archive NAS cannot be reached now" in page


def test_an_outage_is_on_the_page_and_the_dashboard(
    rita_client: Client, stage: Stage, ann: User
) -> None:
    stage.place("Archive NAS", is_current=True)
    StorageLocation.objects.update(
        trouble="no answer in 30 s", checked_at=timezone.now(), trouble_since=timezone.now()
    )
    list_recording(ann)
    page = rita_client.get(PAGE).content.decode()
    assert "Archive NAS cannot be used since" in page
    assert "1 recording waits on its node" in page
    assert "no answer in 30 s" in page
    board = rita_client.get("/dashboard/").content.decode()
    assert "Archive NAS cannot be used" in board
    assert "1 recording waits on its node" in board


def test_moving_is_begun_paused_and_stopped(rita_client: Client, stage: Stage, ann: User) -> None:
    list_recording(ann)
    nas = stage.place("Archive NAS")
    places_sent = {"source": "local", "target": str(nas.public_id)}
    same = {"source": "local", "target": "local"}
    rita_client.post(f"{PAGE}move", same)
    assert not Relocation.objects.exists()
    rita_client.post(f"{PAGE}move", places_sent)
    assert "0 of 1 moved." in rita_client.get(PAGE).content.decode()
    for button, state in (
        ("pause", State.PAUSED), ("resume", State.RUNNING), ("stop", State.STOPPED),
    ):  # fmt: skip
        rita_client.post(f"{PAGE}moving", {button: "1"})
        assert Relocation.objects.get().state == state
    assert rita_client.post(f"{PAGE}moving").status_code == 404
    assert "0 of 1." in rita_client.get(PAGE).content.decode()


def test_a_place_where_nothing_lies_is_forgotten(rita_client: Client) -> None:
    rita_client.post(f"{PAGE}new/smb", SHARE)
    row = StorageLocation.objects.get()
    rita_client.post(f"{PAGE}{row.public_id}/remove")
    assert not StorageLocation.objects.exists()
    entry = AuditEntry.objects.latest("pk")
    assert entry.detail["old"]["name"] == "Archive NAS"
    assert entry.detail["new"] == {}


def test_what_failed_for_good_is_listed_and_tried_again(
    rita_client: Client, stage: Stage, ann: User
) -> None:
    stage.place("Archive NAS", is_current=True)
    list_recording(ann)
    Move.objects.update(has_failed=True, problem="the object is not what was sealed")
    page = rita_client.get(PAGE).content.decode()
    assert "the object is not what was sealed" in page
    rita_client.post(f"{PAGE}failed")
    assert not Move.objects.filter(has_failed=True).exists()


def test_a_changed_password_is_used_without_a_restart(
    rita_client: Client, nas: StorageLocation, server: Samba
) -> None:
    before = places.store_of(nas)
    assert places.store_of(nas) is before
    sent = SHARE | typed_for(server) | {"version": "1"}
    assert rita_client.post(f"{PAGE}{nas.public_id}", sent).status_code == 302
    nas.refresh_from_db()
    assert places.store_of(nas) is not before


def test_a_bucket_that_is_away_is_said(rita_client: Client) -> None:
    (port,) = free_ports(1)
    sent = BUCKET | {"endpoint": f"http://127.0.0.1:{port}", "test": "1"}
    page = rita_client.post(f"{PAGE}new/s3", sent).content.decode()
    assert "No server answers there" in page
    assert "The way to the bucket is not encrypted." in page
    assert BUCKET["secret"] not in page
    assert StorageLocation.objects.filter(kind=Kind.S3).count() == 0
