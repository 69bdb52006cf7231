"""Recordings by the API: every one through the gate, every deed by the functions of the portal."""

import json
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from ninja import Query, Router, Status

from callvault.policy.numbering_plan import PlanReader
from callvault.policy.permissions import Deed, GlobalRights
from callvault.portal.audit.searches import record_search
from callvault.portal.configuration.models import SystemSettings
from callvault.portal.configuration.plan_reading import normal_number, plan_reader
from callvault.portal.configuration.rights import rights_in_force
from callvault.portal.people.gates import person_of
from callvault.portal.people.models import User
from callvault.portal.recordings import copies, media, notes, preserving, reassigning
from callvault.portal.recordings.deletion import delete_recording
from callvault.portal.recordings.filters import Filter
from callvault.portal.recordings.finding import Asked
from callvault.portal.recordings.interaction_page import MOST_LINKED
from callvault.portal.recordings.listing import Sorting
from callvault.portal.recordings.models import Note, Recording
from callvault.portal.recordings.pages import Pages
from callvault.portal.recordings.permissions import (
    recording_visible_to,
    recordings_visible_to,
    refusal_of,
)

from .callers import using
from .errors import PROBLEMS
from .media_shapes import AUDIO, COPIES, PEAKS, SIGNALLING, CopyQuery
from .problems import Problem, invalid
from .queries import refuse_unknown
from .scopes import Scope
from .shapes import NoteChange, NoteIn, NoteOut, OwnerIn, Page, RecordingOut, RecordingQuery

router = Router(tags=["Recordings"])

_PRESERVED = {None: "", True: "yes", False: "no"}
_DEEDS = {
    "play": Deed.PLAY,
    "download": Deed.DOWNLOAD,
    "add_note": Deed.ADD_NOTE,
    "preserve": Deed.PRESERVE,
    "release": Deed.RELEASE,
    "delete": Deed.DELETE,
    "reassign": Deed.REASSIGN,
}


@router.get(
    "", response={200: Page[RecordingOut], **PROBLEMS}, **using(Scope.RECORDINGS_READ),
    summary="List recordings",
)  # fmt: skip
def list_recordings(request: HttpRequest, query: Query[RecordingQuery]) -> dict[str, Any]:
    """Return recordings that the caller may see, newest first unless sorted otherwise."""
    refuse_unknown(request, RecordingQuery)
    user = person_of(request)
    wanted = _filter_of(query)
    record_search(request, "recordings", wanted.told, text=wanted.text)
    with timezone.override(ZoneInfo(SystemSettings.load().zone)):
        pages = Pages(Asked(user, wanted), Sorting.parse(query.sort).order)
        page = pages.page(size=query.limit, after=query.after)
    rights = rights_in_force()
    reader = plan_reader()
    return {"items": [told(user, row, rights, reader) for row in page.rows], "next": page.older}


@router.get(
    "/{uuid:recording_id}", response={200: RecordingOut, **PROBLEMS},
    **using(Scope.RECORDINGS_READ), summary="Read a recording",
)  # fmt: skip
def read_recording(request: HttpRequest, recording_id: UUID) -> dict[str, Any]:
    """Return one recording. What the caller may not see is answered as if it did not exist."""
    user = person_of(request)
    return told(user, recording_visible_to(user, recording_id), rights_in_force(), plan_reader())


@router.get(
    "/{uuid:recording_id}/audio", response={200: None, 206: None, 416: None, **PROBLEMS},
    **using(Scope.RECORDINGS_AUDIO, responses=AUDIO), summary="Download audio",
)  # fmt: skip
def download_audio(request: HttpRequest, recording_id: UUID) -> HttpResponseBase:
    """Return the MP3, or a range of it (`Range`). The caller needs the right to download."""
    return _opened(media.download(request, recording_id))


@router.get(
    "/{uuid:recording_id}/audio/{form}", response={200: None, **PROBLEMS},
    **using(Scope.RECORDINGS_AUDIO, responses=COPIES), summary="Download as WAV or FLAC",
)  # fmt: skip
def download_copy(
    request: HttpRequest,
    recording_id: UUID,
    form: Literal["wav", "flac"],
    query: Query[CopyQuery],
) -> HttpResponseBase:
    """Return the recording in another form, made while it leaves, without ranges.

    The caller needs the right to download.
    """
    refuse_unknown(request, CopyQuery)
    return copies.download_copy(request, recording_id, form)


