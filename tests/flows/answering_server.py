"""A running SIP server that answers every call: what sipp and the drivers' tests talk to."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from callvault.sip import (
    AckTimedOut,
    AgentSettings,
    Credentials,
    Event,
    Flow,
    InviteReceived,
    MessageSeen,
    ReinviteReceived,
    SessionExpired,
    UpdateReceived,
    UserAgentServer,
)
from callvault.sip.pump import Pump
from callvault.sip.tcp import TcpEndpoint
from callvault.sip.udp import UdpEndpoint

SDP = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 40000 RTP/AVP 8\r\na=recvonly\r\na=label:1\r\n"
)


@dataclass
class AnsweringServer:
    """One agent on a UDP and a TCP port of 127.0.0.1."""

    agent: UserAgentServer
    answer_after_s: float = 0.0
    events: list[Event] = field(default_factory=list)
    pump: Pump[Event] = field(init=False)
    udp: UdpEndpoint = field(init=False)
    tcp: TcpEndpoint = field(init=False)

    def on_events(self, events: list[Event]) -> None:
        """Answer as a recorder would; end what nobody acknowledges or refreshes."""
        for event in events:
            if isinstance(event, MessageSeen):
                continue
            self.events.append(event)
            if isinstance(event, InviteReceived | ReinviteReceived | UpdateReceived):
                self._answer_later(event)
            elif isinstance(event, AckTimedOut | SessionExpired):
                self.agent.bye(event.dialog_id, now=self.pump.now)

    def _answer_later(self, event: InviteReceived | ReinviteReceived | UpdateReceived) -> None:
        if self.answer_after_s:
            loop = asyncio.get_running_loop()
            loop.call_later(self.answer_after_s, self._answer, event)
        else:
            self._answer(event)

    def _answer(self, event: InviteReceived | ReinviteReceived | UpdateReceived) -> None:
        with_sdp = event.request.method == "INVITE" or event.request.carries_sdp
        self.agent.respond(
            event.request_id,
            200,
            content_type="application/sdp" if with_sdp else "",
            body=SDP if with_sdp else b"",
            now=self.pump.now,
        )
        self.pump.flush()

    def names(self) -> list[str]:
        """Names of the events so far."""
        return [type(event).__name__ for event in self.events]


@asynccontextmanager
async def answering_server(
    *,
    settings: AgentSettings | None = None,
    admits: Callable[[Flow], bool] = lambda _: True,
    answer_after_s: float = 0.0,
    credentials: Credentials | None = None,
    **tcp_bounds: float,
) -> AsyncIterator[AnsweringServer]:
    """Run a server for the length of a test, on free ports."""
    agent = UserAgentServer(
        settings or AgentSettings(), admits=admits, credentials=lambda _: credentials
    )
    server = AnsweringServer(agent, answer_after_s)
    server.pump = Pump(agent, asyncio.get_running_loop(), on_events=server.on_events)
    server.udp = await UdpEndpoint.bind(server.pump, "127.0.0.1", 0)
    server.tcp = await TcpEndpoint.bind(server.pump, "127.0.0.1", 0, **tcp_bounds)
    try:
        yield server
    finally:
        server.udp.close()
        await server.tcp.close()
        server.pump.close()
        await asyncio.sleep(0)  # let the loop close the sockets before it ends itself
