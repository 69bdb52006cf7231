"""Notes: kept with author, level and time; never over another's change."""

import pytest
from django.http import Http404

from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User
from callvault.portal.recordings import notes
from callvault.portal.recordings.models import Note, Recording
from callvault.portal.recordings.notes import (
    MAX_LENGTH,
    NoteRefused,
    StaleNote,
    add_note,
    clean_text,
    delete_note,
    edit_note,
)
from callvault.portal.recordings.permissions import Refused
from tests.portal.acting import request_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def anns_note(ann: User, anns_recording: Recording) -> Note:
    return add_note(request_of(ann), anns_recording, "Caller disputes it.", at_ms=270_000)


def test_a_note_keeps_who_wrote_it_at_which_level_and_about_which_moment(
    anns_note: Note, ann: User
) -> None:
    ann.level = Level.ADMINISTRATOR
    ann.save()
    kept = Note.objects.get(pk=anns_note.pk)
    assert (kept.author, kept.author_name) == (ann, "Ann Keller")
    assert (kept.author_level, kept.level, kept.at_ms) == (Level.BASE, Level.BASE, 270_000)
    assert kept.folded == "caller disputes it."


def test_the_audit_log_has_which_note_and_not_what_it_says(anns_note: Note, ann: User) -> None:
    entry = AuditEntry.objects.get(action=Action.NOTE_ADDED)
    assert (entry.actor, entry.object_id) == (ann, str(anns_note.recording.recording_id))
    assert entry.detail == {"note": str(anns_note.note_id), "level": 20, "length": 19}


def test_a_moment_beyond_the_end_is_the_end(ann: User, anns_recording: Recording) -> None:
    note = add_note(request_of(ann), anns_recording, "Late.", at_ms=10**9)
    assert note.at_ms == anns_recording.duration_ms


def test_a_stranger_learns_nothing_by_writing(otto: User, anns_recording: Recording) -> None:
    with pytest.raises(Http404):
        add_note(request_of(otto), anns_recording, "Here I am.")


def test_a_note_that_an_administrator_changed_is_held_by_that_level(
    anns_note: Note, ann: User, rita: User
) -> None:
    changed = edit_note(request_of(rita), anns_note, "Caller disputes the bill.", version=1)
    assert (changed.level, changed.edited_by_name) == (Level.ADMINISTRATOR, "Rita Marsh")
    assert (changed.author, changed.author_level) == (ann, Level.BASE)
    with pytest.raises(Refused):
        edit_note(request_of(ann), anns_note, "No.", version=2)
    with pytest.raises(Refused):
        delete_note(request_of(ann), anns_note, version=2)


def test_a_note_that_was_changed_meanwhile_is_not_overwritten(
    anns_note: Note, ann: User, sam: User
) -> None:
    edit_note(request_of(ann), anns_note, "First.", version=1)
    with pytest.raises(StaleNote) as stale:
        edit_note(request_of(sam), anns_note, "Second.", version=1)
    assert stale.value.note is not None
    assert stale.value.note.text == "First."
    with pytest.raises(StaleNote):
        delete_note(request_of(sam), anns_note, version=1)
    assert Note.objects.get(pk=anns_note.pk).text == "First."


def test_a_note_that_was_deleted_meanwhile_says_so(anns_note: Note, ann: User) -> None:
    delete_note(request_of(ann), anns_note, version=1)
    with pytest.raises(StaleNote) as stale:
        edit_note(request_of(ann), anns_note, "Again.", version=1)
    assert stale.value.note is None
    assert AuditEntry.objects.filter(action=Action.NOTE_DELETED).count() == 1


def test_a_recording_has_so_many_notes_and_no_more(
    ann: User, anns_recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notes, "MAX_NOTES", 1)
    add_note(request_of(ann), anns_recording, "One.")
    with pytest.raises(NoteRefused):
        add_note(request_of(ann), anns_recording, "Two.")


@pytest.mark.parametrize("text", ["", " \n\t ", "\x00\x07", "x" * (MAX_LENGTH + 1)])
def test_a_text_that_is_no_note_is_refused(text: str) -> None:
    with pytest.raises(NoteRefused):
        clean_text(text)


def test_a_text_is_kept_as_it_was_typed_but_for_what_nobody_sees() -> None:
    assert clean_text("  Ünï\x00code \r\nline\u2028two\x07  ") == "Ünïcode\nline\ntwo"
    assert len(clean_text("x" * MAX_LENGTH)) == MAX_LENGTH
