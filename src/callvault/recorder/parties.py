"""Who takes part in a recording session: metadata as it comes, From and To until it does.

An SRC may send its metadata late or never. Until then the INVITE's own From and To stand for the
parties, as a guess; the first readable document replaces them.
"""

from dataclasses import dataclass, field
from uuid import UUID

from msgspec.structs import replace

from callvault import cucm
from callvault.errors import RemoteProtocolError
from callvault.policy import party_of
from callvault.recorder.dial_in import callers_of
from callvault.sip import Address, Request
from callvault.siprec import (
    Change,
    Correlation,
    DataMode,
    Document,
    Line,
    MetadataState,
    NameId,
    Part,
    Participant,
    Roster,
    SessionRoster,
    correlation_of,
    read_metadata,
    salvage,
)

MAX_SESSIONS = 200
PAUSED = frozenset({"pause", "paused"})


MAX_SNAPSHOTS = 3
"""Requests for whole metadata in one call: an SRC that writes what nobody reads goes on to."""


@dataclass(frozen=True, slots=True)
class MetadataRead:
    """What became of one metadata body."""

    change: Change = field(default_factory=Change)
    problem: str = ""  # why it could not be read whole
    is_first: bool = False
    is_whole: bool = False  # a document that stands for all metadata


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who the INVITE says it is from, and what was dialled: user parts, and a name."""

    sender: str = ""
    name: str = ""
    dialled: str = ""
    aor: str = ""  # of From, whole
    serves_snapshots: bool = False  # Accept lists the request for metadata as a whole
    called: tuple[str, ...] = ()  # numbers that may have been dialled, the most certain first
    ordered_for: UUID | None = None  # whose recording a program ordered by the number called
    callers: tuple[NameId, ...] = ()  # of a plain call: dial_in.callers_of


@dataclass(slots=True)
class Parties:
    """The metadata of one dialog and the memory of who spoke where."""

    state: MetadataState = field(default_factory=MetadataState)
    roster: Roster = field(default_factory=Roster)
    has_metadata: bool = False
    group_ids: tuple[str, ...] = ()
    is_paused: bool = False  # the SRC's metadata say that the recording pauses
    envelope: Envelope = field(default_factory=Envelope)
    of_invite: Correlation = field(default_factory=Correlation)  # its first session's
    of_sessions: dict[str, Correlation] = field(default_factory=dict)
    snapshots_asked: int = 0
    snapshot_reason: str = ""
    leg: cucm.RecordingLeg | None = None  # of a recording call of CUCM
    trunk: str = ""  # by which that came
    own_conversation: str = ""  # an id of ours, of what goes on at that call's phone

    def learn_envelope(self, request: Request) -> None:
        """Remember what the INVITE says: some phone systems name the owner there alone."""
        sender = request.from_address
        self.envelope = Envelope(
            sender.uri.user[:256],
            sender.display_name[:256],
            request.request_uri.user[:256],
            sender.uri.text[:512],
            request.serves_snapshots,
            numbers_called(request),
            callers=callers_of(request),
        )
        self.of_invite = correlation_of(None, request.kept_headers())

    def wish_snapshot(self, reason: str) -> None:
        """Want the metadata as a whole, of a peer that says it serves that, a few times a call."""
        if self.envelope.serves_snapshots and self.snapshots_asked < MAX_SNAPSHOTS:
            self.snapshot_reason = reason

    def snapshot_wish(self) -> str:
        """Return, once, why the metadata are wanted as a whole; empty: they are not."""
        reason, self.snapshot_reason = self.snapshot_reason, ""
        self.snapshots_asked += bool(reason)
        return reason

    def learn_invite(self, request: Request) -> None:
        """Take From and To as the parties until metadata comes, if nobody is known yet."""
        if self.has_metadata or self.state.view.participants:
            return
        self.state.apply(Document(participants=(_caller(request), _callee(request))))

    def learn_leg(self, leg: cucm.RecordingLeg, *, trunk: str) -> Change:
        """Take what the From of a recording call of CUCM says, which it may say anew."""
        self.leg, self.trunk = leg, trunk
        return self.state.apply(cucm.document_of(leg))

    def learn_metadata(self, part: Part) -> MetadataRead:
        """Merge a metadata body in. Unreadable metadata takes nothing away but is reported."""
        try:
            document = read_metadata(part.content)
        except RemoteProtocolError as error:
            return self._learn_damaged(part, str(error))
        if document.problem and not document.participants:
            return self._learn_damaged(part, document.problem)
        return self._merge(document)

    def _learn_damaged(self, part: Part, problem: str) -> MetadataRead:
        """Take the parties that can be seen in it, as long as nothing better is known."""
        self.wish_snapshot("metadata could not be read")
        salvaged = None if self.has_metadata else salvage(part.content, problem)
        if salvaged is None:
            return MetadataRead(problem=problem)
        self.state, self.roster = MetadataState(), Roster()
        self.state.apply(salvaged)
        return MetadataRead(problem=problem, is_first=True)

    def _merge(self, document: Document) -> MetadataRead:
        is_first = not self.has_metadata
        if is_first:
            self.state, self.roster, self.has_metadata = MetadataState(), Roster(), True
        self.is_paused = says_paused(document, before=self.is_paused)
        for session_id, found in correlations_of(document).items():
            known = self.of_sessions.get(session_id, Correlation())
            if known != Correlation() or len(self.of_sessions) < MAX_SESSIONS:
                self.of_sessions[session_id] = known.joined(found)
        change = self.state.apply(self._with_sender(document))
        if document.problem:
            self.wish_snapshot("metadata could not be read whole")
        elif change.names_unknown:
            self.wish_snapshot("metadata name what is not known")
        self.group_ids = tuple(one.group_id for one in self.state.view.groups)
        is_whole = document.mode is DataMode.COMPLETE
        return MetadataRead(change, document.problem, is_first, is_whole)

    @property
    def is_without_session(self) -> bool:
        """Whether the SRC keeps the dialog up with nothing to record in it (RFC 7866, 6.1)."""
        return self.has_metadata and not self.state.view.present_sessions()

    def _with_sender(self, document: Document) -> Document:
        """Let From stand for the first of participants none of whom has an address or name."""
        people = document.participants
        if not people or any(one.identities for one in people) or not self.envelope.aor:
            return document
        sender = NameId(self.envelope.aor, self.envelope.name)
        return replace(
            document, participants=(replace(people[0], identities=(sender,)), *people[1:])
        )

    def labels(self) -> tuple[str, ...]:
        """Labels of the streams that the metadata names; for an offer of our own."""
        return tuple(one.label for one in self.state.view.streams) if self.leg is None else ()

    def resolve(self, lines: list[Line], *, at_ns: int) -> None:
        """Learn who is heard on which of these lines now."""
        sent = self.envelope
        hints = {
            session_id: one.with_envelope(sender=sent.sender, name=sent.name, dialled=sent.dialled)
            for session_id, one in self.state.hints.items()
        }
        ids = {session_id: one.keys() for session_id, one in self.of_sessions.items()}
        first = self._first_session()
        if first is not None:
            ids[first] = ids.get(first, frozenset()) | self.of_invite.keys()
        if self.leg is not None:
            hints[first or ""] = cucm.hints_of_leg(self.leg)
            ids[first or ""] = ids.get(first or "", frozenset()) | self._ids_of_leg(self.leg)
            if not self.leg.is_guess:
                lines = [Line(one.index, cucm.VOICE) for one in lines]
        self.roster.learn(self.state.view, lines, hints, ids, at_ns=at_ns)

    def _ids_of_leg(self, leg: cucm.RecordingLeg) -> frozenset[str]:
        own = {f"session:{self.own_conversation}"} if self.own_conversation else set()
        return cucm.ids_of(leg, trunk=self.trunk) | own

    def _first_session(self) -> str | None:
        """Return the session that the INVITE was sent for, while it is there."""
        present = self.state.view.present_sessions()
        if self.roster.slots:
            return self.roster.slots[""].session_id if "" in self.roster.slots else None
        return present[0].session_id if present else None

    def sessions(self) -> tuple[SessionRoster, ...]:
        """Return the communication sessions with everyone who was ever in them."""
        return self.roster.sessions()

    def silent(self) -> frozenset[int]:
        """Lines of those who are there but not heard by their associations."""
        view = self.state.view
        if not view.participant_streams:
            return frozenset()
        sends = view.sends()
        return frozenset(
            line
            for session in self.sessions()
            if not session.is_guess
            for one in session.speakers
            if one.is_present and not sends.get(one.participant.participant_id)
            for line in one.lines
        )

    def still_heard(self, silent: frozenset[int]) -> str:
        """Name the only one who is heard while others are not; empty if none or several are."""
        names = {
            shown(one.participant)
            for session in self.sessions()
            for one in session.speakers
            if one.is_present and one.lines and not silent.issuperset(one.lines)
        }
        return names.pop() if len(names) == 1 else ""


def correlations_of(document: Document) -> dict[str, Correlation]:
    """Return the ids of each session of a document, from what is said of it alone."""
    if len(document.sessions) < 2:
        session_id = document.sessions[0].session_id if document.sessions else ""
        return {session_id: correlation_of(document)}
    return {
        session.session_id: correlation_of(
            replace(
                document,
                sessions=(session,),
                groups=tuple(one for one in document.groups if one.group_id == session.group_id),
                extensions=tuple(
                    one
                    for one in document.extensions
                    if one.parent_id and one.parent_id in (session.session_id, session.group_id)
                ),
            )
        )
        for session in document.sessions
    }


def says_paused(document: Document, *, before: bool) -> bool:
    """Whether the recording is paused after a document; one that says nothing changes nothing.

    BroadWorks and Webex write it as the recordingType of their extension data.
    """
    said = [
        text.strip().casefold()
        for extension in document.extensions
        for path, text in extension.values
        if path.casefold().rpartition("/")[2] == "recordingtype"
    ]
    return said[-1] in PAUSED if said else before


def shown(participant: Participant) -> str:
    """Return the name of a participant, else the number, else the address."""
    party = party_of(participant)
    return party.name or party.number or party.aor


def numbers_called(request: Request) -> tuple[str, ...]:
    """Return the user parts of the request's URI, of To and of who diverted the call last."""
    to, diverted = request.to_address, request.addresses("diversion")[:1]
    told = request.addresses("history-info")[:1]
    users = [request.request_uri.user, *(one.uri.user for one in (to, *diverted, *told))]
    return tuple(dict.fromkeys(user[:256] for user in users if user))


def _caller(request: Request) -> Participant:
    """From, and what the network asserts of it (RFC 3325)."""
    asserted = request.addresses("p-asserted-identity")[:2]
    return _participant("from", [request.from_address, *asserted])


def _callee(request: Request) -> Participant:
    return _participant("to", [request.to_address])


def _participant(participant_id: str, addresses: list[Address]) -> Participant:
    return Participant(
        participant_id,
        tuple(NameId(one.uri.text[:512], one.display_name[:256]) for one in addresses),
    )