@router.get(
    "/{uuid:recording_id}/peaks", response={200: None, 206: None, 416: None, **PROBLEMS},
    **using(Scope.RECORDINGS_AUDIO, responses=PEAKS), summary="Read the waveform",
)  # fmt: skip
def read_peaks(request: HttpRequest, recording_id: UUID) -> HttpResponseBase:
    """Return the peaks of both channels, as the player draws them. Needs the right to play."""
    return _opened(media.peaks(request, recording_id))


@router.get(
    "/{uuid:recording_id}/signalling", response={200: None, 206: None, 416: None, **PROBLEMS},
    **using(Scope.RECORDINGS_READ, responses=SIGNALLING), summary="Read the signalling",
)  # fmt: skip
def read_signalling(request: HttpRequest, recording_id: UUID) -> HttpResponseBase:
    """Return signalling and raw metadata as text. For supervisors and administrators."""
    return _opened(media.metadata(request, recording_id))


@router.get(
    "/{uuid:recording_id}/interaction", response={200: list[RecordingOut], **PROBLEMS},
    **using(Scope.RECORDINGS_READ), summary="List the recordings of the same conversation",
)  # fmt: skip
def list_interaction(request: HttpRequest, recording_id: UUID) -> list[dict[str, Any]]:
    """Return those that the caller may see, by time: parts before and after a transfer or hold."""
    user = person_of(request)
    row = recording_visible_to(user, recording_id)
    parts = recordings_visible_to(user).filter(interaction=row.interaction_id)
    ordered = parts.select_related("owner", "interaction").order_by("started_at", "record_number")
    rights, reader = rights_in_force(), plan_reader()
    return [told(user, one, rights, reader) for one in ordered[:MOST_LINKED]]


@router.put(
    "/{uuid:recording_id}/preserved", response={200: RecordingOut, **PROBLEMS},
    **using(Scope.RECORDINGS_WRITE), summary="Preserve a recording",
)  # fmt: skip
def preserve(request: HttpRequest, recording_id: UUID) -> dict[str, Any]:
    """Set the preserve flag at the caller's level."""
    user = person_of(request)
    row = preserving.preserve(request, recording_visible_to(user, recording_id))
    return told(user, row, rights_in_force(), plan_reader())


@router.delete(
    "/{uuid:recording_id}/preserved", response={200: RecordingOut, **PROBLEMS},
    **using(Scope.RECORDINGS_WRITE), summary="Release a recording",
)  # fmt: skip
def release(request: HttpRequest, recording_id: UUID) -> dict[str, Any]:
    """Take the preserve flag away, unless a higher level set it."""
    user = person_of(request)
    row = preserving.release(request, recording_visible_to(user, recording_id))
    return told(user, row, rights_in_force(), plan_reader())


@router.put(
    "/{uuid:recording_id}/owner", response={200: RecordingOut, **PROBLEMS},
    **using(Scope.RECORDINGS_WRITE), summary="Give a recording to another owner",
)  # fmt: skip
def reassign(request: HttpRequest, recording_id: UUID, owner: OwnerIn) -> dict[str, Any]:
    """Give a recording to a person, who sees it from then on. For administrators."""
    user = person_of(request)
    row = recording_visible_to(user, recording_id)
    person = User.objects.filter(public_id=owner.owner_id).first()
    if person is None:
        detail = "There is no person of this id."
        raise invalid([{"in": "body", "pointer": "/owner_id", "detail": detail}])
    row = reassigning.reassign(request, row, person)
    return told(user, row, rights_in_force(), plan_reader())


@router.delete(
    "/{uuid:recording_id}", response={204: None, **PROBLEMS},
    **using(Scope.RECORDINGS_DELETE), summary="Delete a recording",
)  # fmt: skip
def delete(request: HttpRequest, recording_id: UUID) -> Status[None]:
    """Delete a recording with its audio and notes, for ever."""
    delete_recording(request, recording_visible_to(person_of(request), recording_id))
    return Status(204, None)


@router.get(
    "/{uuid:recording_id}/notes", response={200: list[NoteOut], **PROBLEMS},
    **using(Scope.RECORDINGS_READ), summary="List notes",
)  # fmt: skip
def list_notes(request: HttpRequest, recording_id: UUID) -> list[dict[str, Any]]:
    """Return the notes on a recording, in the order of writing; 200 at most."""
    row = recording_visible_to(person_of(request), recording_id)
    return [note_told(note) for note in row.notes.all()[: notes.MAX_NOTES]]


