"""The pages of data export: its settings and their test, past days, the queue, the recording's."""

from datetime import timedelta
from pathlib import Path
from typing import ClassVar

import asyncssh
import pytest
from django.test import Client
from django.utils import timezone

from callvault.export import FaultKind, TargetFault
from callvault.export.sftp import SftpTarget
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.exports import asking, targets, views
from callvault.portal.exports.models import (
    ExportBackfill,
    ExportMode,
    ExportSettings,
    ExportState,
    ExportTurn,
    RecordingExport,
)
from callvault.portal.exports.wording import _WORDS
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from callvault.vault.smb_session import KINDS
from tests.portal.gated import GatedViewTest

from .conftest import export
from .memory_target import MemoryTarget

pytestmark = pytest.mark.django_db
PAGE = "/settings/export/"
PASSWORD = "s3cret words"
TYPED = {
    "mode": "on",
    "kind": "smb",
    "place": "//nas-backup/VoiceRecordings/",
    "username": r"EXAMPLE\exporter",
    "password": PASSWORD,
    "port": "",
    "wait_hours": "24",
    "version": "0",
}


class TestSettings(GatedViewTest):
    """For administrators."""

    url: ClassVar[str] = PAGE


class TestQueue(GatedViewTest):
    """For administrators."""

    url: ClassVar[str] = f"{PAGE}queue"


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch, target: MemoryTarget) -> MemoryTarget:
    """Have the page test a target in memory."""
    monkeypatch.setattr(views, "target_of", lambda _settings, deadline_s: target)
    return target


def text_of(client: Client, url: str) -> str:
    return client.get(url).content.decode()


def test_export_is_switched_on_and_its_password_sealed(
    rita_client: Client, anns_recording: Recording
) -> None:
    assert "Export is off" in text_of(rita_client, f"{PAGE}queue")
    before = timezone.now()
    assert rita_client.post(PAGE, TYPED).status_code == 302
    row = ExportSettings.load()
    assert (row.mode, row.place, row.username) == (
        "on", r"\\nas-backup\VoiceRecordings", r"EXAMPLE\exporter",
    )  # fmt: skip
    assert row.password == PASSWORD
    assert row.enabled_at is not None
    assert row.enabled_at >= before
    assert ExportTurn.objects.get().looked_until == anns_recording.record_number
    page = text_of(rita_client, PAGE)
    assert "One is set" in page
    entry = AuditEntry.objects.get(action=Action.SETTINGS_CHANGED)
    assert entry.object_kind == "export"
    assert {"mode", "place", "username", "password_set_at"} <= set(entry.detail["fields"])
    for kept in (page, str(entry.detail), row.sealed_password):
        assert PASSWORD not in kept


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"place": r"C:\exports"}, "Write it as"),
        ({"place": ""}, "Export needs it"),
        ({"username": ""}, "Export needs it"),
        ({"password": ""}, "Type the password that belongs"),
    ],
)
def test_half_of_it_is_refused(rita_client: Client, changed: dict[str, str], told: str) -> None:
    answer = rita_client.post(PAGE, TYPED | changed)
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert not ExportSettings.objects.exists()


def test_the_kept_password_is_not_sent_to_another_server(rita_client: Client) -> None:
    rita_client.post(PAGE, TYPED)
    typed = TYPED | {"password": "", "version": "1"}
    answer = rita_client.post(PAGE, typed | {"place": r"\\other\share", "test": "1"})
    assert "Type the password anew" in answer.content.decode()
    assert rita_client.post(PAGE, typed | {"wait_hours": "48"}).status_code == 302
    assert (ExportSettings.load().password, ExportSettings.load().wait_hours) == (PASSWORD, 48)


def test_nobody_saves_over_another(rita_client: Client) -> None:
    rita_client.post(PAGE, TYPED)
    answer = rita_client.post(PAGE, TYPED | {"mode": "paused"})
    assert answer.status_code == 422
    assert ExportSettings.load().mode == "on"
    assert rita_client.post(PAGE, TYPED | {"mode": "paused", "version": "1"}).status_code == 302


def test_export_that_is_switched_off_and_on_begins_anew(rita_client: Client) -> None:
    rita_client.post(PAGE, TYPED)
    ExportSettings.objects.update(enabled_at=timezone.now() - timedelta(days=9))
    first = ExportSettings.load().enabled_at
    rita_client.post(PAGE, TYPED | {"mode": "paused", "version": "1"})
    assert ExportSettings.load().enabled_at == first
    rita_client.post(PAGE, TYPED | {"mode": "off", "version": "2"})
    rita_client.post(PAGE, TYPED | {"version": "3"})
    assert ExportSettings.load().enabled_at != first


