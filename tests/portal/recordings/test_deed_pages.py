"""Notes, preserve and delete as people meet them: pages, words, nothing lost."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from callvault.portal.configuration.models import LowestLevel, SystemSettings
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Note, Recording
from callvault.portal.recordings.notes import MAX_LENGTH, add_note, delete_note, edit_note
from callvault.portal.recordings.permissions import recordings_in_catalogue
from callvault.portal.recordings.preserving import preserve
from tests.portal.acting import request_of
from tests.portal.catalogue_facts import Spoken, list_recording
from tests.portal.gated import GatedViewTest, check_policy

pytestmark = pytest.mark.django_db


class TestDeleteQuestion(GatedViewTest):
    """Who sees a recording is told whether it can be deleted; others get what strangers get."""

    url: ClassVar[str] = "/recordings/delete?recording={id}"
    ann_may = sam_may = True


class TestNoteForSeveral(GatedViewTest):
    """The same for the form of a note."""

    url: ClassVar[str] = "/recordings/note?recording={id}"
    ann_may = sam_may = True


@pytest.fixture(autouse=True)
def _own_folder(data_folder: Path) -> None:
    """Keep vault and keys of the test apart."""


@pytest.fixture
def sam_client(client: Client, sam: User) -> Client:
    client.force_login(sam)
    return client


@pytest.fixture
def three(ann: User) -> list[Recording]:
    return [list_recording(ann) for _ in range(3)]


def ids(recordings: list[Recording]) -> list[str]:
    return [str(one.recording_id) for one in recordings]


def told(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def test_each_of_several_is_judged_by_itself_and_the_results_are_counted(
    sam_client: Client, three: list[Recording], rita: User, otto: User
) -> None:
    SystemSettings.objects.create(delete_level=LowestLevel.GROUP_SUPERVISORS)
    preserve(request_of(rita), three[0])
    hidden = list_recording(otto)
    sent = {"recording": ids([*three, hidden]), "next": "/recordings/?q=ann"}
    asked = sam_client.post("/recordings/delete", sent)
    text = asked.content.decode()
    assert "Delete 2 recordings?" in text
    assert "preserved by Rita Marsh" in text
    assert recordings_in_catalogue().count() == 4
    check_policy(asked)
    done = sam_client.post("/recordings/delete", sent | {"confirmed": "yes"})
    assert done["Location"] == "/recordings/?q=ann"
    assert told(done) == [
        "2 recordings are deleted. 1 not: not there any more. 1 not: preserved by Rita Marsh."
    ]
    assert set(recordings_in_catalogue()) == {three[0], hidden}


def test_preserving_several_can_be_undone_from_the_toast(
    sam_client: Client, three: list[Recording]
) -> None:
    sam_client.post("/recordings/preserve", {"recording": ids(three), "next": "/recordings/"})
    page = sam_client.get("/recordings/").content.decode()
    assert "3 recordings are preserved." in page
    assert page.count("data-cv-preserved") == 3
    assert 'action="/recordings/release"' in page
    answer = sam_client.post("/recordings/release", {"recording": ids(three)})
    assert told(answer) == ["3 recordings are released."]
    assert "data-cv-preserved" not in sam_client.get("/recordings/").content.decode()


def test_a_flag_of_somebody_else_offers_no_undo_that_would_lose_it(
    client: Client, rita: User, ann: User, three: list[Recording]
) -> None:
    preserve(request_of(ann), three[0])
    client.force_login(rita)
    client.post("/recordings/preserve", {"recording": ids(three)})
    page = client.get("/recordings/").content.decode()
    assert "cv-toast__undo" not in page


@pytest.mark.parametrize("sent", ["", "x", "00000000-0000-4000-8000-000000000000"])
@pytest.mark.parametrize("name", ["delete", "note"])
def test_a_question_about_nothing_is_not_there(sam_client: Client, name: str, sent: str) -> None:
    assert sam_client.post(f"/recordings/{name}", {"recording": sent}).status_code == 404


@pytest.mark.parametrize("place", ["https://example.com/", "//example.com", "javascript:alert(1)"])
def test_nobody_is_led_elsewhere_afterwards(
    sam_client: Client, three: list[Recording], place: str
) -> None:
    answer = sam_client.post("/recordings/preserve", {"recording": ids(three), "next": place})
    assert answer["Location"] == "/recordings/"


def test_one_note_for_several(sam_client: Client, three: list[Recording]) -> None:
    form = sam_client.post("/recordings/note", {"recording": ids(three)})
    assert "Add a note to 3 recordings" in form.content.decode()
    empty = sam_client.post("/recordings/note", {"recording": ids(three), "text": "  "})
    assert empty.status_code == 422
    sam_client.post("/recordings/note", {"recording": ids(three), "text": "Batch 7."})
    assert Note.objects.filter(text="Batch 7.").count() == 3
    assert sam_client.get("/recordings/").content.decode().count("1 note<") >= 3


def test_a_note_at_a_moment_stands_on_the_timeline(
    sam_client: Client, anns_recording: Recording
) -> None:
    address = f"/recordings/{anns_recording.recording_id}/"
    sent = {"text": "Refund\npromised <b>", "with_moment": "yes", "at_ms": "167000"}
    answer = sam_client.post(f"{address}notes", sent)
    note = Note.objects.get()
    assert answer["Location"] == f"{address}#note-{note.note_id}"
    page = sam_client.get(address)
    entry = next(one for one in page.context["page"].timeline if one.kind == "note")
    assert entry.text == "Refund promised <b> (Sam Whitlock, group supervisor)"
    assert (entry.offset_ms, entry.seconds) == (167_000, 167)
    text = page.content.decode()
    assert "Refund<br>promised &lt;b&gt;" in text
    check_policy(page)


def test_a_note_that_is_too_long_comes_back_with_its_text(
    sam_client: Client, anns_recording: Recording
) -> None:
    address = f"/recordings/{anns_recording.recording_id}/notes"
    sent = {"text": "long " * MAX_LENGTH, "with_moment": "yes", "at_ms": "5000"}
    answer = sam_client.post(address, sent)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "20000 characters" not in text
    assert "a note has 4000 at most" in text
    assert "long long long" in text
    assert "data-cv-new-note open" in text
    assert not Note.objects.exists()


def test_who_was_slower_sees_both_texts_and_may_save_again(
    sam_client: Client, anns_recording: Recording, ann: User
) -> None:
    note = add_note(request_of(ann), anns_recording, "First.")
    address = f"/recordings/{anns_recording.recording_id}/notes/{note.note_id}"
    assert 'value="1"' in sam_client.get(address).content.decode()
    edit_note(request_of(ann), note, "By Ann.", version=1)
    answer = sam_client.post(address, {"text": "By Sam.", "version": "1"})
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "Ann Keller changed this note meanwhile." in text
    assert "By Ann." in text
    assert "By Sam.</textarea>" in text
    assert 'name="version" value="2"' in text
    saved = sam_client.post(address, {"text": "By Sam.", "version": "2"})
    assert saved.status_code == 302
    assert Note.objects.get().text == "By Sam."


def test_what_was_typed_for_a_note_that_is_gone_can_be_added_anew(
    sam_client: Client, anns_recording: Recording, ann: User
) -> None:
    note = add_note(request_of(ann), anns_recording, "First.")
    delete_note(request_of(ann), note, version=1)
    address = f"/recordings/{anns_recording.recording_id}/notes/{note.note_id}"
    answer = sam_client.post(address, {"text": "By Sam.", "version": "1"})
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "deleted meanwhile" in text
    assert "By Sam.</textarea>" in text
    assert sam_client.get(address).status_code == 404


def test_a_note_is_not_deleted_over_somebody_elses_change(
    sam_client: Client, anns_recording: Recording, ann: User
) -> None:
    note = add_note(request_of(ann), anns_recording, "First.")
    edit_note(request_of(ann), note, "By Ann.", version=1)
    address = f"/recordings/{anns_recording.recording_id}/notes/{note.note_id}/delete"
    assert sam_client.post(address, {"version": "1"}).status_code == 409
    assert sam_client.post(address, {"version": "2"}).status_code == 302
    assert not Note.objects.exists()


def test_the_page_offers_what_one_may_and_says_why_not(
    client: Client, anns_recording: Recording, ann: User, rita: User
) -> None:
    SystemSettings.objects.create(delete_level=LowestLevel.SIMPLE_USERS)
    address = f"/recordings/{anns_recording.recording_id}/"
    client.force_login(ann)
    before = client.get(address).content.decode()
    assert "data-cv-preserve" in before
    assert "data-cv-delete" in before
    preserve(request_of(rita), anns_recording)
    after = client.get(address).content.decode()
    assert "Preserved until it is released" in after
    assert "By Rita Marsh, administrator," in after
    assert "Not possible: preserved by Rita Marsh." in after
    assert "data-cv-preserve" not in after
    assert "data-cv-delete" not in after


def test_who_will_never_have_the_right_is_not_offered_it(
    client: Client, anns_recording: Recording, ann: User
) -> None:
    client.force_login(ann)
    page = client.get(f"/recordings/{anns_recording.recording_id}/").content.decode()
    assert "data-cv-delete" not in page
    rows = client.get("/recordings/mine/").content.decode()
    assert 'data-cv-deed="preserve"' in rows
    assert 'data-cv-deed="delete"' not in rows


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("note=refund", {0}),
        ("note=REFUND+erläutert", {0}),
        ("note=2026-118", {1}),
        ("note=re", {0}),
        ("note=100%25", {1}),
        ("note=_", set[int]()),
        ("q=refund", {0}),
        ("q=2026-118", {1}),
        ("preserved=yes", {2}),
        ("preserved=no", {0, 1}),
        ("q=ann", {0, 1, 2}),
    ],
)
def test_notes_and_flags_are_searched_for(
    sam_client: Client, three: list[Recording], ann: User, query: str, found: set[int]
) -> None:
    add_note(request_of(ann), three[0], "Refund erläutert.")
    changed = add_note(request_of(ann), three[1], "To be replaced: refund")
    edit_note(request_of(ann), changed, "Complaint 2026-118, 100% paid.", version=1)
    gone = add_note(request_of(ann), three[2], "Refund, again.")
    delete_note(request_of(ann), gone, version=1)
    preserve(request_of(ann), three[2])
    rows = sam_client.get(f"/recordings/?{query}").context["rows"]
    assert {one.recording_id for one in rows} == {three[number].recording_id for number in found}


def test_a_note_is_no_way_to_what_one_may_not_see(
    client: Client, otto: User, ann: User, anns_recording: Recording
) -> None:
    add_note(request_of(ann), anns_recording, "Refund.")
    client.force_login(otto)
    assert not client.get("/recordings/?note=refund").context["rows"]
    assert not client.get("/recordings/?q=refund").context["rows"]


def test_a_recording_that_is_deleted_leaves_list_page_and_interaction_at_once(
    client: Client, rita: User, ann: User, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    first = list_recording(ann)
    second = list_recording(ann, Spoken(interaction_id=first.interaction_id))
    client.force_login(rita)
    page = client.get(f"/recordings/{second.recording_id}/")
    assert page.context["page"].interaction.count == 2
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/recordings/delete", {"recording": ids([first]), "confirmed": "yes"})
    assert client.get(f"/recordings/{first.recording_id}/").status_code == 404
    assert client.get(f"/recordings/{second.recording_id}/").context["page"].interaction is None
    rows = client.get("/recordings/").context["rows"]
    assert [one.recording_id for one in rows] == [second.recording_id]
