"""A conversation of CUCM's with controls: no sockets, no speech, time by hand."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from random import Random

from callvault.policy.decision import Direction
from callvault.simulator.cast import DEMO_PEOPLE
from callvault.simulator.cucm.call import CucmCall, CucmPair
from callvault.simulator.cucm.leg import Leg
from callvault.simulator.cucm.plan import Conversation, CucmWishes, plan_conversations
from callvault.simulator.cucm.words import new_words
from callvault.simulator.media import RtpStream
from callvault.simulator.script import CallScript, Codec, Party, Speaker, user_party
from callvault.sip import DialogId, Flow, PeerRequestReceived, Request, Response, ResponseReceived
from callvault.sip.client import Invitation
from callvault.sip.message import build_headers
from tests.simulator.calls import ANN, CARLA

FLOW = Flow("udp", ("192.0.2.14", 5070), ("192.0.2.200", 5060))
PRIYA = user_party(DEMO_PEOPLE[2])
OFFER = (
    "v=0\r\no=- 1 1 IN IP4 192.0.2.200\r\ns=-\r\nc=IN IP4 192.0.2.200\r\nt=0 0\r\n"
    "m=audio 20000 RTP/AVP 0 8 9\r\na=recvonly\r\n"
)


def script(
    *, remote: Party = CARLA, direction: Direction = Direction.IN, length_ms: int = 4_000
) -> CallScript:
    return CallScript(3, ANN, remote, direction, Codec.PCMU, length_ms, ())


def plan(wishes: CucmWishes, said: CallScript | None = None) -> Conversation:
    """Plan one conversation; every sentence takes a second."""
    (one,) = plan_conversations(
        [said or script()], wishes, seed=1, ids=Random(2), length_of=lambda _: 1_000
    )
    return one


def new_call(wishes: CucmWishes, said: CallScript | None = None) -> CucmCall:
    """A conversation that is not placed; near ends say 0x01, far ends 0x02."""
    conversation = plan(wishes, said)
    pairs = []
    for number, pair in enumerate(conversation.pairs):
        legs = {}
        for place, side in enumerate(Speaker):
            words = new_words(
                pair,
                side,
                Random(f"{number}/{side}"),
                address="192.0.2.14",
                media_address="192.0.2.99",
                pilot=wishes.pilot,
                is_offering=wishes.early_offer,
            )
            voice = bytes([place + 1]) * pair.script.length_ms * 8
            legs[side] = Leg(words, RtpStream(voice, 0, 0xA0 + place, 1, 0), fault=wishes.fault)
        pairs.append(CucmPair(pair, legs, gap_ms=wishes.gap_ms, fault=wishes.fault))
    return CucmCall(conversation, pairs)


@dataclass
class FakeCucm:
    """A call, its client, and a recorder that answers what it is told to; time goes by steps."""

    call: CucmCall
    answers: bool = True
    now: float = 100.0
    invitations: list[Invitation] = field(default_factory=list)
    log: list[tuple[float, int, str]] = field(default_factory=list)  # time, dialog, method
    bodies: dict[tuple[int, str], bytes] = field(default_factory=dict)
    reasons: dict[int, dict[str, str]] = field(default_factory=dict)
    senders: dict[int, str] = field(default_factory=dict)
    packets: list[tuple[float, int, bytes]] = field(default_factory=list)
    _answered: int = 0  # of the log

    def invite(self, flow: Flow, invitation: Invitation, *, now: float) -> DialogId:
        self.invitations.append(invitation)
        return self._noted(DialogId(len(self.invitations)), "INVITE", invitation.body)

    def acknowledge(
        self, dialog_id: DialogId, *, content_type: str = "", body: bytes = b"", now: float
    ) -> None:
        self._noted(dialog_id, "ACK", body)

    def cancel(self, dialog_id: DialogId, *, now: float) -> None:
        self._noted(dialog_id, "CANCEL", b"")

    def change_from(self, dialog_id: DialogId, from_address: str) -> None:
        self.senders[dialog_id] = from_address

    def request(
        self,
        dialog_id: DialogId,
        method: str,
        *,
        headers: Iterable[tuple[str, str]] = (),
        content_type: str = "",
        body: bytes = b"",
        now: float,
    ) -> None:
        self.reasons[dialog_id] = dict(headers)
        self._noted(dialog_id, method, body)

    def _noted(self, dialog_id: DialogId, method: str, body: bytes) -> DialogId:
        self.log.append((round(self.now - 100.0, 3), dialog_id, method))
        self.bodies[dialog_id, method] = body
        return dialog_id

    def run(self, seconds: float) -> "FakeCucm":
        """Let time go by in steps of 5 ms; the recorder answers within one."""
        if not self.log and self.now == 100.0:
            self.call.place(self, FLOW, now=self.now)
        until = self.now + seconds
        while self.now < until:
            for stream, packet in self.call.packets_due(self.now):
                self.packets.append((self.now - 100.0, stream, packet))
            self.now += 0.005
            due = self.log[self._answered :] if self.answers else []
            self._answered = len(self.log)
            for _, dialog_id, method in due:
                self.answer(dialog_id, method)
        return self

    def answer(self, dialog_id: int, method: str, status: int = 200, body: str = OFFER) -> None:
        """Have the recorder answer a request."""
        if method in ("ACK", "CANCEL"):
            return
        request = Request(build_headers([("Call-ID", "any")]), method=method)
        response = Response(request.headers, body.encode(), status=status, reason="Because")
        self._hear(ResponseReceived(DialogId(dialog_id), request, response))

    def bye_from_recorder(self, dialog_id: int) -> None:
        """Have the recorder end a call."""
        request = Request(build_headers([("Call-ID", "any")]), method="BYE")
        self._hear(PeerRequestReceived(DialogId(dialog_id), request, 200))

    def _hear(self, event: ResponseReceived | PeerRequestReceived) -> None:
        self.call.receive(event, now=self.now)

    def times_of(self, method: str) -> list[tuple[float, int]]:
        return [(at, dialog_id) for at, dialog_id, name in self.log if name == method]

    @property
    def faults(self) -> list[str]:
        return [fault for pair in self.call.pairs for fault in pair.faults]


def cucm(
    wishes: CucmWishes | None = None, said: CallScript | None = None, **more: object
) -> FakeCucm:
    """Return a CUCM with one conversation."""
    return FakeCucm(new_call(replace(wishes or CucmWishes(), **more), said))  # type: ignore[arg-type]
