"""The metadata of a dialog over time: documents merged into the present state, history kept.

A complete document replaces the state; a partial one replaces whole objects by their key, so that
an association without `send` means that the participant stopped sending (RFC 7865, section 6.1.1).
Who was there before is remembered by the roster.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TypeVar

from msgspec.structs import replace

from callvault.siprec.address import user_and_host
from callvault.siprec.document import (
    DataMode,
    Document,
    Group,
    Participant,
    ParticipantSession,
    ParticipantStreams,
    Session,
    SessionRecording,
    Stream,
)
from callvault.siprec.hints import Hints, hints_of
from callvault.siprec.markup import says_the_same

MAX_KEPT = 400
"""Objects of one kind in the present state of a dialog."""
MAX_HINTS = 50
"""Sessions whose hints are kept; the newest."""
MAX_COMPARED_BYTES = 32_768
"""Of a document that is not the last one to the byte; a longer one is merged in again."""
MAX_SESSIONS = 64
"""Communication sessions of a dialog at a time: each is looked at with all its people."""

_Object = TypeVar("_Object")


@dataclass(frozen=True, slots=True)
class View:
    """The present state."""

    groups: tuple[Group, ...] = ()
    sessions: tuple[Session, ...] = ()
    participants: tuple[Participant, ...] = ()
    streams: tuple[Stream, ...] = ()
    participant_sessions: tuple[ParticipantSession, ...] = ()
    participant_streams: tuple[ParticipantStreams, ...] = ()
    session_recordings: tuple[SessionRecording, ...] = ()

    def present_sessions(self) -> tuple[Session, ...]:
        """Sessions still in this recording; one stands for all if the dialect names none."""
        gone = {one.session_id for one in self.session_recordings if one.left}
        here = tuple(one for one in self.sessions if one.session_id not in gone)
        return here if self.sessions or not self.participants else (Session(""),)

    def present_participants(self, session_id: str) -> tuple[Participant, ...]:
        """Participants of a session who have not left it, in document order."""
        known = {one.session_id for one in self.sessions}
        joined: set[str] = set()
        left: set[str] = set()
        elsewhere: set[str] = set()
        for one in self.participant_sessions:
            # CUBE is known to put the participant's id here: such a membership says nothing.
            if one.session_id == session_id or one.session_id not in known:
                (left if one.left else joined).add(one.participant_id)
            if one.session_id in known:
                elsewhere.add(one.participant_id)
        left |= {one.participant_id for one in self.participant_streams if one.left} - joined
        return tuple(
            one
            for one in self.participants
            if one.participant_id not in left - joined
            # Who is not said to be anywhere may be here.
            and (
                one.participant_id in joined
                or one.session_id == session_id
                or not (one.session_id or one.participant_id in elsewhere)
            )
        )

    def streams_of(self, session_id: str) -> tuple[Stream, ...]:
        """Streams of a session, in document order; one without a session belongs to any."""
        known = {one.session_id for one in self.sessions}
        return tuple(
            one
            for one in self.streams
            if one.session_id == session_id or one.session_id not in known
        )

    def sends_of(self, participant_id: str) -> tuple[str, ...]:
        """Ids of the streams on which a participant is heard now."""
        return self.sends().get(participant_id, ())

    def sends(self) -> dict[str, tuple[str, ...]]:
        """Ids of the streams on which each participant is heard now."""
        found: dict[str, dict[str, None]] = {}
        for one in self.participant_streams:
            if not one.left:
                found.setdefault(one.participant_id, {}).update(dict.fromkeys(one.sends))
        return {participant_id: tuple(streams) for participant_id, streams in found.items()}


@dataclass(frozen=True, slots=True)
class Change:
    """What a document changed."""

    joined: tuple[Participant, ...] = ()
    left: tuple[Participant, ...] = ()
    is_repeat: bool = False  # the same document as before: nothing to do
    names_unknown: bool = False  # a partial document speaks of what was never told


@dataclass(slots=True)
class MetadataState:
    """The metadata of one dialog as it is now."""

    view: View = field(default_factory=View)
    last: Document | None = None
    hints: dict[str, Hints] = field(default_factory=dict)  # by session: the last that were given

    def apply(self, document: Document) -> Change:
        """Merge a document in. Webex sends each update three times: only the first one counts."""
        if self.last is not None and _is_repeat(document, self.last):
            return Change(is_repeat=True)
        self.last = document
        before = _present(self.view)
        self.view = merge(self.view, document)
        self._take_hints(document)
        after = _present(self.view)
        joined = [one for key, one in after.items() if key not in before]
        left = [one for key, one in before.items() if key not in after]
        # Webex gives everybody new ids on a transfer, SEMS writes an address now so, now so.
        for one in list(left):
            same = next((other for other in joined if _is_same_address(one, other)), None)
            if same is not None:
                left.remove(one)
                joined.remove(same)
        return Change(tuple(joined), tuple(left), names_unknown=self._names_unknown(document))

    def _names_unknown(self, document: Document) -> bool:
        """Whether a partial document speaks of participants or streams that nobody knows."""
        if document.mode is DataMode.COMPLETE:
            return False
        people = {one.participant_id for one in self.view.participants}
        streams = {one.stream_id for one in self.view.streams}
        named = {one.participant_id for one in document.participant_sessions}
        named |= {one.participant_id for one in document.participant_streams}
        sent = {stream for one in document.participant_streams for stream in one.sends}
        return not (named <= people and sent <= streams)

    def _take_hints(self, document: Document) -> None:
        """Keep what is said of owner and direction: a later document need not repeat it."""
        for session_id, hints in hints_of(document).items():
            self.hints.pop(session_id, None)
            self.hints[session_id] = hints
        while len(self.hints) > MAX_HINTS:
            del self.hints[next(iter(self.hints))]


def _is_repeat(document: Document, last: Document) -> bool:
    """Whether it says the same as the last one; blanks and the order of attributes say nothing.

    XML is compared only where all that was read from it is the same.
    """
    if not document.content or document.content == last.content:
        return bool(document.content)
    if len(document.content) > MAX_COMPARED_BYTES:
        return False
    reads_alike = replace(document, content=last.content) == last
    return reads_alike and says_the_same(document.content, last.content)


def merge(view: View, document: Document) -> View:
    """Return the state after `document`."""
    participants = tuple(_with_identities(one, view) for one in document.participants)
    if document.mode is DataMode.COMPLETE:
        view = View()
    return View(
        groups=_upsert(view.groups, document.groups, lambda one: one.group_id),
        sessions=_upsert(view.sessions, document.sessions, lambda one: one.session_id)[
            -MAX_SESSIONS:
        ],
        participants=_upsert(view.participants, participants, lambda one: one.participant_id),
        streams=_upsert(
            view.streams, document.streams, lambda one: (one.session_id, one.stream_id)
        ),
        participant_sessions=_upsert(
            view.participant_sessions,
            document.participant_sessions,
            lambda one: (one.participant_id, one.session_id),
        ),
        participant_streams=_upsert(
            view.participant_streams,
            document.participant_streams,
            lambda one: one.participant_id,
        ),
        session_recordings=_upsert(
            view.session_recordings, document.session_recordings, lambda one: one.session_id
        ),
    )


def _with_identities(participant: Participant, view: View) -> Participant:
    """Keep what is known of a participant who is named again without any identity."""
    if participant.identities:
        return participant
    known = (one for one in view.participants if one.participant_id == participant.participant_id)
    return next(known, participant)


def _upsert(
    old: tuple[_Object, ...], new: tuple[_Object, ...], key: Callable[[_Object], Hashable]
) -> tuple[_Object, ...]:
    """Replace objects by key, each in its old place; several new ones of one key all stay.

    Partial documents cannot pile up more than `MAX_KEPT`: the oldest go.
    """
    several = (_by_key(old, key) | _by_key(new, key)).values()
    return tuple(one for objects in several for one in objects)[-MAX_KEPT:]


def _by_key(
    objects: tuple[_Object, ...], key: Callable[[_Object], Hashable]
) -> dict[Hashable, list[_Object]]:
    found: dict[Hashable, list[_Object]] = {}
    for one in objects:
        found.setdefault(key(one), []).append(one)
    return found


def _is_same_address(one: Participant, other: Participant) -> bool:
    """Whether two participants share a user part: a number, or a name at the PBX."""
    users = {user for user, _ in map(user_and_host, one.aors) if user}
    return any(user in users for user, _ in map(user_and_host, other.aors))


def _present(view: View) -> dict[tuple[str, tuple[str, ...]], Participant]:
    """Everyone there now, in any session. An id given to another address is another person."""
    return {
        (one.participant_id, one.aors): one
        for session in view.present_sessions()
        for one in view.present_participants(session.session_id)
    }