def test_access_is_tested_as_typed_and_nothing_saved(
    rita_client: Client, tried: MemoryTarget
) -> None:
    answer = rita_client.post(PAGE, TYPED | {"test": "1", "mode": "off"})
    assert "A small file was written, read and removed." in answer.content.decode()
    assert (tried.files, ExportSettings.objects.exists()) == ({}, False)
    entry = AuditEntry.objects.get(action=Action.EXPORT_TESTED)
    assert entry.detail == {"place": r"\\nas-backup\VoiceRecordings"}


def test_a_share_that_lets_nobody_delete_passes_with_a_remark(
    rita_client: Client, tried: MemoryTarget
) -> None:
    tried.faults["remove"] = TargetFault("denied", FaultKind.PERMISSION)
    answer = rita_client.post(PAGE, TYPED | {"test": "1"}).content.decode()
    assert "The user may not delete" in answer
    assert "cv-notice--amber" in answer


def test_a_user_who_may_not_rename_is_told_so(rita_client: Client, tried: MemoryTarget) -> None:
    tried.faults["name"] = TargetFault("denied", FaultKind.PERMISSION)
    answer = rita_client.post(PAGE, TYPED | {"test": "1"}).content.decode()
    assert "may not rename what was written" in answer


@pytest.mark.parametrize("kind", list(FaultKind))
def test_what_is_wrong_is_said_plainly(
    kind: FaultKind, rita_client: Client, tried: MemoryTarget
) -> None:
    tried.fault = TargetFault("the share's own words", kind)
    answer = rita_client.post(PAGE, TYPED | {"test": "1"}).content.decode()
    assert "cv-notice--red" in answer
    assert "own words" in answer


def test_each_fault_has_its_sentence() -> None:
    assert {kind.value for kind in FaultKind} <= set(_WORDS)
    assert set(KINDS) - {"taken"} <= {kind.value for kind in FaultKind}


SFTP = TYPED | {"kind": "sftp", "place": "sftp://files.example.com/calls/", "username": "ann"}


def test_a_server_by_sftp_is_set_up_by_its_key(
    rita_client: Client, tried: MemoryTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "fingerprint_at", lambda _settings: "SHA256:of the server")
    assert "Test access first" in rita_client.post(PAGE, SFTP).content.decode()
    shown = rita_client.post(PAGE, SFTP | {"test": "1"}).content.decode()
    assert "The server shows the key SHA256:of the server." in shown
    assert 'value="SHA256:of the server"' in shown
    assert tried.calls == []  # no password went to it
    known = SFTP | {"fingerprint": "SHA256:of the server"}
    shown = rita_client.post(PAGE, known | {"test": "1"}).content.decode()
    assert "A small file was written, read and removed." in shown
    assert rita_client.post(PAGE, known).status_code == 302
    row = ExportSettings.load()
    assert (row.kind, row.place, row.fingerprint) == (
        "sftp", "sftp://files.example.com/calls", "SHA256:of the server",
    )  # fmt: skip
    target = targets.target_of(row)
    assert isinstance(target, SftpTarget)
    target.close()


def test_a_private_key_takes_the_place_of_a_password(rita_client: Client) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    known = SFTP | {"fingerprint": "SHA256:x", "password": ""}
    answer = rita_client.post(PAGE, known | {"private_key": "nothing"})
    assert "It is no private key" in answer.content.decode()
    assert rita_client.post(PAGE, known | {"private_key": key}).status_code == 302
    row = ExportSettings.load()
    assert targets.is_private_key(row.password)
    assert "PRIVATE KEY" not in text_of(rita_client, PAGE)
    assert "PRIVATE KEY" not in str(list(AuditEntry.objects.values("detail")))
    target = targets.target_of(row)
    assert isinstance(target, SftpTarget)
    assert target._credentials.private_key.split() == key.split()
    target.close()


def test_an_address_of_the_other_kind_is_refused(rita_client: Client) -> None:
    for typed in (TYPED | {"kind": "sftp"}, TYPED | {"place": SFTP["place"]}):
        answer = rita_client.post(PAGE, typed)
        assert (answer.status_code, "Write it as" in answer.content.decode()) == (422, True)


