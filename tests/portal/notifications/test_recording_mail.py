"""Mail to owners about their recordings (NOTE-1 to NOTE-3), to a real mail server."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from django.db import transaction

from callvault.errors import VaultError
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.configuration.models import SystemSettings
from callvault.portal.notifications import loop, recording_mail
from callvault.portal.notifications.faults import MailFault
from callvault.portal.notifications.models import (
    MailSettings,
    MailState,
    RecordingMail,
    RecordingMailSettings,
    RecordingMailTemplate,
)
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from tests.portal.catalogue_facts import Spoken, list_recording
from tests.portal.sealing import seal_audio

from .mail_server import Postbox, mail_server

pytestmark = pytest.mark.django_db
NOW_LATER = datetime(2036, 1, 1, tzinfo=UTC)  # after whatever was asked for in a test
AUDIO = b"ID3" + bytes(range(256)) * 40


@pytest.fixture
def box() -> Postbox:
    return Postbox()


@pytest.fixture
def server(box: Postbox, mail_set_up: MailSettings) -> Iterator[int]:
    """A mail server that runs, and is set up."""
    with mail_server(box) as port:
        mail_set_up.host, mail_set_up.port, mail_set_up.security = "127.0.0.1", port, "none"
        mail_set_up.username, mail_set_up.sealed_password = "", ""
        mail_set_up.save()
        yield port


@pytest.fixture
def wants(anna: User) -> User:
    """Ann, who gets mail in Italian with the recording, and may download."""
    anna.send_notifications = anna.attach_recording = True
    anna.first_name, anna.last_name = "Ann", "Keller"
    anna.save()
    SystemSettings.objects.update_or_create(defaults={"zone": "Europe/Rome"})
    return anna


def attached(mail: EmailMessage) -> list[tuple[str | None, bytes]]:
    """Return the files of a mail."""
    return [
        (part.get_filename(), part.get_payload(decode=True))  # type: ignore[misc]
        for part in mail.iter_attachments()
    ]


def text_of(mail: EmailMessage) -> str:
    """Return the plain text of a mail."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def test_a_new_recording_asks_for_its_mail_once(wants: User, mail_set_up: MailSettings) -> None:
    spoken = Spoken()
    recording = list_recording(wants, spoken)
    row = RecordingMail.objects.get()
    assert (row.recording, row.state) == (recording, "waiting")
    list_recording(wants, spoken)  # its journal is finished once more
    assert RecordingMail.objects.count() == 1


@pytest.mark.parametrize("missing", ["flag", "server"])
def test_no_mail_is_asked_for_unwanted(
    missing: str, wants: User, mail_set_up: MailSettings
) -> None:
    if missing == "flag":
        User.objects.update(send_notifications=False)
    else:
        mail_set_up.delete()
    list_recording(wants)
    assert not RecordingMail.objects.exists()


def test_what_is_rolled_back_sends_no_mail(wants: User, mail_set_up: MailSettings) -> None:
    with transaction.atomic():
        list_recording(wants)
        transaction.set_rollback(True)
    assert not RecordingMail.objects.exists()


def test_the_owner_gets_the_stock_mail_in_their_language(
    wants: User, server: int, box: Postbox, data_folder: Path
) -> None:
    recording = seal_audio(list_recording(wants), data_folder, AUDIO)
    recording_mail.work_off(now=datetime.now(UTC))
    (mail,) = box.mails
    number = f"{recording.record_number:06}"
    assert mail["To"] == "ann@example.com"
    assert mail["Subject"] == ("Una chiamata è stata registrata: +15550142, 23 Nov 2026 14:25:30")
    text = text_of(mail)
    assert "Gentile Ann Keller" in text
    assert "Inizio: 14:25:30" in text  # in the system's zone
    assert "Durata: 00:06:12" in text
    assert f"https://calls.example.com/recordings/{recording.recording_id}/" in text
    name = f"{number}_20261123_142530_ann_IN_2014_+15550142_sales.mp3"
    assert attached(mail) == [(name, AUDIO)]
    row = RecordingMail.objects.get()
    assert (row.state, row.attached_bytes, row.next_try_at) == ("sent", len(AUDIO), None)
    entry = AuditEntry.objects.get(action=Action.RECORDING_MAILED)
    assert entry.object_id == str(recording.recording_id)
    assert entry.detail == {"to": "ann", "attached_bytes": len(AUDIO)}
    assert recording_mail.work_off(now=datetime.now(UTC) + timedelta(days=1)) is False


def test_a_larger_recording_goes_without(
    wants: User, server: int, box: Postbox, data_folder: Path
) -> None:
    RecordingMailSettings(limit_mb=1, sender_name="Call archive").save()
    recording = seal_audio(list_recording(wants), data_folder, AUDIO)
    Recording.objects.update(size_bytes=1024 * 1024 + 1)  # gate: the test has no reader
    template = "[AttachmentFileSize] KB of [MaxAttachmentSize] MB"
    RecordingMailTemplate(language="it", subject="[Username]", body=template).save()
    recording_mail.work_off(now=datetime.now(UTC))
    (mail,) = box.mails
    assert attached(mail) == []
    assert (mail["Subject"], text_of(mail).strip()) == ("ann", "0 KB of 1 MB")
    assert mail["From"].addresses[0].display_name == "Call archive"
    assert RecordingMail.objects.get(recording=recording).attached_bytes == 0


