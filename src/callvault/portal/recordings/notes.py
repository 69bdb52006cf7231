"""Notes on a recording: written, changed and deleted by right, with author, level and time.

Plain functions, for pages and interfaces alike; `request` says who acts, and from where.
"""

import re
from uuid import UUID

from django.db import transaction
from django.http import Http404, HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from callvault.policy.permissions import Deed
from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.people.gates import person_of
from callvault.portal.people.models import User
from callvault.portal.storable import storable

from .folding import folded
from .models import Note, Recording
from .permissions import actor_of, recording_locked_for, require

MAX_LENGTH = 4000
MAX_NOTES = 200  # of one recording
MAX_FOLDED = 3 * MAX_LENGTH  # some letters spread into several
_LINES = re.compile(r"[\r\v\f\x1c-\x1e\x85\u2028\u2029]+\n?")
_INVISIBLE = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")


class NoteRefused(ValueError):
    """The text cannot be taken; the message says why, in the reader's language."""


class StaleNote(Exception):
    """Somebody changed or deleted the note since it was opened; `note` is None when deleted."""

    def __init__(self, note: Note | None) -> None:
        super().__init__("changed meanwhile")
        self.note = note


def clean_text(text: str) -> str:
    """Return a text as it is kept: plain, lines by one character. Raises NoteRefused."""
    lines = storable(_INVISIBLE.sub("", _LINES.sub("\n", text)))
    cleaned = "\n".join(line.rstrip() for line in lines.split("\n")).strip()
    if not cleaned:
        raise NoteRefused(_("Write something, or leave the note out."))
    if len(cleaned) > MAX_LENGTH:
        told = {"length": len(cleaned), "most": MAX_LENGTH}
        raise NoteRefused(_("%(length)s characters; a note has %(most)s at most.") % told)
    return cleaned


def add_note(
    request: HttpRequest, recording: Recording, text: str, *, at_ms: int | None = None
) -> Note:
    """Write a note. `at_ms`: the moment of the call that it is about, from its start.

    Raises NoteRefused, Refused, or Http404 for a recording that is gone or hidden.
    """
    cleaned = clean_text(text)
    user = person_of(request)
    with transaction.atomic():
        locked = recording_locked_for(user, recording.recording_id)
        require(user, locked, Deed.ADD_NOTE)
        if locked.notes.count() >= MAX_NOTES:
            raise NoteRefused(_("A recording has %(most)s notes at most.") % {"most": MAX_NOTES})
        note = _new(locked, user, cleaned, at_ms)
        _audit(request, Action.NOTE_ADDED, note)
        note.save()
    return note


def edit_note(request: HttpRequest, note: Note, text: str, *, version: int) -> Note:
    """Change a note that was opened at `version`.

    A note is held by the higher level of those who wrote and changed it. Raises NoteRefused,
    StaleNote, Refused or Http404.
    """
    cleaned = clean_text(text)
    with transaction.atomic():
        locked, user = _locked(request, note, Deed.EDIT_NOTE)
        if locked.version != version:
            raise StaleNote(locked)
        _audit(request, Action.NOTE_CHANGED, locked)
        locked.text, locked.folded = cleaned, folded(cleaned)[:MAX_FOLDED]
        locked.level = max(locked.level, actor_of(user).standing)
        locked.edited_at, locked.edited_by_name = timezone.now(), user.get_full_name()
        locked.version += 1
        locked.save()
    return locked


@transaction.atomic
def delete_note(request: HttpRequest, note: Note, *, version: int) -> None:
    """Delete a note as it was seen. Raises StaleNote, Refused or Http404."""
    locked, _user = _locked(request, note, Deed.DELETE_NOTE)
    if locked.version != version:
        raise StaleNote(locked)
    _audit(request, Action.NOTE_DELETED, locked)
    locked.delete()


def note_of(recording: Recording, note_id: UUID) -> Note:
    """Return a note of a recording that the gate let through; else Http404."""
    note = recording.notes.filter(note_id=note_id).first()
    if note is None:
        raise Http404
    return note


def _new(recording: Recording, user: User, text: str, at_ms: int | None) -> Note:
    standing = actor_of(user).standing
    return Note(
        recording=recording,
        author=user,
        author_name=user.get_full_name(),
        author_level=standing,
        level=standing,
        text=text,
        folded=folded(text)[:MAX_FOLDED],
        at_ms=None if at_ms is None else min(max(at_ms, 0), recording.duration_ms),
        written_at=timezone.now(),
    )


def _locked(request: HttpRequest, note: Note, deed: Deed) -> tuple[Note, User]:
    """Return the note as it is now, for nobody else to change, if the person may do the deed."""
    user = person_of(request)
    recording = recording_locked_for(user, note.recording.recording_id)
    locked = recording.notes.select_for_update(of=("self",)).filter(pk=note.pk).first()
    if locked is None:
        raise StaleNote(None)
    require(user, recording, deed, note=locked)
    return locked, user


def _audit(request: HttpRequest, action: Action, note: Note) -> None:
    """Say which note, and not what it says: texts hold numbers and names."""
    recording_id = note.recording.recording_id
    record(
        request, action, kind="recording", object_id=recording_id,
        note=str(note.note_id), level=int(note.level), length=len(note.text),
    )  # fmt: skip
