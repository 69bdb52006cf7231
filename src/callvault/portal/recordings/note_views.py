"""Writing, changing and deleting one note of a recording. What was typed is never lost."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from callvault.policy.permissions import Deed
from callvault.portal.people.gates import person_of

from .added import NoteDraft, note_view
from .models import Note, Recording
from .notes import MAX_LENGTH, NoteRefused, StaleNote, add_note, delete_note, edit_note, note_of
from .permissions import recording_visible_to, require
from .views import recording_page

LONGEST_NUMBER = 9  # of milliseconds: eleven days


@require_POST
def add(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    """Write a note; the recording's page comes back with the text where it cannot be taken."""
    recording = recording_visible_to(person_of(request), recording_id)
    text = request.POST.get("text", "")
    at_ms = _number(request.POST.get("at_ms", "")) if request.POST.get("with_moment") else None
    try:
        note = add_note(request, recording, text, at_ms=at_ms)
    except NoteRefused as refused:
        draft = NoteDraft(text, at_ms, str(refused))
        return recording_page(request, recording, draft=draft, status=422)
    messages.success(request, _("Note added."))
    return redirect(f"{_page(recording)}#note-{note.note_id}")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def edit(request: HttpRequest, recording_id: UUID, note_id: UUID) -> HttpResponse:
    """Change a note; who was slower than somebody else sees both texts."""
    recording = recording_visible_to(person_of(request), recording_id)
    text = request.POST.get("text", "")
    if request.method == "POST" and not recording.notes.filter(note_id=note_id).exists():
        return _deleted_meanwhile(request, recording, text)
    note = note_of(recording, note_id)
    if request.method != "POST":
        require(person_of(request), recording, Deed.EDIT_NOTE, note=note)
        return _form(request, note, note.text)
    try:
        edit_note(request, note, text, version=_number(request.POST.get("version", "")) or 0)
    except NoteRefused as refused:
        return _form(request, note, text, problem=str(refused))
    except StaleNote as stale:
        if stale.note is None:
            return _deleted_meanwhile(request, recording, text)
        return _form(request, stale.note, text, other=stale.note)
    messages.success(request, _("Note saved."))
    return redirect(f"{_page(recording)}#note-{note_id}")


@require_POST
def delete(request: HttpRequest, recording_id: UUID, note_id: UUID) -> HttpResponse:
    """Delete a note as it was seen."""
    recording = recording_visible_to(person_of(request), recording_id)
    note = recording.notes.filter(note_id=note_id).first()
    if note is not None:
        try:
            delete_note(request, note, version=_number(request.POST.get("version", "")) or 0)
        except StaleNote as stale:
            if stale.note is not None:
                return _form(request, stale.note, stale.note.text, other=stale.note)
    messages.success(request, _("Note deleted."))
    return redirect(f"{_page(recording)}#notes")


def _form(
    request: HttpRequest, note: Note, text: str, *, problem: str = "", other: Note | None = None
) -> HttpResponse:
    """Draw the form; `other`: the note as somebody saved it meanwhile."""
    context = {
        "note": note_view(note),
        "version": note.version,
        "text": text,
        "problem": problem,
        "other": note_view(other) if other is not None else None,
        "other_text": other.text if other is not None else "",
        "page_url": _page(note.recording),
        "most": MAX_LENGTH,
    }
    status = 422 if problem else 409 if other is not None else 200
    return render(request, "recordings/note.html", context, status=status)


def _deleted_meanwhile(request: HttpRequest, recording: Recording, text: str) -> HttpResponse:
    told = _("This note was deleted meanwhile. What you typed is here: it can be added anew.")
    return recording_page(request, recording, draft=NoteDraft(text, None, told), status=409)


def _page(recording: Recording) -> str:
    return reverse("recordings:recording", args=[recording.recording_id])


def _number(text: str) -> int | None:
    is_number = text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER
    return int(text) if is_number else None
