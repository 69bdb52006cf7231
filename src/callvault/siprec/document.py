"""Recording metadata as values (RFC 7865): what one document says, whatever its dialect.

Ids are opaque strings, compared as they are; their scope is the dialog. Times of the device are
text as received: the recorder's own clock is the one that counts.
"""

from enum import StrEnum

import msgspec


class DataMode(StrEnum):
    """Whether a document is the whole state or only what changed (RFC 7865, section 6.1.1)."""

    COMPLETE = "complete"
    PARTIAL = "partial"


class NameId(msgspec.Struct, frozen=True):
    """One identity of a participant."""

    aor: str = ""
    name: str = ""  # the first one given; a blank name is none


class Group(msgspec.Struct, frozen=True):
    """A communication session group: sessions that belong together, as across a transfer."""

    group_id: str


class Session(msgspec.Struct, frozen=True):
    """A communication session: the call being recorded."""

    session_id: str
    group_id: str = ""
    sip_session_ids: tuple[str, ...] = ()
    started: str = ""
    stopped: str = ""
    reasons: tuple[str, ...] = ()


class Participant(msgspec.Struct, frozen=True):
    """Someone who takes part."""

    participant_id: str
    identities: tuple[NameId, ...] = ()
    session_id: str = ""  # where the dialect says it here; else see ParticipantSession

    @property
    def name(self) -> str:
        """The first name given, or empty."""
        return next((one.name for one in self.identities if one.name), "")

    @property
    def aors(self) -> tuple[str, ...]:
        """All addresses of record, in order."""
        return tuple(one.aor for one in self.identities if one.aor)


class Stream(msgspec.Struct, frozen=True):
    """A media stream of a session; `label` names its m-line (RFC 4574)."""

    stream_id: str
    session_id: str = ""
    label: str = ""
    content_type: str = ""
    mode: str = ""  # of the drafts: separate, mixed; as received


class ParticipantSession(msgspec.Struct, frozen=True):
    """Membership of a participant in a session."""

    participant_id: str
    session_id: str
    left: str = ""  # disassociate-time; empty: still there
    joined: str = ""  # associate-time


class ParticipantStreams(msgspec.Struct, frozen=True):
    """Who is heard on which stream; empty `sends`: not heard now, as on hold."""

    participant_id: str
    sends: tuple[str, ...] = ()
    receives: tuple[str, ...] = ()
    left: str = ""


class SessionRecording(msgspec.Struct, frozen=True):
    """Membership of a session in this recording session."""

    session_id: str
    left: str = ""


class Extension(msgspec.Struct, frozen=True):
    """What a vendor added: the element it hangs on, and its values flattened in order."""

    parent_kind: str  # recording, session, participant, …
    parent_id: str
    values: tuple[tuple[str, str], ...]
    """("path/of/element" or "path@attribute", text); names without prefix, as they are written.

    `extensiondata` itself is no part of a path: it only wraps what a vendor adds.
    """

    def texts(self, name: str) -> tuple[str, ...]:
        """Return what elements or attributes of a name say, in order; `name` in lower case."""
        return tuple(text for path, text in self.values if text and last_name(path) == name)


def last_name(path: str) -> str:
    """Return the name at the end of a path, in lower case.

    >>> last_name("callType/origCall/callingPartyNumber"), last_name("user@userID")
    ('callingpartynumber', 'userid')
    """
    return path[max(path.rfind("/"), path.rfind("@")) + 1 :].lower()


class Document(msgspec.Struct, frozen=True):
    """One metadata document, read."""

    mode: DataMode = DataMode.COMPLETE
    groups: tuple[Group, ...] = ()
    sessions: tuple[Session, ...] = ()
    participants: tuple[Participant, ...] = ()
    streams: tuple[Stream, ...] = ()
    participant_sessions: tuple[ParticipantSession, ...] = ()
    participant_streams: tuple[ParticipantStreams, ...] = ()
    session_recordings: tuple[SessionRecording, ...] = ()
    extensions: tuple[Extension, ...] = ()
    problem: str = ""  # what could not be read; empty: everything could
    content: bytes = b""  # as received: what says the same again is handled once
