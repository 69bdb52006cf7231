"""Data subjects: found in every written form, handed over whole, erased in steps."""

import io
import json
import zipfile
from copy import copy
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.http import HttpResponseBase
from django.test import Client
from django.utils import timezone

from callvault.finalise.catalogue import ParticipantSpan
from callvault.policy.decision import Party
from callvault.policy.permissions import NOBODY
from callvault.portal.audit.log import number_reference
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.catalogue import DjangoCatalogue
from callvault.portal.configuration.models import SystemSettings
from callvault.portal.decisions.models import Call
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Note, Recording, Tombstone
from callvault.portal.recordings.permissions import recordings_in_catalogue
from callvault.portal.subjects import erasure, views
from callvault.portal.subjects.erasure import work_off
from callvault.portal.subjects.models import Erasure
from callvault.portal.subjects.subject import written_forms
from tests.portal.catalogue_facts import STARTED, Spoken, call_facts, list_recording
from tests.portal.gated import GatedViewTest, check_policy
from tests.portal.recordings.test_media import AUDIO, sealed  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("data_folder")]

PAGE, NUMBER = "/subjects/", "%2B1 555 0142"


class TestSubjectsGate(GatedViewTest):
    url = PAGE


class TestEraseGate(GatedViewTest):
    url = f"/subjects/erase?q={NUMBER}"


class TestExportGate(GatedViewTest):
    url = f"/subjects/export.zip?q={NUMBER}"


@pytest.fixture
def others(ann: User) -> Recording:
    """A recording of Ann with somebody else."""
    return list_recording(ann, Spoken(remote=Party("+15550199")))


@pytest.fixture
def joined(ann: User) -> Recording:
    """A recording of Ann with somebody else, which the number joined."""
    spans = (ParticipantSpan("Owen Price", "+15550142", 0, 10),)
    return list_recording(ann, Spoken(remote=Party("+15550198"), participants=spans))


@pytest.fixture
def unrecorded() -> Call:
    """A call of the number that left no recording."""
    facts = call_facts(at=STARTED + timedelta(hours=1), callee="2099")
    DjangoCatalogue().add_call(facts, ())
    return Call.objects.get(event_id=facts.event_id)


@pytest.mark.parametrize(
    ("number", "found"),
    [
        ("+39021234567", {"+39021234567", "0039021234567", "39021234567", "021234567"}),
        ("021234567", {"021234567", "+39021234567", "+3921234567"}),
        ("2014", {"2014"}),
    ],
)
def test_a_number_is_looked_for_in_all_its_forms(number: str, found: set[str]) -> None:
    assert found <= written_forms(number, country_code="39")


def test_a_short_number_is_only_itself() -> None:
    assert written_forms("2014", country_code="39") == {"2014"}


@pytest.mark.parametrize("typed", ["+1 555 0142", "001 (555) 01-42", "+15550142"])
def test_all_that_is_held_of_a_number_is_found(
    rita_client: Client,
    anns_recording: Recording,
    others: Recording,
    joined: Recording,
    unrecorded: Call,
    typed: str,
) -> None:
    answer = rita_client.get(PAGE, {"q": typed})
    check_policy(answer)
    counts = answer.context["counts"]
    assert (counts.recordings, counts.calls) == (2, 4)  # facts of tests are all called by it
    shown = {row.recording_id for row in answer.context["recordings"]}
    assert shown == {anns_recording.recording_id, joined.recording_id}


def test_a_longer_number_is_another_one(rita_client: Client, ann: User) -> None:
    list_recording(ann, Spoken(remote=Party("+155501429")))
    assert rita_client.get(PAGE, {"q": "+15550142"}).context["counts"].recordings == 0


def test_all_that_is_held_of_a_person_is_found(
    rita_client: Client, ann: User, anns_recording: Recording, others: Recording
) -> None:
    Note.objects.create(
        recording=others, author=ann, author_name="Ann", author_level=20, level=20,
        text="call back", folded="call back", written_at=timezone.now(),
    )  # fmt: skip
    AuditEntry.objects.create(
        action=Action.DOWNLOADED, object_kind="recording", object_id=str(others.recording_id)
    )
    counts = rita_client.get(PAGE, {"person": str(ann.public_id)}).context["counts"]
    assert (counts.recordings, counts.notes, counts.people, counts.left) == (2, 1, 1, 1)


def test_looking_up_is_written_down_without_the_number(
    rita_client: Client, anns_recording: Recording
) -> None:
    rita_client.get(PAGE, {"q": "+1 555 0142"})
    entry = AuditEntry.objects.get(action=Action.SEARCHED)
    assert entry.detail == {
        "where": "subjects",
        "asked": {"text": number_reference("+15550142")},
    }