@router.post(
    "/{uuid:recording_id}/notes", response={201: NoteOut, **PROBLEMS},
    **using(Scope.RECORDINGS_WRITE), summary="Write a note",
)  # fmt: skip
def add_note(request: HttpRequest, recording_id: UUID, note: NoteIn) -> Status[dict[str, Any]]:
    """Write a note on the whole recording, or on a moment of it."""
    row = recording_visible_to(person_of(request), recording_id)
    return Status(201, note_told(notes.add_note(request, row, note.text, at_ms=note.at_ms)))


@router.patch(
    "/{uuid:recording_id}/notes/{uuid:note_id}", response={200: NoteOut, **PROBLEMS},
    **using(Scope.RECORDINGS_WRITE), summary="Change a note",
)  # fmt: skip
def change_note(
    request: HttpRequest, recording_id: UUID, note_id: UUID, note: NoteChange
) -> dict[str, Any]:
    """Change the text of a note as it was read: 409 if somebody was quicker."""
    row = recording_visible_to(person_of(request), recording_id)
    found = notes.note_of(row, note_id)
    return note_told(notes.edit_note(request, found, note.text, version=note.version))


@router.delete(
    "/{uuid:recording_id}/notes/{uuid:note_id}", response={204: None, **PROBLEMS},
    **using(Scope.RECORDINGS_WRITE), summary="Delete a note",
)  # fmt: skip
def delete_note(
    request: HttpRequest, recording_id: UUID, note_id: UUID, version: int
) -> Status[None]:
    """Delete a note as it was read: 409 if it was changed meanwhile."""
    row = recording_visible_to(person_of(request), recording_id)
    notes.delete_note(request, notes.note_of(row, note_id), version=version)
    return Status(204, None)


def told(user: User, row: Recording, rights: GlobalRights, reader: PlanReader) -> dict[str, Any]:
    """Return a recording as the API tells of it."""
    return {
        "id": row.recording_id,
        "interaction_id": row.interaction_id,
        "direction": row.direction,
        "owner_id": row.owner.public_id if row.owner else None,
        "owner_name": row.owner_name,
        "owner_extension": row.owner_extension,
        "owner_group": row.owner_group,
        "local_number": row.local_number,
        "remote_number": normal_number(reader, row.remote_number, row.direction),
        "remote_dialled": row.remote_number,
        "remote_name": row.remote_name,
        "started_at": row.started_at,
        "ended_at": row.ended_at,
        "duration_ms": row.duration_ms,
        "size_bytes": row.size_bytes,
        "trunk": row.trunk_name,
        "flags": row.flags,
        "is_preserved": row.preserved_level is not None,
        "preserved_at": row.preserved_at,
        "preserved_by": row.preserved_by_name,
        "may": [
            name
            for name, deed in _DEEDS.items()
            if refusal_of(user, row, deed, rights=rights) is None
        ],
    }


def note_told(note: Note) -> dict[str, Any]:
    """Return a note as the API tells of it."""
    return {
        "id": note.note_id,
        "author": note.author_name,
        "text": note.text,
        "at_ms": note.at_ms,
        "written_at": note.written_at,
        "edited_at": note.edited_at,
        "edited_by": note.edited_by_name,
        "version": note.version,
    }


def _filter_of(query: RecordingQuery) -> Filter:
    return Filter(
        text=query.q,
        first_day=query.first,
        last_day=query.last,
        directions=tuple(query.direction),
        groups=tuple(query.group),
        owner=str(query.owner or ""),
        over_s=query.over_s,
        under_s=query.under_s,
        note=query.note,
        preserved=_PRESERVED[query.preserved],
        since=query.since,
        until=query.until,
    )


def _opened(response: HttpResponseBase) -> HttpResponseBase:
    if response.status_code in (409, 503) and isinstance(response, HttpResponse):
        raise _locked(response)
    return response


def _locked(response: HttpResponse) -> Problem:
    """Make a problem of what the player's answer says of a recording that does not open."""
    said = json.loads(response.content)
    headers = {"Retry-After": "30"} if response.status_code == 503 else {}
    return Problem(
        response.status_code,
        "unavailable" if response.status_code == 503 else "locked",
        said.get("title", ""),
        headers=headers,
        certificates=said.get("certificates", []),
    )
