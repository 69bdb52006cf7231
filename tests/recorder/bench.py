"""A session on the bench: events in by method, actions kept, ports given as a node would."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TypeVar
from uuid import UUID

from callvault import sip
from callvault.clock import Instant
from callvault.policy.decision import Decision
from callvault.policy.snapshot import Snapshot, Trunk
from callvault.recorder.actions import (
    Action,
    Append,
    CloseJournal,
    EndRequested,
    Input,
    OpenStreams,
    Respond,
    StreamsOpened,
    StreamsRefused,
)
from callvault.recorder.judge import PolicyInForce
from callvault.recorder.session import RecordingSession
from callvault.recorder.setting import SessionSetting
from callvault.spool import entries
from tests.policy.cast import SNAPSHOT, TRUNK
from tests.recorder.bodies import (
    ANN,
    METADATA,
    MULTIPART,
    REMOTE,
    SRC,
    both,
    metadata,
    request,
    sdp,
)

DIALOG = sip.DialogId(1)
FLOW = sip.Flow("udp", ("192.0.2.200", 5060), (SRC, 5060))
SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
_Entry = TypeVar("_Entry")


@dataclass
class Bench:
    """One recording session and all that came out of it."""

    trunk: Trunk = TRUNK
    snapshot: Snapshot = SNAPSHOT
    refusal: str = ""
    media_timeout_s: int = 300
    max_call_s: int = 43200
    has_ports: bool = True
    now_s: float = 0.0
    flow: sip.Flow = FLOW
    actions: list[Action] = field(default_factory=list)
    _ids: count[int] = field(default_factory=lambda: count(5000))
    _ports: count[int] = field(default_factory=lambda: count(40000, 2))
    _requests: count[int] = field(default_factory=lambda: count(1))
    _in_force: PolicyInForce | None = None

    def _policy_in_force(self) -> PolicyInForce:
        """Index the snapshot once, as a node does, and again when a test gives another one."""
        if self._in_force is None or self._in_force.snapshot is not self.snapshot:
            self._in_force = PolicyInForce.of(self.snapshot)
        return self._in_force

    def __post_init__(self) -> None:
        self.session = RecordingSession(
            SessionSetting(
                journal_id=UUID(int=1),
                node="node-1",
                trunk=self.trunk,
                address="192.0.2.200",
                media_timeout_s=self.media_timeout_s,
                max_call_s=self.max_call_s,
                calls_in_progress=0,
                refusal=self.refusal,
                policy_in_force=self._policy_in_force,
                new_id=lambda: UUID(int=next(self._ids)),
            )
        )

    @property
    def at_ns(self) -> int:
        """Wall-clock time of the next event."""
        return START + int(self.now_s * SECOND)

    def feed(self, event: sip.Event | Input) -> list[Action]:
        """Give the session an event; ports are answered at once. Returns what came of it."""
        now = Instant(self.at_ns, int((100 + self.now_s) * SECOND))
        done = self.session.receive(event, now=now)
        self.actions += done
        for action in list(done):
            if isinstance(action, OpenStreams):
                done += self.feed(self._ports_for(action))
        return done

    def _ports_for(self, action: OpenStreams) -> StreamsOpened | StreamsRefused:
        if not self.has_ports:
            return StreamsRefused("ports")
        return StreamsOpened({index: next(self._ports) for index in action.indexes})

    # --- what an SRC does

    def invite(
        self, body: bytes | None = None, content_type: str = MULTIPART, *, headers: str = ""
    ) -> list[Action]:
        """Offer two lines and the metadata of Ann calling out, or another body."""
        if body is None:
            body = both(sdp(), metadata(ANN, REMOTE))
        message = request("INVITE", body, content_type, headers=headers)
        return self.feed(sip.InviteReceived(self._request_id(), DIALOG, message, self.flow))

    def ack(self, body: bytes = b"") -> list[Action]:
        """Acknowledge, with an SDP answer where one is due."""
        message = request("ACK", body, "application/sdp" if body else "")
        return self.feed(sip.AckReceived(DIALOG, sip.RequestId(1), message))

    def reinvite(self, body: bytes, content_type: str = "application/sdp") -> list[Action]:
        """Send an INVITE inside the dialog."""
        message = request("INVITE", body, content_type if body else "")
        return self.feed(sip.ReinviteReceived(self._request_id(), DIALOG, message, self.flow))

    def update(self, body: bytes, content_type: str = METADATA) -> list[Action]:
        """Send an UPDATE, with metadata unless it says otherwise."""
        message = request("UPDATE", body, content_type if body else "")
        return self.feed(sip.UpdateReceived(self._request_id(), DIALOG, message, self.flow))

    def bye(self, body: bytes = b"") -> list[Action]:
        """End the dialog as the agent reports it."""
        message = request("BYE", body, METADATA if body else "")
        done = self.feed(sip.ByeReceived(DIALOG, message))
        return done + self.feed(sip.DialogEnded(DIALOG, "bye_received", 200))

    def shut_down(self) -> list[Action]:
        """End the call from our side."""
        done = self.feed(EndRequested("shutdown"))
        return done + self.feed(sip.DialogEnded(DIALOG, "bye_sent", 200))

    def _request_id(self) -> sip.RequestId:
        return sip.RequestId(next(self._requests))

    # --- what came of it

    def entries(self, kind: type[_Entry]) -> list[_Entry]:
        """All entries of a kind that were journalled, in order."""
        return [
            one.entry
            for one in self.actions
            if isinstance(one, Append) and isinstance(one.entry, kind)
        ]

    def timeline(self) -> list[tuple[str, str]]:
        """Kinds and names of the timeline's events."""
        return [(one.kind, one.who) for one in self.entries(entries.TimelineEvent)]

    @property
    def decision(self) -> Decision:
        """The last decision that was journalled."""
        return self.entries(entries.Decided)[-1].decision

    @property
    def response(self) -> Respond:
        """The last answer."""
        return [one for one in self.actions if isinstance(one, Respond)][-1]

    @property
    def is_closed(self) -> bool:
        """Whether the journal is ended, and nothing came after."""
        return isinstance(self.actions[-1], CloseJournal)


def established(**fields: object) -> Bench:
    """A call of Ann's, two lines, acknowledged."""
    bench = Bench(**fields)  # type: ignore[arg-type]
    bench.invite()
    bench.ack()
    return bench