@pytest.mark.parametrize(
    "asked", [{"q": "nobody"}, {"person": "x"}, {"q": "+15550142", "person": "{ann}"}, {"q": "é"}]
)
def test_what_cannot_be_looked_up_is_pointed_out(
    rita_client: Client, ann: User, asked: dict[str, str]
) -> None:
    query = {name: value.format(ann=ann.public_id) for name, value in asked.items()}
    answer = rita_client.get(PAGE, query)
    assert answer.status_code == 422
    assert "cv-field__error" in answer.content.decode()


def unpacked(answer: HttpResponseBase) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(b"".join(answer)))


def test_all_of_it_is_handed_over_as_one_zip(
    rita_client: Client, anns_recording: Recording, unrecorded: Call
) -> None:
    answer = rita_client.get("/subjects/export.zip", {"q": "+1 555 0142"})
    with unpacked(answer) as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
        assert {"README.txt", "recordings.csv", "decisions.csv", "people.json"} <= names
        assert "+15550142" in archive.read("recordings.csv").decode()
        assert archive.read("decisions.csv").decode().count("\n") == 3
        # The vault of the test is empty: what cannot be opened is told, not left out silently.
        told = archive.read("audio/NOT-OPENED.txt").decode()
        assert told.startswith(f"{anns_recording.record_number:06}: ")
        audit = [json.loads(line) for line in archive.read("audit.jsonl").splitlines()]
    assert audit[0]["format"] == "callvault-audit-export-1"
    entry = AuditEntry.objects.get(action=Action.SUBJECT_EXPORTED)
    assert (entry.object_id, entry.detail["recordings"]) == (number_reference("+15550142"), 1)


def test_each_recording_handed_over_is_written_down(
    rita_client: Client,
    sealed: Recording,  # noqa: F811 - the fixture
    others: Recording,
) -> None:
    answer = rita_client.get("/subjects/export.zip", {"q": "+1 555 0142"})
    name = answer["Content-Disposition"].partition('"')[2].rstrip('"')
    assert not AuditEntry.objects.filter(action=Action.DOWNLOADED).exists()  # nothing left yet
    with unpacked(answer) as archive:
        assert archive.testzip() is None
        (audio,) = [one for one in archive.namelist() if one.endswith(".mp3")]
        assert archive.read(audio) == AUDIO
        assert archive.getinfo(audio).compress_type == zipfile.ZIP_STORED
    entry = AuditEntry.objects.get(action=Action.DOWNLOADED)
    assert (entry.object_id, entry.detail["archive"]) == (str(sealed.recording_id), name)


@pytest.mark.parametrize("lost", ["level", "download"])
def test_a_right_that_goes_meanwhile_takes_the_audio_along(
    rita_client: Client,
    rita: User,
    sealed: Recording,  # noqa: F811 - the fixture
    lost: str,
) -> None:
    answer = rita_client.get("/subjects/export.zip", {"q": "+1 555 0142"})
    if lost == "level":
        User.objects.filter(pk=rita.pk).update(level=Level.BASE)
    else:
        settings = SystemSettings.load()
        settings.download_level = NOBODY
        settings.save()
    with unpacked(answer) as archive:
        assert not [one for one in archive.namelist() if one.endswith(".mp3")]
        assert f"{sealed.record_number:06}: " in archive.read("audio/NOT-OPENED.txt").decode()
    assert not AuditEntry.objects.filter(action=Action.DOWNLOADED).exists()


def test_the_audit_part_covers_every_recording(
    rita_client: Client, anns_recording: Recording
) -> None:
    """However many there are: a database takes only so many parameters in a statement."""
    template = recordings_in_catalogue().get()
    rows = []
    for number in range(2, 1203):
        row = copy(template)
        row.pk, row.recording_id, row.record_number = None, uuid4(), template.record_number + number
        rows.append(row)
    recordings_in_catalogue().bulk_create(rows)
    AuditEntry.objects.bulk_create(
        [
            AuditEntry(action=Action.PLAYED, object_kind="recording", object_id=str(one))
            for one in recordings_in_catalogue().values_list("recording_id", flat=True)
        ]
    )
    counts = rita_client.get(PAGE, {"q": "+15550142"}).context["counts"]
    assert (counts.recordings, counts.audit) == (1202, 1202)


def test_audio_that_nobody_may_download_is_not_handed_over(
    rita_client: Client, anns_recording: Recording
) -> None:
    settings = SystemSettings.load()
    settings.download_level = NOBODY
    settings.save()
    with unpacked(rita_client.get("/subjects/export.zip", {"q": "+1 555 0142"})) as archive:
        told = archive.read("audio/NOT-OPENED.txt").decode()
    assert told == (
        f"{anns_recording.record_number:06}: The settings let nobody download recordings.\n"
    )


