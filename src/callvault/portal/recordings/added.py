"""What people added to a recording, as its page shows it: notes, the flag, and what one may do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from callvault.policy.permissions import Deed, GlobalRights, Refusal
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User

from .models import Note, Reassignment, Recording
from .notes import MAX_LENGTH
from .page import TimelineEntry
from .permissions import refusal_of
from .preserving import preserved_until
from .reassigning import history_of
from .refusals import reason

EXCERPT = 120  # characters of a note on the timeline


@dataclass(frozen=True, slots=True)
class NoteDraft:
    """A note that is being written: what was typed, and why it was not taken."""

    text: str = ""
    at_ms: int | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class NoteView:
    """One note."""

    note_id: UUID
    text: str
    author: str  # "Sam Whitlock, group supervisor"
    written_at: datetime
    at_ms: int | None
    edited_at: datetime | None
    edited_by: str
    edit_url: str  # empty: not for this reader
    delete_url: str

    @property
    def seconds(self) -> int:
        """Whole seconds from the start, for the link `?t=102`."""
        return (self.at_ms or 0) // 1000


@dataclass(frozen=True, slots=True)
class Flag:
    """The preserve flag."""

    by: str
    at: datetime
    until: datetime | None  # None: until it is released


@dataclass(frozen=True, slots=True)
class Deeds:
    """What the reader may do now. A reason stands where a state forbids it, not the level."""

    may_preserve: bool
    may_release: bool
    may_delete: bool
    may_reassign: bool
    may_not_release: str
    may_not_delete: str


@dataclass(frozen=True, slots=True)
class HoldLine:
    """A legal hold that covers the recording."""

    matter: str
    url: str


@dataclass(frozen=True, slots=True)
class Added:
    """All of it."""

    notes: tuple[NoteView, ...]
    flag: Flag | None
    deeds: Deeds
    draft: NoteDraft
    longest_note: int = MAX_LENGTH
    reassignments: Sequence[Reassignment] = ()  # for administrators
    is_held: bool = False
    holds: Sequence[HoldLine] = ()  # for administrators


def added_to(user: User, recording: Recording, rights: GlobalRights, draft: NoteDraft) -> Added:
    """Collect what the page of a recording shows of it."""
    notes = tuple(
        note_view(note, may_edit=_may(user, recording, Deed.EDIT_NOTE, rights, note))
        for note in recording.notes.all()
    )
    deeds = _deeds(user, recording, rights)
    history = history_of(recording) if deeds.may_reassign else ()
    return Added(
        notes,
        _flag(recording),
        deeds,
        draft,
        reassignments=history,
        is_held=recording.is_held,
        holds=_holds(recording) if recording.is_held and user.is_administrator else (),
    )


def _holds(recording: Recording) -> tuple[HoldLine, ...]:
    rows = recording.holds.select_related("hold").order_by("hold__placed_at")
    return tuple(
        HoldLine(row.hold.matter, reverse("holds:hold", args=[row.hold.public_id])) for row in rows
    )


def note_view(note: Note, *, may_edit: bool = True) -> NoteView:
    """Return a note as pages show it."""
    ids = [note.recording.recording_id, note.note_id]
    level = str(Level(note.author_level).label)
    return NoteView(
        note_id=note.note_id,
        text=note.text,
        author=f"{note.author_name}, {level[:1].lower()}{level[1:]}",
        written_at=note.written_at,
        at_ms=note.at_ms,
        edited_at=note.edited_at,
        edited_by=note.edited_by_name,
        edit_url=reverse("recordings:note", args=ids) if may_edit else "",
        delete_url=reverse("recordings:delete_note", args=ids) if may_edit else "",
    )


def with_notes(
    timeline: Sequence[TimelineEntry], notes: Sequence[NoteView]
) -> tuple[TimelineEntry, ...]:
    """Return the timeline with the notes that are about a moment."""
    told = (
        TimelineEntry(note.at_ms, "note", _("Note"), f"{_excerpt(note.text)} ({note.author})")
        for note in notes
        if note.at_ms is not None
    )
    return tuple(sorted((*timeline, *told), key=lambda entry: entry.offset_ms))


def _excerpt(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= EXCERPT else f"{line[: EXCERPT - 1].rstrip()}…"


def _flag(recording: Recording) -> Flag | None:
    level, at = recording.preserved_level, recording.preserved_at
    if level is None or at is None:
        return None
    label = str(Level(level).label)
    by = f"{recording.preserved_by_name}, {label[:1].lower()}{label[1:]}"
    return Flag(by, at, preserved_until(recording))


def _deeds(user: User, recording: Recording, rights: GlobalRights) -> Deeds:
    def refused(deed: Deed) -> Refusal | None:
        return refusal_of(user, recording, deed, rights=rights)

    def by_state(deed: Deed) -> str:
        why = refused(deed)
        return reason(why, recording) if why in (Refusal.PRESERVED_HIGHER, Refusal.HELD) else ""

    return Deeds(
        may_preserve=refused(Deed.PRESERVE) is None,
        may_release=refused(Deed.RELEASE) is None,
        may_delete=refused(Deed.DELETE) is None,
        may_reassign=refused(Deed.REASSIGN) is None,
        may_not_release=by_state(Deed.RELEASE),
        may_not_delete=by_state(Deed.DELETE),
    )


def _may(user: User, recording: Recording, deed: Deed, rights: GlobalRights, note: Note) -> bool:
    return refusal_of(user, recording, deed, rights=rights, note=note) is None
