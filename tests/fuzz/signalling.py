"""SIP as datagrams and on connections: parsed, understood, answered, with time running out."""

from contextlib import suppress
from functools import cached_property

from callvault.cucm import leg_of_invite
from callvault.errors import ProtocolError
from callvault.sip import (
    AgentSettings,
    Flow,
    InviteReceived,
    ReinviteReceived,
    Request,
    Response,
    UpdateReceived,
    UserAgentServer,
    parse_message,
)
from callvault.sip.framing import PING, StreamFramer
from callvault.sip.message import Message
from tests.sip.harness import ANSWER, CLIENT, SERVER

LISTED = ("via", "contact", "record-route", "route", "p-asserted-identity", "diversion")
TYPED = tuple(
    sorted(
        {
            name
            for kind in (Request, Response)
            for name in dir(kind)
            if isinstance(getattr(kind, name), cached_property | property)
        }
    )
)
UDP = Flow("udp", SERVER, CLIENT)
TCP = Flow("tcp", SERVER, CLIENT, 1)
ASKING = (InviteReceived, ReinviteReceived, UpdateReceived)


def datagram(data: bytes) -> None:
    """One datagram: each header is asked for its meaning, then the agent gets it."""
    with suppress(ProtocolError):
        _understand(parse_message(data))
    assert _talk([data], UDP) <= 1


def stream(data: bytes) -> None:
    """Bytes of a connection; the first says into which pieces they are cut."""
    size, data = (data[0] or 1 if data else 1), data[1:]
    whole, pieces = StreamFramer(), StreamFramer()
    frames = whole.receive(data)
    size = max(7 * size, len(data) // 1_000)  # each piece is a call of its own
    cut = [data[start : start + size] for start in range(0, len(data), size)]
    found = [frame for piece in cut for frame in pieces.receive(piece)]
    assert _without_pings(frames) == _without_pings(found)
    assert (whole.error is None) == (pieces.error is None)
    assert sum(map(len, frames)) <= len(data)
    _talk(cut[:50], TCP)


def _without_pings(frames: list[bytes]) -> list[bytes]:
    return [frame for frame in frames if frame != PING]


def _understand(message: Message) -> None:
    for name in TYPED:
        with suppress(ProtocolError, AttributeError):
            getattr(message, name)
    for name in LISTED:
        message.addresses(name)
    message.kept_headers()
    if isinstance(message, Request):
        leg_of_invite(message, has_metadata=False)
    bytes(message)


def _talk(pieces: list[bytes], flow: Flow) -> int:
    """Let an agent hear it, answer what it asks, and let all its timers run out."""
    server = UserAgentServer(AgentSettings(), admits=lambda _: True)
    server.flow_opened(flow, 1.0)
    for piece in pieces:
        server.receive(piece, flow=flow, now=1.0)
        for event in server.events():
            if isinstance(event, ASKING):
                body, kind = ANSWER, "application/sdp"
                server.respond(event.request_id, 200, content_type=kind, body=body, now=1.0)
    dialogs = server.dialog_count
    server.messages_to_send()
    for now in (1.6, 40.0, 200.0):
        server.handle_timer(now)
        server.messages_to_send()
    server.events()
    return dialogs
