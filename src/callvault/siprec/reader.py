"""One tolerant reader for all dialects of recording metadata (RFC 7865 and its drafts).

It works on local names without regard to case or namespace, accepts the attribute names of each
draft, and turns the drafts' `send` inside `participant` into the associations of the RFC. What it
does not know it keeps as extension data.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

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
from callvault.siprec.markup import Element, parse_markup
from callvault.siprec.view import MAX_SESSIONS

MAX_OBJECTS = 200
"""Participants, streams or associations of one document; the rest is left out."""
MAX_IDENTITIES = 32
"""Identities of one participant, and streams that one association names."""

_ID = ("participant_id", "id")
_SESSION_ID = ("session_id", "session")
_OBJECT_NAMES = {
    "participant": (
        *("participant_id", "id", "name", "aor", "nameid", "send", "recv"),
        *("associate-time", "disassociate-time"),
    ),
    "session": (
        *("sipsessionid", "reason", "group-ref", "start-time", "stop-time", "end-time"),
        *("associate-time", "disassociate-time"),
    ),
    "stream": ("label", "content-type", "mode", "associate-time", "disassociate-time"),
    "group": ("associate-time", "disassociate-time"),
}
"""Children that belong to the model; any other is an extension of its object."""
_TOP_NAMES = {
    *_OBJECT_NAMES,
    *("datamode", "sessionrecordingassoc", "participantsessionassoc", "participantstreamassoc"),
}

_PLACEHOLDER = re.compile(r"(?:sips?:)?ASBCE@asbce\.com(?:[;:].*)?", re.IGNORECASE)

_Object = TypeVar("_Object")
_OfParticipant = TypeVar("_OfParticipant", Participant, ParticipantSession, ParticipantStreams)


def read_metadata(content: bytes) -> Document:
    """Read one document. Raises RemoteProtocolError if it holds no recording metadata."""
    markup = parse_markup(content)
    if markup.root.name not in ("recording", "recording_metadata"):
        raise RemoteProtocolError("metadata without a recording element")
    return _Reader(markup.root, markup.digest, problem=markup.damage).read()


def _texts(element: Element, *names: str) -> tuple[str, ...]:
    """Return the texts of the named children, empty ones left out."""
    found = (one.all_text() for one in element.children if one.name in names)
    return tuple(text for text in found if text)


def _first(element: Element, *names: str) -> str:
    for one in element.children:
        if one.name in names and (text := one.all_text()):
            return text
    return ""


def _stream_ids(element: Element, name: str) -> tuple[str, ...]:
    """Return the ids in `send` or `recv`: as text (RFC), or in an `id` child (draft-ram)."""
    found = (
        text
        for child in element.children
        if child.name == name
        for text in (_texts(child, "id") or (child.all_text(),))
        if text
    )
    return tuple(islice(found, MAX_IDENTITIES))


@dataclass(slots=True)
class _Reader:
    """Walks one document once."""

    root: Element
    digest: str
    problem: str = ""
    extras: ExtensionData = field(default_factory=ExtensionData)
    participant_streams: list[ParticipantStreams] = field(default_factory=list)
    participant_sessions: list[ParticipantSession] = field(default_factory=list)
    by_name: dict[str, list[Element]] = field(default_factory=dict)  # children of the root

    def __post_init__(self) -> None:
        for child in self.root.children:
            self.by_name.setdefault(child.name, []).append(child)

    def read(self) -> Document:
        """Return the document; objects keep their order."""
        groups = self._objects("group", self._group)
        sessions = self._objects("session", self._session)
        participants = _told_apart(self._objects("participant", self._participant))
        streams = self._objects("stream", self._stream)
        self.participant_streams += self._objects("participantstreamassoc", _participant_streams)
        self.participant_sessions += self._objects("participantsessionassoc", _participant_session)
        self.extras.keep_unknown(self.root, "recording", "", _TOP_NAMES)
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
            digest=self.digest,
            problem=self.problem,
        )

    def _mode(self) -> DataMode:
        """Partial if an element or, as SEMS does it, an attribute of the root says so."""
        if self.problem:
            # What a damaged document lacks may only be lost: it takes nothing away.
            return DataMode.PARTIAL
        said = _first(self.root, "datamode") or self.root.attribute("datamode")
        return DataMode.PARTIAL if said.lower() == "partial" else DataMode.COMPLETE

    def _objects(self, name: str, read: Callable[[Element, int], _Object]) -> tuple[_Object, ...]:
        """Read the root's children of that name, as many as one document may have."""
        limit = MAX_SESSIONS if name == "session" else MAX_OBJECTS
        found = self.by_name.get(name, [])
        if len(found) > limit:
            self.problem = f"more than {limit} {name} elements"
        return tuple(read(one, place) for place, one in enumerate(found[:limit], 1))

    def _group(self, element: Element, place: int) -> Group:
        group_id = element.attribute("group_id", "id") or f"#{place}"
        self.extras.keep_unknown(element, "group", group_id, _OBJECT_NAMES["group"])
        return Group(group_id)

    def _session(self, element: Element, place: int) -> Session:
        session_id = element.attribute("session_id", "id") or f"#{place}"
        self.extras.keep_unknown(element, "session", session_id, _OBJECT_NAMES["session"])
        return Session(
            session_id,
            group_id=_first(element, "group-ref") or element.attribute("group"),
            sip_session_ids=_texts(element, "sipsessionid"),
            started=_first(element, "start-time", "associate-time"),
            stopped=_first(element, "stop-time", "end-time", "disassociate-time"),
            reasons=_texts(element, "reason"),
        )

    def _participant(self, element: Element, place: int) -> Participant:
        participant_id = element.attribute(*_ID) or f"#{place}"
        session_id = element.attribute(*_SESSION_ID)
        sends, receives = _stream_ids(element, "send"), _stream_ids(element, "recv")
        if sends or receives:
            self.participant_streams.append(ParticipantStreams(participant_id, sends, receives))
        joined, left = _first(element, "associate-time"), _first(element, "disassociate-time")
        if session_id and (joined or left):  # the drafts say it here
            self.participant_sessions.append(
                ParticipantSession(participant_id, session_id, left, joined)
            )
        self.extras.keep_unknown(
            element, "participant", participant_id, _OBJECT_NAMES["participant"]
        )
        identities = tuple(islice(_identities(element), MAX_IDENTITIES))
        return Participant(participant_id, identities, session_id)

    def _stream(self, element: Element, place: int) -> Stream:
        stream_id = element.attribute("stream_id", "id") or f"#{place}"
        self.extras.keep_unknown(element, "stream", stream_id, _OBJECT_NAMES["stream"])
        return Stream(
            stream_id,
            session_id=element.attribute(*_SESSION_ID),
            label=_first(element, "label"),
            content_type=_first(element, "content-type"),
            mode=_first(element, "mode"),
        )


