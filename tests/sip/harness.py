"""Both user agents in one process, on a wire that loses, doubles and reorders as it is told.

Time is a number here: a whole call with 32-second timers takes a millisecond.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import count

from callvault.sip import (
    AgentSettings,
    ClientEvent,
    Credentials,
    DialogId,
    Event,
    Flow,
    InviteReceived,
    ReinviteReceived,
    Request,
    RequestId,
    Response,
    Transport,
    UpdateReceived,
    UserAgentServer,
    parse_message,
)
from callvault.sip.client import Invitation, UserAgentClient

SERVER = ("192.0.2.200", 5060)
CLIENT = ("192.0.2.14", 5070)
OFFER = b"v=0\r\no=- 1 1 IN IP4 192.0.2.14\r\ns=-\r\nc=IN IP4 192.0.2.14\r\nt=0 0\r\n"
ANSWER = b"v=0\r\no=- 1 1 IN IP4 192.0.2.200\r\ns=-\r\nc=IN IP4 192.0.2.200\r\nt=0 0\r\n"
INVITATION = Invitation(
    uri="sip:srs@192.0.2.200",
    from_address='"Ann" <sip:1001@example.com>',
    to_address="<sip:srs@192.0.2.200>",
    contact="<sip:src@192.0.2.14:5070>;+sip.src",
    headers=(
        ("Require", "siprec"),
        ("Supported", "timer"),
        ("Allow", "INVITE, ACK, BYE, UPDATE"),
    ),
    content_type="application/sdp",
    body=OFFER,
)


def tokens(prefix: str) -> Callable[[], str]:
    """Tokens that read well in a failing test."""
    numbers = count(1)
    return lambda: f"{prefix}{next(numbers)}"


class LossyWire:
    """Carries messages: `drop` says of each in turn whether it is lost, `reorder` how many late.

    With `reorder=n` each batch is turned round in groups of n. `doubles` delivers all twice.
    """

    def __init__(
        self, drop: Iterable[bool] = (), *, reorder: int = 1, doubles: bool = False
    ) -> None:
        self._drop: Iterator[bool] = iter(drop)
        self._reorder = reorder
        self._doubles = doubles
        self.lost: list[bytes] = []

    def carry(self, messages: list[bytes]) -> list[bytes]:
        """Return what arrives, in the order in which it does."""
        arrived = []
        for message in messages:
            if next(self._drop, False):
                self.lost.append(message)
            else:
                arrived += [message, message] if self._doubles else [message]
        size = self._reorder
        groups = [arrived[i : i + size][::-1] for i in range(0, len(arrived), size)]
        return [message for group in groups for message in group]


class Conversation:
    """A client and a server, a wire each way, and a clock that only the test moves."""

    def __init__(
        self,
        *,
        transport: Transport = "udp",
        settings: AgentSettings | None = None,
        to_server: LossyWire | None = None,
        to_client: LossyWire | None = None,
        answers: bool = True,
        credentials: Credentials | None = None,
    ) -> None:
        self.now = 1000.0
        self.client = UserAgentClient(new_token=tokens("c"))
        self.server = UserAgentServer(
            settings or AgentSettings(),
            admits=lambda _: True,
            credentials=lambda _: credentials,
            new_token=tokens("s"),
        )
        connection_id = 0 if transport == "udp" else 1
        self.flow = Flow(transport, CLIENT, SERVER, connection_id)
        self.server_flow = Flow(transport, SERVER, CLIENT, connection_id)
        self.to_server = to_server or LossyWire()
        self.to_client = to_client or LossyWire()
        self.answers = answers
        self.seen: list[Event] = []
        self.heard: list[ClientEvent] = []
        self.sent_by_server: list[Request | Response] = []
        self.sent_by_client: list[Request | Response] = []
        if connection_id:
            self.client.flow_opened(self.flow, self.now)
            self.server.flow_opened(self.server_flow, self.now)

    def invite(self, invitation: Invitation = INVITATION) -> DialogId:
        """Place a call and let the messages run."""
        call = self.client.invite(self.flow, invitation, now=self.now)
        self.settle()
        return call

    def settle(self) -> None:
        """Move messages both ways until nobody has any."""
        for _ in range(50):
            sent = [raw for _, raw in self.client.messages_to_send()]
            self.sent_by_client += [parse_message(raw) for raw in sent]
            for raw in self.to_server.carry(sent):
                self.server.receive(raw, flow=self.server_flow, now=self.now)
            self._serve()
            answered = [raw for _, raw in self.server.messages_to_send()]
            self.sent_by_server += [parse_message(raw) for raw in answered]
            for raw in self.to_client.carry(answered):
                self.client.receive(raw, flow=self.flow, now=self.now)
            self.heard += self.client.events()
            if not sent and not answered:
                return
        raise AssertionError("the two never come to rest")

    def _serve(self) -> None:
        while events := self.server.events():
            self.seen += events
            for event in events:
                if self.answers:
                    self._answer(event)

    def _answer(self, event: Event) -> None:
        if isinstance(event, InviteReceived | ReinviteReceived):
            self.accept(event.request_id)
        elif isinstance(event, UpdateReceived):
            self.server.respond(event.request_id, 200, now=self.now)

    def accept(self, request_id: RequestId) -> bool:
        """Answer 200 with SDP."""
        return self.server.respond(
            request_id,
            200,
            content_type="application/sdp",
            body=ANSWER,
            now=self.now,
        )

    def wait(self, seconds: float) -> None:
        """Let time pass, timer by timer."""
        end = self.now + seconds
        self.settle()
        while True:
            timers = (self.client.next_timer(), self.server.next_timer())
            due = min((t for t in timers if t is not None and t <= end), default=None)
            if due is None:
                break
            self.now = max(self.now, due)
            self.client.handle_timer(self.now)
            self.server.handle_timer(self.now)
            self.settle()
        self.now = end

    def send_raw(self, raw: bytes) -> list[Request | Response]:
        """Give the server bytes of the test's own making; return what it answers."""
        self.server.receive(raw, flow=self.server_flow, now=self.now)
        self._serve()
        return [parse_message(data) for _, data in self.server.messages_to_send()]

    def send_raw_bytes(self, raw: bytes) -> list[bytes]:
        """Give the server any bytes; return what it sends."""
        self.server.receive(raw, flow=self.server_flow, now=self.now)
        self._serve()
        return [data for _, data in self.server.messages_to_send()]

    def ask(self, method: str, **parts: str) -> Response:
        """Send one request of the test's own making; return the first answer."""
        answer = self.send_raw(raw_request(method, **parts))[0]
        assert isinstance(answer, Response)
        return answer

    @property
    def dialog_id(self) -> DialogId:
        """The first dialog's id."""
        return next(e.dialog_id for e in self.seen if isinstance(e, InviteReceived))

    @property
    def request_id(self) -> RequestId:
        """The first INVITE's id."""
        return next(e.request_id for e in self.seen if isinstance(e, InviteReceived))

    def kinds(self) -> list[str]:
        """Names of the server's events so far, without the raw messages."""
        names = [type(event).__name__ for event in self.seen]
        return [name for name in names if name != "MessageSeen"]

    def statuses(self, method: str) -> list[int]:
        """Statuses that the server sent to requests of that method, repetitions included."""
        responses = (m for m in self.sent_by_server if isinstance(m, Response))
        return [r.status for r in responses if r.cseq.method == method]


def raw_request(
    method: str,
    *,
    uri: str = "sip:srs@192.0.2.200",
    branch: str = "z9hG4bKraw",
    from_: str = "<sip:1001@example.com>;tag=raw",
    to: str = "<sip:srs@192.0.2.200>",
    call_id: str = "raw-call",
    cseq: str = "",
    extra: str = "",
    body: str = "",
) -> bytes:
    """A request as a string, for what no agent of ours would send."""
    return (
        f"{method} {uri} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 192.0.2.14:5070;branch={branch};rport\r\n{extra}"
        f"From: {from_}\r\nTo: {to}\r\nCall-ID: {call_id}\r\nCSeq: {cseq or f'7 {method}'}\r\n"
        f"Contact: <sip:src@192.0.2.14:5070>\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def with_headers(invitation: Invitation, **headers: str) -> Invitation:
    """The same invitation with other headers; an underscore stands for a hyphen."""
    changed = {name.replace("_", "-"): value for name, value in headers.items()}
    kept = tuple(pair for pair in invitation.headers if pair[0] not in changed)
    return replace(invitation, headers=(*kept, *changed.items()))
