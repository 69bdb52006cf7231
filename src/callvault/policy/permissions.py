"""Who may do what with a recording (USER-4 to USER-7), and why not.

`docs/reference/permissions.md` has the table of these rules and the reasons for what the
requirements leave open; a test compares every combination. The portal's gate
(`portal.recordings.permissions`) turns them into queries and refusals.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Level(IntEnum):
    """Permission levels (USER-4): each includes the one before."""

    RECORD_ONLY = 10
    BASE = 20
    GROUP_SUPERVISOR = 30
    ADMINISTRATOR = 40


NOBODY = 90
"""As the lowest level that may: above all levels."""


class Deed(StrEnum):
    """What people do with a recording."""

    SEE = "see"  # in lists and searches; its page with timeline, notes and details
    PLAY = "play"
    DOWNLOAD = "download"  # one file, a ZIP of several, audio by the API
    READ_SIGNALLING = "read signalling"  # raw messages name people beside the two parties
    LISTEN = "listen live"
    ADD_NOTE = "add note"
    EDIT_NOTE = "edit note"
    DELETE_NOTE = "delete note"
    PRESERVE = "preserve"
    RELEASE = "release"  # take the preserve flag away
    DELETE = "delete"
    REASSIGN = "reassign"  # give it to another owner


class Refusal(StrEnum):
    """Why somebody may not."""

    NOT_SEEN = "not seen"  # as if it did not exist
    LEVEL = "level"  # the own level is below the lowest that may
    NOBODY = "nobody"  # a setting lets nobody
    HELD = "held"  # by a legal hold, whoever wants it
    PRESERVED_HIGHER = "preserved by a higher level"
    PRESERVED_ALREADY = "preserved already"
    NOT_PRESERVED = "not preserved"
    PRESERVE_OFF = "preserve is switched off"
    NOTE_HIGHER = "note by a higher level"
    NOTE_OF_ANOTHER = "note by somebody else"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who wants to do something."""

    user_id: object  # any id, of one kind everywhere
    level: Level
    group: str = ""
    additional_groups: frozenset[str] = frozenset()
    is_active: bool = True

    @property
    def standing(self) -> Level:
        """The level that counts: a supervisor without a group of their own supervises nobody."""
        if self.level is Level.GROUP_SUPERVISOR and not self.group.strip():
            return Level.BASE
        return self.level

    @property
    def groups_seen(self) -> frozenset[str]:
        """Groups whose recordings a supervisor sees; a blank one is no group."""
        if self.standing is not Level.GROUP_SUPERVISOR:
            return frozenset()
        names = {self.group.strip(), *(name.strip() for name in self.additional_groups)}
        return frozenset(names - {""})


@dataclass(frozen=True, slots=True)
class RecordingFacts:
    """What rights on a recording depend on, as it was when the recording was made."""

    owner_id: object  # None: deleted meanwhile
    group: str  # that the owner had then; blank: none
    preserved_by: Level | None = None  # standing of who preserved it, at that time
    is_held: bool = False  # by a legal hold


@dataclass(frozen=True, slots=True)
class NoteFacts:
    """What rights on a note depend on."""

    author_id: object  # None: deleted meanwhile
    level: Level  # the highest standing of those who wrote or changed it, at that time


@dataclass(frozen=True, slots=True)
class GlobalRights:
    """What the settings allow: the lowest level that may, within what it sees (USER-7)."""

    download_from: int = Level.BASE
    delete_from: int = Level.ADMINISTRATOR
    is_preserve_on: bool = True


def sees(actor: Actor, recording: RecordingFacts) -> bool:
    """Whether the person may know that a recording exists."""
    if not actor.is_active or actor.standing < Level.BASE:
        return False
    if actor.standing >= Level.ADMINISTRATOR or recording.owner_id == actor.user_id:
        return True
    return recording.group in actor.groups_seen


def sees_live(actor: Actor, recording: RecordingFacts) -> bool:
    """Whether the person may see a call in progress, pause, resume, start and stop it.

    Who sees the recording may; one's own call at any level (USER-4).
    """
    is_own = actor.is_active and recording.owner_id == actor.user_id
    return is_own or sees(actor, recording)


def refusal(
    deed: Deed,
    actor: Actor,
    recording: RecordingFacts,
    rights: GlobalRights,
    *,
    note: NoteFacts | None = None,
) -> Refusal | None:
    """Return why the person may not; None: allowed. `note`: the one to edit or to delete."""
    if not sees(actor, recording):
        return Refusal.NOT_SEEN
    if deed in (Deed.EDIT_NOTE, Deed.DELETE_NOTE):
        return _refusal_of_note(actor, note)
    if deed in (Deed.READ_SIGNALLING, Deed.LISTEN):
        return _below(actor, Level.GROUP_SUPERVISOR)
    if deed is Deed.DOWNLOAD:
        return _below(actor, rights.download_from)
    if deed is Deed.DELETE:
        return _below(actor, rights.delete_from) or _kept_by_others(actor, recording)
    if deed is Deed.REASSIGN:
        return _below(actor, Level.ADMINISTRATOR)
    if deed is Deed.PRESERVE:
        return _refusal_to_preserve(actor, recording, rights)
    if deed is Deed.RELEASE and recording.preserved_by is None:
        return Refusal.NOT_PRESERVED
    return _held_by_higher(actor, recording) if deed is Deed.RELEASE else None


def _below(actor: Actor, lowest: int) -> Refusal | None:
    if actor.standing >= lowest:
        return None
    return Refusal.NOBODY if lowest > Level.ADMINISTRATOR else Refusal.LEVEL


def _kept_by_others(actor: Actor, recording: RecordingFacts) -> Refusal | None:
    return Refusal.HELD if recording.is_held else _held_by_higher(actor, recording)


def _held_by_higher(actor: Actor, recording: RecordingFacts) -> Refusal | None:
    held_by = recording.preserved_by
    if held_by is not None and held_by > actor.standing:
        return Refusal.PRESERVED_HIGHER
    return None


def _refusal_to_preserve(
    actor: Actor, recording: RecordingFacts, rights: GlobalRights
) -> Refusal | None:
    """Let a higher level put its own flag in place of a lower one's."""
    if not rights.is_preserve_on:
        return Refusal.PRESERVE_OFF
    if recording.preserved_by is not None and recording.preserved_by >= actor.standing:
        return Refusal.PRESERVED_ALREADY
    return None


def _refusal_of_note(actor: Actor, note: NoteFacts | None) -> Refusal | None:
    if note is None:
        raise ValueError("which note?")
    if note.level > actor.standing:
        return Refusal.NOTE_HIGHER
    if actor.standing < Level.GROUP_SUPERVISOR and note.author_id != actor.user_id:
        return Refusal.NOTE_OF_ANOTHER
    return None