def test_past_days_are_counted_and_then_exported(
    rita_client: Client, anns_recording: Recording, switched_on: ExportSettings
) -> None:
    days = {"first_day": "2026-11-23", "last_day": "2026-11-23"}
    counted = rita_client.post(f"{PAGE}backfill", days).content.decode()
    assert "1 recording of these days is not exported yet." in counted
    assert not ExportBackfill.objects.exists()
    assert rita_client.post(f"{PAGE}backfill", days | {"confirm": "1"}).status_code == 302
    backfill = ExportBackfill.objects.get()
    assert (backfill.expected, backfill.asked_by_name) == (1, "Rita Marsh")


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [
        ("2026-11-23", "2026-11-22", "before the first day"),
        ("2026-11-23", "2026-11-23", "Export is off"),
    ],
)
def test_a_backfill_that_makes_no_sense_is_refused(
    first: str, last: str, told: str, rita_client: Client
) -> None:
    typed = {"first_day": first, "last_day": last, "confirm": "1"}
    answer = rita_client.post(f"{PAGE}backfill", typed)
    assert (answer.status_code, told in answer.content.decode()) == (422, True)
    assert not ExportBackfill.objects.exists()


def test_the_queue_tells_what_is_wrong_and_tries_again(
    rita_client: Client, sealed: Recording, target: MemoryTarget
) -> None:
    target.fault = TargetFault("the share is full", FaultKind.SPACE)
    export(target)
    page = text_of(rita_client, f"{PAGE}queue")
    assert r"\\files\calls is full" in page
    assert "Try now" in page
    row = RecordingExport.objects.get()
    answer = rita_client.post(f"{PAGE}queue/{row.public_id}/try", {"state": "waiting"})
    assert answer["Location"] == f"{PAGE}queue?state=waiting"
    assert ExportTurn.objects.get().next_run_at is None
    target.fault = None
    export(target)
    page = text_of(rita_client, f"{PAGE}queue?state=done")
    assert "2026/11/23/" in page
    assert "No export is in this state." in text_of(rita_client, f"{PAGE}queue?state=failed")
    assert rita_client.post(f"{PAGE}queue/{row.public_id}/try").status_code == 404


def test_all_are_tried_at_once(rita_client: Client, sealed: Recording) -> None:
    RecordingExport.objects.update(state=ExportState.FAILED, next_try_at=None, attempts=4)
    assert rita_client.post(f"{PAGE}queue/try").status_code == 302
    row = RecordingExport.objects.get()
    assert (row.state, row.attempts, row.next_try_at is not None) == ("waiting", 0, True)


def test_nobody_is_sent_elsewhere_after_a_try(rita_client: Client, sealed: Recording) -> None:
    url = f"{PAGE}queue/{RecordingExport.objects.get().public_id}/try"
    answer = rita_client.post(url, {"next": "https://elsewhere.example/"})
    assert answer["Location"] == f"{PAGE}queue"


def test_the_recording_tells_its_export_to_who_may_download(
    rita_client: Client, client: Client, sam: User, sealed: Recording, target: MemoryTarget
) -> None:
    url = f"/recordings/{sealed.recording_id}/"
    assert "Waits for its export" in text_of(rita_client, url)
    assert "Try now" in text_of(rita_client, url)
    export(target)
    done = text_of(rita_client, url)
    assert "An unencrypted copy was written to the export target" in done
    assert "Try now" not in done
    client.force_login(sam)
    shown = text_of(client, url)
    assert "Try now" not in shown
    assert r"\\files" not in shown


def test_the_dashboard_says_that_exports_fail(
    rita_client: Client, sealed: Recording, target: MemoryTarget
) -> None:
    assert "Recordings are not exported" not in text_of(rita_client, "/dashboard/")
    ExportTurn.objects.create(
        pk=asking.TURN, problem="space", failing_since=timezone.now() - timedelta(hours=1)
    )
    RecordingExport.objects.update(state=ExportState.FAILED, next_try_at=None)
    page = text_of(rita_client, "/dashboard/")
    assert "Recordings are not exported" in page
    assert "1 recording cannot be exported" in page
    ExportSettings.objects.update(mode=ExportMode.OFF)
    assert "Recordings are not exported" not in text_of(rita_client, "/dashboard/")


def test_the_overview_says_where_recordings_go(
    rita_client: Client, switched_on: ExportSettings, data_folder: Path
) -> None:
    assert r"On: \\files\calls" in text_of(rita_client, "/settings/")
