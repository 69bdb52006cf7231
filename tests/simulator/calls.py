"""A call with controls, for the tests of this folder: no sockets, no speech, time by hand."""

from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random

from callvault.policy.decision import Direction
from callvault.simulator.call import SimulatedCall
from callvault.simulator.cast import DEMO_PEOPLE, Voice
from callvault.simulator.media import RtpStream
from callvault.simulator.script import CallScript, Codec, Hold, Party, Speaker
from callvault.simulator.signalling import Signalling
from callvault.sip import DialogId, Flow, Request, Response, ResponseReceived
from callvault.sip.client import Invitation
from callvault.sip.message import build_headers

FLOW = Flow("udp", ("192.0.2.1", 5080), ("192.0.2.200", 5060))
VOICE = Voice("en", 160)
ANN = Party("2014", "Ann Keller", VOICE, DEMO_PEOPLE[0])
CARLA = Party("+15550142", "", VOICE)
ANSWER = (
    "v=0\r\no=- 1 1 IN IP4 192.0.2.200\r\ns=-\r\nc=IN IP4 192.0.2.200\r\nt=0 0\r\n"
    "m=audio 20000 RTP/AVP 0\r\na={way}\r\na=label:1\r\n"
    "m=audio 20002 RTP/AVP 0\r\na={way}\r\na=label:2\r\n"
)


class FakeClient:
    """Remembers what a call sends; the test answers."""

    def __init__(self) -> None:
        self.invitations: list[Invitation] = []
        self.requests: list[tuple[str, bytes]] = []
        self.cancelled = 0

    def invite(self, flow: Flow, invitation: Invitation, *, now: float) -> DialogId:
        self.invitations.append(invitation)
        return DialogId(1)

    def cancel(self, dialog_id: DialogId, *, now: float) -> None:
        self.cancelled += 1

    def request(
        self,
        dialog_id: DialogId,
        method: str,
        *,
        content_type: str = "",
        body: bytes = b"",
        now: float,
    ) -> None:
        self.requests.append((method, body))

    @property
    def methods(self) -> list[str]:
        return [method for method, _ in self.requests]


def new_script(
    *,
    hold: Hold | None = None,
    owner: Party = ANN,
    remote: Party = CARLA,
    direction: Direction = Direction.IN,
    changes_ssrc: bool = False,
) -> CallScript:
    """A call of two seconds."""
    return CallScript(0, owner, remote, direction, Codec.PCMU, 2_000, (), hold, changes_ssrc)


def new_call(script: CallScript) -> SimulatedCall:
    """A call that has not been placed; its owner says 0x01, its remote party 0x02."""
    signalling = Signalling(
        script,
        address="192.0.2.1",
        ports=(40000, 40002),
        rng=Random(1),
        placed_at=datetime(2026, 11, 23, 14, 25, 30, tzinfo=UTC),
    )
    streams = {
        Speaker.OWNER: RtpStream(b"\x01" * 16_000, 0, 0xAA, 1, 0),
        Speaker.REMOTE: RtpStream(b"\x02" * 16_000, 0, 0xBB, 1, 0),
    }
    return SimulatedCall(script, streams, signalling, rng=Random(1))


def answered(
    method: str = "INVITE", status: int = 200, *, way: str = "recvonly", body: str = ANSWER
) -> ResponseReceived:
    """The recorder's response, as the client reports it."""
    headers = build_headers([("Call-ID", "call-1")])
    return ResponseReceived(
        DialogId(1),
        Request(headers, method=method),
        Response(headers, body.format(way=way).encode(), status=status, reason="Because"),
    )


def frames(packets: Sequence[tuple[int, bytes]], stream: int = 0) -> list[int]:
    """Which frames of a stream these packets are, by their timestamps."""
    return [
        int.from_bytes(packet[4:8], "big") // 160 for index, packet in packets if index == stream
    ]