def test_who_may_not_download_gets_no_file(
    wants: User, server: int, box: Postbox, data_folder: Path
) -> None:
    seal_audio(list_recording(wants), data_folder, AUDIO)
    User.objects.update(level=Level.RECORD_ONLY)
    recording_mail.work_off(now=datetime.now(UTC))
    assert attached(box.mails[0]) == []


def test_a_department_has_its_own_template(
    wants: User, server: int, box: Postbox, data_folder: Path
) -> None:
    User.objects.update(department="Help Desk")
    RecordingMailTemplate(language="it", subject="tutti", body="x").save()
    RecordingMailTemplate(
        language="it", department="help desk", department_key="help desk", subject="uno", body="x"
    ).save()
    RecordingMailTemplate(
        language="en", department="help desk", department_key="help desk", subject="one", body="x"
    ).save()
    list_recording(wants)
    recording_mail.work_off(now=datetime.now(UTC))
    assert box.mails[0]["Subject"] == "uno"


def test_a_mail_refused_for_now_is_tried_again_under_the_same_id(
    wants: User, server: int, box: Postbox
) -> None:
    User.objects.update(attach_recording=False)
    list_recording(wants)
    box.to_recipient = "451 come back later"
    recording_mail.work_off(now=NOW_LATER)
    row = RecordingMail.objects.get()
    assert (row.state, row.problem, row.attempts) == ("waiting", "recipient", 1)
    assert row.next_try_at == NOW_LATER + timedelta(minutes=1)
    assert recording_mail.work_off(now=NOW_LATER) is False
    box.to_recipient = ""
    recording_mail.work_off(now=NOW_LATER + timedelta(minutes=1))
    row.refresh_from_db()
    assert (row.state, row.problem) == ("sent", "")
    assert box.mails[0]["Message-ID"] == f"<{row.public_id}@example.com>"


def test_a_mail_refused_for_good_is_reported_and_tried_on_request(
    wants: User, server: int, box: Postbox
) -> None:
    User.objects.update(attach_recording=False)
    list_recording(wants)
    box.to_recipient = "550 no such mailbox"
    recording_mail.work_off(now=NOW_LATER)
    row = RecordingMail.objects.get()
    assert (row.state, row.next_try_at) == ("failed", None)
    assert "no such mailbox" in row.said
    box.to_recipient = ""
    recording_mail.try_now(row, now=NOW_LATER)
    recording_mail.work_off(now=NOW_LATER)
    assert len(box.mails) == 1


def test_a_server_that_is_away_holds_up_all_and_loses_none(
    wants: User, mail_set_up: MailSettings
) -> None:
    mail_set_up.host, mail_set_up.port, mail_set_up.timeout_s = "127.0.0.1", 9, 2
    mail_set_up.security = "none"
    mail_set_up.save()
    User.objects.update(attach_recording=False)
    list_recording(wants)
    list_recording(wants)
    assert loop.look_once(threading.Event()) is False
    tried = RecordingMail.objects.filter(attempts=1)
    assert [row.problem for row in tried] == ["refused"]
    assert RecordingMail.objects.filter(state=MailState.WAITING).count() == 2


def test_a_mail_is_given_up_after_days_of_trying(
    wants: User, mail_set_up: MailSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_args: object, **_kwargs: object) -> None:
        raise MailFault("unreachable", passes=True)

    monkeypatch.setattr(recording_mail, "send", away)
    User.objects.update(attach_recording=False)
    list_recording(wants)
    now = NOW_LATER
    while (row := RecordingMail.objects.get()).state == MailState.WAITING:
        assert row.next_try_at is not None
        now = max(now, row.next_try_at)
        with pytest.raises(MailFault):
            recording_mail.work_off(now=now)
    assert row.state == MailState.FAILED
    assert timedelta(days=2) < now - NOW_LATER < timedelta(days=4)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"is_active": False}, "not_active"),
        ({"send_notifications": False}, "not_wanted"),
        ({"email": ""}, "no_address"),
    ],
)
def test_who_should_get_no_mail_any_more_gets_none(
    change: dict[str, object], why: str, wants: User, server: int, box: Postbox
) -> None:
    list_recording(wants)
    User.objects.update(**change)
    recording_mail.work_off(now=datetime.now(UTC))
    row = RecordingMail.objects.get()
    assert (row.state, row.problem, box.mails) == ("not_sent", why, [])


def test_two_workers_send_one_mail(
    wants: User, server: int, box: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    User.objects.update(attach_recording=False)
    list_recording(wants)
    attempt = recording_mail._attempt

    def with_another(row: RecordingMail, *, now: datetime) -> None:
        monkeypatch.setattr(recording_mail, "_attempt", attempt)
        assert recording_mail.work_off(now=now) is False  # the other finds it taken
        attempt(row, now=now)

    monkeypatch.setattr(recording_mail, "_attempt", with_another)
    recording_mail.work_off(now=datetime.now(UTC))
    assert len(box.mails) == 1


def test_a_recording_whose_store_is_away_waits(
    wants: User, server: int, box: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_args: object) -> None:
        raise VaultError("the share is away")

    monkeypatch.setattr(recording_mail, "open_object", away)
    list_recording(wants)
    assert recording_mail.work_off(now=datetime.now(UTC)) is True
    row = RecordingMail.objects.get()
    assert (row.state, row.problem, box.mails) == ("waiting", "audio", [])
