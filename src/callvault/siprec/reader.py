"""One tolerant reader for all dialects of recording metadata (RFC 7865 and its drafts).

It works on local names without regard to case or namespace, accepts the attribute names of each
draft, and turns the drafts' `send` inside `participant` into the associations of the RFC. What it
does not know it keeps as extension data.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

import msgspec

from callvault.errors import RemoteProtocolError
from callvault.siprec.document import (
    DataMode,
    Document,
    Group,
    NameId,
    Participant,
    ParticipantSession,
    ParticipantStreams,
    Session,
    SessionRecording,
    Stream,
)
from callvault.siprec.extension_data import ExtensionData
from callvault.siprec.markup import Element, attribute, name_of, parse_markup, text_of
from callvault.siprec.view import MAX_SESSIONS

MAX_OBJECTS = 200
"""Participants, streams or associations of one document; the rest is left out."""
MAX_IDENTITIES = 32
"""Identities of one participant, and streams that one association names."""

_ID = ("participant_id", "id")
_SESSION_ID = ("session_id", "session")
_KNOWN_NAMES = {
    "recording": {
        *("datamode", "group", "session", "participant", "stream"),
        *("sessionrecordingassoc", "participantsessionassoc", "participantstreamassoc"),
    },
    "participant": {
        *("participant_id", "id", "name", "aor", "nameid", "send", "recv"),
        *("associate-time", "disassociate-time"),
    },
    "session": {
        *("sipsessionid", "reason", "group-ref", "start-time", "stop-time", "end-time"),
        *("associate-time", "disassociate-time"),
    },
    "stream": {"label", "content-type", "mode", "associate-time", "disassociate-time"},
    "group": {"associate-time", "disassociate-time"},
}
"""Children that belong to the model; any other is an extension of its object."""

_PLACEHOLDER = re.compile(r"(?:sips?:)?ASBCE@asbce\.com(?:[;:].*)?", re.IGNORECASE)

_ByName = dict[str, list[Element]]
"""Children of an element by their names in lower case, each in order."""

_Object = TypeVar("_Object")
_OfParticipant = TypeVar("_OfParticipant", Participant, ParticipantSession, ParticipantStreams)


def read_metadata(content: bytes) -> Document:
    """Read one document. Raises RemoteProtocolError if it holds no recording metadata."""
    markup = parse_markup(content)
    if name_of(markup.root) not in ("recording", "recording_metadata"):
        raise RemoteProtocolError("metadata without a recording element")
    return _Reader(markup.root, _by_name(markup.root), content, problem=markup.damage).read()


def _by_name(element: Element) -> _ByName:
    found: _ByName = {}
    for child in element:
        found.setdefault(name_of(child), []).append(child)
    return found


def _texts(inside: _ByName, name: str) -> tuple[str, ...]:
    """Return the texts of the children of a name, empty ones left out."""
    found = inside.get(name)
    return tuple(filter(None, map(text_of, found))) if found else ()


def _first(inside: _ByName, *names: str) -> str:
    """Return the first text that is not empty, by the order of the names."""
    for name in names:
        for one in inside.get(name, ()):
            if text := text_of(one):
                return text
    return ""


def _stream_ids(inside: _ByName, name: str) -> tuple[str, ...]:
    """Return the ids in `send` or `recv`: as text (RFC), or in an `id` child (draft-ram)."""
    found: list[str] = []
    for one in inside.get(name, ()):
        ids = _texts(_by_name(one), "id") if len(one) else ()
        found += ids or filter(None, (text_of(one),))
    return tuple(found[:MAX_IDENTITIES])


class _Reader(msgspec.Struct):
    """Walks one document once."""

    root: Element
    inside: _ByName  # children of the root
    content: bytes
    problem: str = ""
    extras: ExtensionData = msgspec.field(default_factory=ExtensionData)
    participant_streams: list[ParticipantStreams] = []
    participant_sessions: list[ParticipantSession] = []

    def read(self) -> Document:
        """Return the document; objects keep their order."""
        groups = self._objects("group", self._group)
        sessions = self._objects("session", self._session)
        participants = _told_apart(self._objects("participant", self._participant))
        streams = self._objects("stream", self._stream)
        self.participant_streams += self._objects("participantstreamassoc", _participant_streams)
        self.participant_sessions += self._objects("participantsessionassoc", _participant_session)
        self._keep_unknown("recording", "", self.root, self.inside)
        nobodies = {one.participant_id for one in participants if _is_placeholder(one)}
        return Document(
            mode=self._mode(),
            groups=groups,
            sessions=sessions,
            participants=_others(participants, nobodies),
            streams=streams,
            participant_sessions=_others(self.participant_sessions, nobodies),
            participant_streams=_others(self.participant_streams, nobodies),
            session_recordings=self._objects("sessionrecordingassoc", _session_recording),
            extensions=self.extras.extensions(),
            content=self.content,
            problem=self.problem,
        )

    def _mode(self) -> DataMode:
        """Partial if an element or, as SEMS does it, an attribute of the root says so."""
        if self.problem:
            # What a damaged document lacks may only be lost: it takes nothing away.
            return DataMode.PARTIAL
        said = _first(self.inside, "datamode") or attribute(self.root, "datamode")
        return DataMode.PARTIAL if said.lower() == "partial" else DataMode.COMPLETE

    def _objects(self, name: str, read: Callable[[Element, int], _Object]) -> tuple[_Object, ...]:
        """Read the root's children of that name, as many as one document may have."""
        limit = MAX_SESSIONS if name == "session" else MAX_OBJECTS
        found = self.inside.get(name)
        if not found:
            return ()
        if len(found) > limit:
            self.problem = f"more than {limit} {name} elements"
        return tuple(read(one, place) for place, one in enumerate(found[:limit], 1))

    def _keep_unknown(self, kind: str, object_id: str, element: Element, inside: _ByName) -> None:
        """Keep what the model does not know of an object; most have nothing of that sort."""
        self.extras.name(kind, object_id)
        known = _KNOWN_NAMES[kind]
        if not inside.keys() <= known:
            self.extras.keep_unknown(element, kind, object_id, known)

    def _group(self, element: Element, place: int) -> Group:
        group_id = attribute(element, "group_id", "id") or f"#{place}"
        self._keep_unknown("group", group_id, element, _by_name(element))
        return Group(group_id)

    def _session(self, element: Element, place: int) -> Session:
        session_id = attribute(element, "session_id", "id") or f"#{place}"
        inside = _by_name(element)
        self._keep_unknown("session", session_id, element, inside)
        return Session(
            session_id,
            group_id=_first(inside, "group-ref") or attribute(element, "group"),
            sip_session_ids=_texts(inside, "sipsessionid"),
            started=_first(inside, "start-time", "associate-time"),
            stopped=_first(inside, "stop-time", "end-time", "disassociate-time"),
            reasons=_texts(inside, "reason"),
        )

    def _participant(self, element: Element, place: int) -> Participant:
        participant_id = attribute(element, *_ID) or f"#{place}"
        session_id = attribute(element, *_SESSION_ID)
        inside = _by_name(element)
        sends, receives = _stream_ids(inside, "send"), _stream_ids(inside, "recv")
        if sends or receives:
            self.participant_streams.append(ParticipantStreams(participant_id, sends, receives))
        joined, left = _first(inside, "associate-time"), _first(inside, "disassociate-time")
        if session_id and (joined or left):  # the drafts say it here
            self.participant_sessions.append(
                ParticipantSession(participant_id, session_id, left, joined)
            )
        self._keep_unknown("participant", participant_id, element, inside)
        identities = tuple(islice(_identities(element, inside), MAX_IDENTITIES))
        return Participant(participant_id, identities, session_id)

    def _stream(self, element: Element, place: int) -> Stream:
        stream_id = attribute(element, "stream_id", "id") or f"#{place}"
        inside = _by_name(element)
        self._keep_unknown("stream", stream_id, element, inside)
        return Stream(
            stream_id,
            session_id=attribute(element, *_SESSION_ID),
            label=_first(inside, "label"),
            content_type=_first(inside, "content-type"),
            mode=_first(inside, "mode"),
        )