def test_a_person_beyond_those_offered_is_found_by_the_address(
    rita_client: Client, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "PEOPLE_OFFERED", 0)
    page = rita_client.get(PAGE, {"person": str(ann.public_id)})
    assert page.context["subject"].person == ann


def test_no_password_is_handed_over(rita_client: Client, ann: User) -> None:
    ann.set_password("never shown to anybody")
    ann.save()
    answer = rita_client.get("/subjects/export.zip", {"person": str(ann.public_id)})
    with unpacked(answer) as archive:
        assert "argon2" not in archive.read("people.json").decode()


def ask(client: Client, typed: str, **query: str) -> Any:
    address = "/subjects/erase?" + "&".join(f"{name}={value}" for name, value in query.items())
    return client.post(address, {"recordings": typed})


def work() -> None:
    while Erasure.objects.filter(ended_at=None).exists():
        work_off(timezone.now())


def test_an_erasure_takes_what_it_may_and_reports_it(
    rita_client: Client,
    anns_recording: Recording,
    others: Recording,
    unrecorded: Call,
    django_capture_on_commit_callbacks: Any,
) -> None:
    answer = ask(rita_client, "1", q=NUMBER)
    assert answer.status_code == 302
    with django_capture_on_commit_callbacks(execute=True):
        work()
    assert [row.pk for row in recordings_in_catalogue()] == [others.pk]
    assert Tombstone.objects.get(recording_id=anns_recording.recording_id).cause == "erasure"
    row = Erasure.objects.get()
    assert (row.deleted, row.redacted, row.number) == (1, 2, "")
    assert row.reference == number_reference("+15550142")
    for call in Call.objects.exclude(recordings=others):
        text = json.dumps(call.decision) + call.caller + call.callee + call.caller_digits
        assert "5550142" not in text
    page = rita_client.get(f"/subjects/erasures/{row.public_id}").content.decode()
    assert "Done" in page
    done = AuditEntry.objects.filter(object_kind="subject").values_list("action", flat=True)
    assert set(done) == {Action.ERASURE_STARTED, Action.ERASURE_ENDED}
    assert all("5550142" not in json.dumps(one.detail) for one in AuditEntry.objects.all())


def test_the_number_must_be_typed(rita_client: Client, anns_recording: Recording) -> None:
    for typed in ("", "2", "one"):
        assert ask(rita_client, typed, q=NUMBER).status_code == 422
    assert not Erasure.objects.exists()


def test_what_may_not_be_deleted_stays_and_says_why(
    rita_client: Client, anns_recording: Recording
) -> None:
    settings = SystemSettings.load()
    settings.delete_level = NOBODY
    settings.save()
    preview = rita_client.get("/subjects/erase", {"q": "+15550142"})
    assert preview.context["stay"] == 1
    ask(rita_client, "1", q=NUMBER)
    work()
    ended = Erasure.objects.get()
    assert (ended.deleted, ended.refused) == (0, {"nobody": 1})
    assert recordings_in_catalogue().count() == 1


def test_an_erasure_goes_on_where_it_was(
    rita_client: Client, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure, "RECORDINGS_A_STEP", 2)
    for _ in range(5):
        list_recording(ann)
    ask(rita_client, "5", q=NUMBER)
    work_off(timezone.now())
    running = Erasure.objects.get()
    assert (running.deleted, running.ended_at) == (2, None)
    page = rita_client.get(f"/subjects/erasures/{running.public_id}").content.decode()
    assert "2 of 5 recordings" in page
    work()
    assert Erasure.objects.get().deleted == 5


def test_a_persons_recordings_are_erased_and_the_row_stays(
    rita_client: Client, ann: User, anns_recording: Recording
) -> None:
    ask(rita_client, "1", person=str(ann.public_id))
    work()
    assert not recordings_in_catalogue().exists()
    assert User.objects.filter(pk=ann.pk).exists()
    call = Call.objects.get()
    assert "Ann Keller" not in json.dumps(call.decision)


def test_who_asked_must_still_be_an_administrator(
    rita_client: Client, rita: User, anns_recording: Recording
) -> None:
    ask(rita_client, "1", q=NUMBER)
    User.objects.filter(pk=rita.pk).update(is_active=False)
    work()
    ended = Erasure.objects.get()
    assert (ended.deleted, bool(ended.problem), ended.number) == (0, True, "")
    assert recordings_in_catalogue().exists()