def _identities(element: Element) -> Iterator[NameId]:
    """Yield the nameID elements; in drafts `aor` and `name` are children of the participant."""
    for child in element.children:
        if child.name == "nameid":
            identity = NameId(
                child.attribute("aor") or _first(child, "aor"),
                _first(child, "name") or child.attribute("name"),
            )
            if identity != NameId():
                yield identity
    identity = NameId(_first(element, "aor") or element.attribute("aor"), _first(element, "name"))
    if identity != NameId():
        yield identity


def _participant_session(element: Element, place: int) -> ParticipantSession:
    return ParticipantSession(
        element.attribute(*_ID) or f"#{place}",
        element.attribute(*_SESSION_ID),
        left=_first(element, "disassociate-time"),
        joined=_first(element, "associate-time"),
    )


def _participant_streams(element: Element, place: int) -> ParticipantStreams:
    return ParticipantStreams(
        element.attribute(*_ID) or f"#{place}",
        sends=_stream_ids(element, "send"),
        receives=_stream_ids(element, "recv"),
        left=_first(element, "disassociate-time"),
    )


def _session_recording(element: Element, place: int) -> SessionRecording:
    session_id = element.attribute("session_id", "id", "session") or f"#{place}"
    return SessionRecording(session_id, left=_first(element, "disassociate-time"))


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
    return tuple(one for one in objects if one.participant_id not in nobodies)


def _is_placeholder(participant: Participant) -> bool:
    """Whether it stands for nobody: Avaya names its SBC until it knows the real party."""
    return any(_PLACEHOLDER.fullmatch(aor) for aor in participant.aors)