def _identities(element: Element, inside: _ByName) -> Iterator[NameId]:
    """Yield the nameID elements; in drafts `aor` and `name` are children of the participant."""
    for child in inside.get("nameid", ()):
        said = _by_name(child)
        aor = attribute(child, "aor") or _first(said, "aor")
        name = _first(said, "name") or attribute(child, "name")
        if aor or name:
            yield NameId(aor, name)
    aor = _first(inside, "aor") or attribute(element, "aor")
    name = _first(inside, "name")
    if aor or name:
        yield NameId(aor, name)


def _participant_session(element: Element, place: int) -> ParticipantSession:
    inside = _by_name(element)
    return ParticipantSession(
        attribute(element, *_ID) or f"#{place}",
        attribute(element, *_SESSION_ID),
        left=_first(inside, "disassociate-time"),
        joined=_first(inside, "associate-time"),
    )


def _participant_streams(element: Element, place: int) -> ParticipantStreams:
    inside = _by_name(element)
    return ParticipantStreams(
        attribute(element, *_ID) or f"#{place}",
        sends=_stream_ids(inside, "send"),
        receives=_stream_ids(inside, "recv"),
        left=_first(inside, "disassociate-time"),
    )


def _session_recording(element: Element, place: int) -> SessionRecording:
    session_id = attribute(element, "session_id", "id", "session") or f"#{place}"
    return SessionRecording(session_id, left=_first(_by_name(element), "disassociate-time"))


def _told_apart(participants: tuple[Participant, ...]) -> tuple[Participant, ...]:
    """Drop true duplicates; CUBE gives one id to two people, who get an id each by position."""
    kept: dict[str, Participant] = {}
    for place, one in enumerate(participants, 1):
        other = kept.get(one.participant_id)
        if other is None:
            kept[one.participant_id] = one
        elif other.identities != one.identities:
            told_apart = f"{one.participant_id}#{place}"
            kept[told_apart] = Participant(told_apart, one.identities, one.session_id)
    return tuple(kept.values())


def _others(objects: Sequence[_OfParticipant], nobodies: set[str]) -> tuple[_OfParticipant, ...]:
    if not nobodies:
        return tuple(objects)
    return tuple(one for one in objects if one.participant_id not in nobodies)


def _is_placeholder(participant: Participant) -> bool:
    """Whether it stands for nobody: Avaya names its SBC until it knows the real party."""
    return any(_PLACEHOLDER.fullmatch(one.aor) for one in participant.identities)
