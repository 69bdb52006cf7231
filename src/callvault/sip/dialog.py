"""One dialog: its identity, route set, sequence numbers and offers under way (RFC 3261, 12)."""

from dataclasses import dataclass, field
from enum import Enum, auto

from callvault.ids import new_id
from callvault.sip.events import DialogId, RequestId
from callvault.sip.flow import Flow
from callvault.sip.headers import Address
from callvault.sip.message import Request, Response, build_headers
from callvault.sip.screening import Refusal
from callvault.sip.session_timer import SessionTimer
from callvault.sip.timers import Timer
from callvault.sip.transaction import ServerTransaction

MAX_SESSION_ID = 64
DialogKey = tuple[str, str, str]  # Call-ID, our tag, the peer's tag


class DialogState(Enum):
    """Where a dialog stands."""

    EARLY = auto()  # its INVITE has no final answer yet
    CONFIRMED = auto()
    ENDING = auto()  # our BYE waits for the ACK, or is under way
    ENDED = auto()


@dataclass(slots=True, eq=False)
class Dialog:
    """State of one dialog, seen from our side in either role."""

    dialog_id: DialogId
    call_id: str
    local: str  # our From or To value, with tag
    remote: str  # the peer's, with tag
    key: DialogKey
    flow: Flow  # the peer's last request or answer came by it
    contact: str  # our Contact value
    remote_target: str  # URI from the peer's Contact; "" where it was unreadable
    route_set: tuple[str, ...]
    remote_cseq: int = -1
    local_cseq: int = 0
    state: DialogState = DialogState.EARLY
    peer_allows: frozenset[str] = frozenset()
    session_id: str = ""  # ours (RFC 7989); "" where the peer does not use it
    peer_session_id: str = ""
    local_sdp: bytes = b""  # what we last said of our media; sent again by a refresh
    unacknowledged: dict[int, ServerTransaction] = field(default_factory=dict)  # by CSeq number
    pending: dict[RequestId, ServerTransaction] = field(default_factory=dict)  # we owe an answer
    offers_out: int = 0  # INVITEs of ours under way, and offers in a 2xx without ACK
    bye_reason: str | None = None  # a BYE that waits for the ACK; "" is one without Reason
    session_timer: SessionTimer | None = None
    timers: list[Timer] = field(default_factory=list)  # refresh and expiry

    @classmethod
    def of_invite(
        cls, request: Request, *, dialog_id: DialogId, tag: str, contact: str, flow: Flow
    ) -> "Dialog":
        """Begin the dialog of an INVITE that we received (RFC 3261, section 12.1.1)."""
        dialog = cls(
            dialog_id,
            request.call_id,
            local=f"{request.headers.first('to')};tag={tag}",
            remote=request.headers.first("from") or "",
            key=(request.call_id, tag, request.from_address.tag),
            flow=flow,
            contact=contact,
            remote_target="",
            route_set=tuple(request.headers.listed("record-route")),
            remote_cseq=request.cseq.number,
            peer_allows=request.allow,
        )
        dialog.learn_target(request)
        return dialog

    @classmethod
    def of_answer(
        cls, invite: Request, answer: Response, *, dialog_id: DialogId, contact: str, flow: Flow
    ) -> "Dialog":
        """Begin the dialog of an INVITE that we sent (RFC 3261, section 12.1.2)."""
        dialog = cls(
            dialog_id,
            invite.call_id,
            local=invite.headers.first("from") or "",
            remote=answer.headers.first("to") or "",
            key=(invite.call_id, invite.from_address.tag, answer.to_address.tag),
            flow=flow,
            contact=contact,
            remote_target=invite.uri,
            route_set=tuple(reversed(answer.headers.listed("record-route"))),
            local_cseq=invite.cseq.number,
            state=DialogState.CONFIRMED,
            local_sdp=invite.body if invite.content_type.value == "application/sdp" else b"",
        )
        dialog.learn_target(answer)
        return dialog

    def learn_target(self, message: Request | Response) -> None:
        """Take the peer's Contact as remote target; an unreadable one changes nothing."""
        contact = message.contact
        if contact is not None and contact.uri.scheme and contact.uri.host:
            self.remote_target = contact.uri.text

    def accept_sequence(self, request: Request) -> Refusal | None:
        """Take the request's CSeq; refuse one that goes back (RFC 3261, section 12.2.2).

        A BYE is taken with any number: BroadWorks was seen to count back, and losing the BYE
        would cost an endless recording.
        """
        number = request.cseq.number
        if number < self.remote_cseq and request.method != "BYE":
            return Refusal(500, "cseq is lower than the last", (("Retry-After", "0"),))
        self.remote_cseq = max(number, self.remote_cseq)
        return None

    def clash(self, request: Request, *, retry_after_s: int) -> Refusal | None:
        """Refuse an offer that crosses another (RFC 3261, 14.2; RFC 3311, 5.2).

        An UPDATE without SDP offers nothing and may come at any time: metadata does.
        """
        offers = request.method == "INVITE" or request.carries_sdp
        if self.offers_out and offers:
            return Refusal(491, "an offer of ours is open")
        updating = any(not pending.is_invite for pending in self.pending.values())
        if self.pending and (offers or updating):
            header = ("Retry-After", str(retry_after_s))
            return Refusal(500, "an earlier request waits for its answer", (header,))
        return None

    def close_offer(self, transaction: ServerTransaction) -> None:
        """Count the offer in a 2xx as answered, or given up."""
        if transaction.carries_offer:
            transaction.carries_offer = False
            self.offers_out -= 1

    def next_hop(self) -> tuple[str, tuple[str, ...], str]:
        """Request-URI, Route values and the URI to send to (RFC 3261, section 12.2.1.1)."""
        target = self.remote_target or f"sip:{self.flow.remote[0]}"
        if not self.route_set:
            return target, (), self.remote_target
        first = Address.parse(self.route_set[0]).uri
        if first.parameter("lr") is not None:
            return target, self.route_set, first.text
        return first.text, (*self.route_set[1:], f"<{target}>"), first.text  # strict router

    def make_request(
        self,
        method: str,
        via: str,
        *,
        cseq: int,
        added: tuple[tuple[str, str], ...] = (),
        content_type: str = "",
        body: bytes = b"",
    ) -> Request:
        """Build a request inside the dialog."""
        uri, routes, _ = self.next_hop()
        fields = [("Via", via), ("Max-Forwards", "70")]
        fields += [("Route", value) for value in routes]
        fields += [("From", self.local), ("To", self.remote), ("Call-ID", self.call_id)]
        fields.append(("CSeq", f"{cseq} {method}"))
        fields += self.session_id_header()
        fields += added
        if body:
            fields.append(("Content-Type", content_type))
        return Request(build_headers(fields), body, b"", method, uri)

    def learn_session_id(self, request: Request) -> None:
        """Take the peer's half of Session-ID, if it uses it, with a half of our own (RFC 7989)."""
        value = (request.headers.first("session-id") or "").partition(";")[0].strip()
        if value and len(value) <= MAX_SESSION_ID:
            self.peer_session_id = value
            self.session_id = self.session_id or new_id().hex

    def session_id_header(self) -> list[tuple[str, str]]:
        """Session-ID as we send it; none to a peer that does not."""
        if not self.session_id:
            return []
        return [("Session-ID", f"{self.session_id};remote={self.peer_session_id}")]

    def stop_timers(self) -> None:
        """Stop refresh and expiry."""
        for timer in self.timers:
            timer.cancel()
        self.timers.clear()
