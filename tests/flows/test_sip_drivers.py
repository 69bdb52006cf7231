"""The UDP and TCP drivers on loopback, on asyncio's loop and on uvloop's."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvloop

from callvault.sip import (
    ByeReceived,
    ClientEvent,
    DialogEnded,
    InviteReceived,
    PeerRequestReceived,
    ResponseReceived,
    StrangerHeard,
)
from callvault.sip.client import Invitation, UserAgentClient
from callvault.sip.pump import Pump
from callvault.sip.sockets import neighbourhood
from callvault.sip.tcp import TcpEndpoint
from callvault.sip.udp import UdpEndpoint
from tests.flows.answering_server import SDP, AnsweringServer, answering_server
from tests.sip.harness import raw_request

pytestmark = pytest.mark.flow

LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]


def run(
    main: Coroutine[Any, Any, None],
    loop_factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop,
) -> None:
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(main)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that other tasks bring about; 10 seconds are a failure."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


class Caller:
    """A user agent client on sockets of its own."""

    def __init__(self) -> None:
        self.agent = UserAgentClient()
        self.heard: list[ClientEvent] = []
        self.pump: Pump[ClientEvent] = Pump(
            self.agent, asyncio.get_running_loop(), on_events=self.heard.extend
        )

    def statuses(self, method: str) -> list[int]:
        responses = [event for event in self.heard if isinstance(event, ResponseReceived)]
        return [e.response.status for e in responses if e.request.method == method]


@asynccontextmanager
async def caller() -> AsyncIterator[tuple[Caller, UdpEndpoint, TcpEndpoint]]:
    someone = Caller()
    udp = await UdpEndpoint.bind(someone.pump, "127.0.0.1", 0)
    tcp = await TcpEndpoint.bind(someone.pump, "127.0.0.1", 0)
    try:
        yield someone, udp, tcp
    finally:
        udp.close()
        await tcp.close()
        someone.pump.close()
        await asyncio.sleep(0)


def invitation(port: int, transport: str) -> Invitation:
    return Invitation(
        uri="sip:srs@127.0.0.1",
        from_address="<sip:1001@example.com>",
        to_address="<sip:srs@127.0.0.1>",
        contact=f"<sip:src@127.0.0.1:{port};transport={transport}>;+sip.src",
        headers=(("Require", "siprec"),),
        content_type="application/sdp",
        body=SDP,
    )


@pytest.mark.parametrize("loop_factory", LOOPS)
@pytest.mark.parametrize("over", ["udp", "tcp"])
def test_a_call_between_our_own_agents(
    over: str, loop_factory: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def main() -> None:
        async with answering_server() as server, caller() as (someone, udp, tcp):
            mine, theirs = (udp, server.udp) if over == "udp" else (tcp, server.tcp)
            flow = mine.flow_to(theirs.address)
            asked = invitation(mine.address[1], over)
            call = someone.agent.invite(flow, asked, now=someone.pump.now)
            someone.pump.flush()
            await until(lambda: 200 in someone.statuses("INVITE"))
            someone.agent.request(call, "BYE", now=someone.pump.now)
            someone.pump.flush()
            await until(lambda: 200 in someone.statuses("BYE"))
            expected = ["InviteReceived", "AckReceived", "ByeReceived", "DialogEnded"]
            await until(lambda: server.names() == expected)

    run(main(), loop_factory)


def test_one_connection_carries_many_calls() -> None:
    async def main() -> None:
        async with answering_server() as server, caller() as (someone, _, tcp):
            flow = tcp.flow_to(server.tcp.address)
            for _ in range(20):
                asked = invitation(tcp.address[1], "tcp")
                someone.agent.invite(flow, asked, now=someone.pump.now)
            someone.pump.flush()
            await until(lambda: someone.statuses("INVITE").count(200) == 20)
            invites = [e for e in server.events if isinstance(e, InviteReceived)]
            assert len({event.flow.connection_id for event in invites}) == 1
            ids = [event.dialog_id for event in invites]
            await until(lambda: server.names().count("AckReceived") == 20)
            for dialog_id in ids:
                server.agent.bye(dialog_id, now=server.pump.now)
            server.pump.flush()
            await until(lambda: server.names().count("DialogEnded") == 20)
            assert len(server.tcp._by_id) == 1

    run(main())


def test_a_bye_of_ours_opens_a_new_connection_when_the_old_one_is_gone() -> None:
    async def main() -> None:
        async with answering_server() as server, caller() as (someone, _, tcp):
            asked = invitation(tcp.address[1], "tcp")
            flow = tcp.flow_to(server.tcp.address)
            someone.agent.invite(flow, asked, now=someone.pump.now)
            someone.pump.flush()
            await until(lambda: "AckReceived" in server.names())
            [connection] = tcp._by_id.values()
            assert connection.flow is not None
            tcp.close_flow(connection.flow)
            await until(lambda: not server.tcp._by_id)
            assert server.agent.dialog_count == 1, "a broken connection ends no call"
            dialog_id = server.events[0].dialog_id  # type: ignore[union-attr]
            server.agent.bye(dialog_id, now=server.pump.now)
            server.pump.flush()
            ended = DialogEnded(dialog_id, "bye_sent", 200)
            await until(lambda: ended in server.events)
            assert any(isinstance(event, PeerRequestReceived) for event in someone.heard)

    run(main())


def test_a_bye_to_a_peer_that_is_gone_for_good_waits_and_harms_nobody() -> None:
    async def main() -> None:
        async with answering_server() as server, caller() as (someone, _, tcp):
            asked = invitation(tcp.address[1], "tcp")
            flow = tcp.flow_to(server.tcp.address)
            someone.agent.invite(flow, asked, now=someone.pump.now)
            someone.pump.flush()
            await until(lambda: "AckReceived" in server.names())
            await tcp.close()
            await until(lambda: not server.tcp._by_id)
            server.agent.bye(server.events[0].dialog_id, now=server.pump.now)  # type: ignore[union-attr]
            server.pump.flush()
            await until(lambda: not server.tcp._connecting)
            assert server.agent.dialog_count == 1, "until 64*T1 have passed"

    run(main())


def test_a_message_byte_by_byte_is_answered() -> None:
    async def main() -> None:
        async with answering_server() as server:
            reader, writer = await asyncio.open_connection(*server.tcp.address)
            for byte in raw_request("OPTIONS"):
                writer.write(bytes([byte]))
                await writer.drain()
            assert await reader.readuntil(b"\r\n") == b"SIP/2.0 200 OK\r\n"
            writer.close()

    run(main())


def test_a_keep_alive_is_answered() -> None:
    async def main() -> None:
        async with answering_server() as server:
            reader, writer = await asyncio.open_connection(*server.tcp.address)
            writer.write(b"\r\n\r\n")
            assert await reader.readexactly(2) == b"\r\n"
            writer.close()

    run(main())


def test_a_stream_that_cannot_be_framed_is_told_and_closed() -> None:
    async def main() -> None:
        async with answering_server() as server:
            reader, writer = await asyncio.open_connection(*server.tcp.address)
            writer.write(raw_request("OPTIONS").replace(b"Content-Length: 0", b"Content-Length: x"))
            assert (await reader.read()).startswith(b"SIP/2.0 400 Bad Request\r\n")
            writer.close()

    run(main())


def test_a_connection_that_says_nothing_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callvault.sip.tcp.SWEEP_EVERY_S", 0.05)

    async def main() -> None:
        async with answering_server(first_byte_s=0.1, idle_s=0.3) as server:
            silent, silent_writer = await asyncio.open_connection(*server.tcp.address)
            idle, idle_writer = await asyncio.open_connection(*server.tcp.address)
            idle_writer.write(raw_request("OPTIONS"))
            await idle.readuntil(b"\r\n\r\n")
            began = asyncio.get_running_loop().time()
            assert await silent.read() == b""
            assert await idle.read() == b""
            assert asyncio.get_running_loop().time() - began > 0.2
            silent_writer.close()
            idle_writer.close()

    run(main())


def test_one_address_has_only_so_many_connections() -> None:
    async def main() -> None:
        async with answering_server(max_per_address=2) as server:
            pairs = [await asyncio.open_connection(*server.tcp.address) for _ in range(3)]
            assert await pairs[2][0].read() == b""
            pairs[0][1].close()
            await until(lambda: len(server.tcp._by_id) == 1)
            reader, writer = await asyncio.open_connection(*server.tcp.address)
            writer.write(raw_request("OPTIONS"))
            await reader.readuntil(b"\r\n\r\n")
            for _, other in (*pairs, (reader, writer)):
                other.close()

    run(main())


def test_a_flood_of_silent_connections_keeps_nobody_out() -> None:
    async def main() -> None:
        async with answering_server(max_connections=3) as server:
            spoken, answered = await asyncio.open_connection(*server.tcp.address)
            answered.write(raw_request("OPTIONS"))
            await spoken.readuntil(b"\r\n\r\n")
            flood = [await asyncio.open_connection(*server.tcp.address) for _ in range(8)]
            reader, writer = await asyncio.open_connection(*server.tcp.address)
            writer.write(raw_request("OPTIONS", branch="z9hG4bKlate"))
            await reader.readuntil(b"\r\n\r\n")
            assert len(server.tcp._by_id) == 3
            answered.write(raw_request("OPTIONS", branch="z9hG4bKagain"))
            await spoken.readuntil(b"\r\n\r\n")
            for _, other in (*flood, (spoken, answered), (reader, writer)):
                other.close()

    run(main())


def test_when_all_have_spoken_the_newcomer_is_closed() -> None:
    async def main() -> None:
        async with answering_server(max_connections=1) as server:
            reader, writer = await asyncio.open_connection(*server.tcp.address)
            writer.write(raw_request("OPTIONS"))
            await reader.readuntil(b"\r\n\r\n")
            late, other = await asyncio.open_connection(*server.tcp.address)
            assert await late.read() == b""
            writer.close()
            other.close()

    run(main())


def test_bounds_for_one_peer_count_a_network_of_ipv6() -> None:
    assert neighbourhood("192.0.2.14") == "192.0.2.14"
    assert neighbourhood("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64"
    assert neighbourhood("fe80::1%eth0") == "fe80::/64"


def test_a_peer_that_does_not_read_loses_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callvault.sip.tcp.MAX_UNSENT_BYTES", 20_000)

    async def main() -> None:
        async with answering_server() as server:
            loop = asyncio.get_running_loop()
            deaf = socket.socket()
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.setblocking(False)
            await loop.sock_connect(deaf, server.tcp.address)
            await until(lambda: bool(server.tcp._by_id))
            ask = b"".join(raw_request("OPTIONS", branch=f"z9hG4bK{n}") for n in range(200))

            async def shout() -> None:
                while server.tcp._by_id:
                    await loop.sock_sendall(deaf, ask)

            shouting = asyncio.create_task(shout())
            await until(lambda: not server.tcp._by_id)
            shouting.cancel()
            await asyncio.gather(shouting, return_exceptions=True)
            deaf.close()

    run(main())


@pytest.mark.parametrize("over", ["udp", "tcp"])
def test_a_stranger_hears_nothing(over: str) -> None:
    async def main() -> None:
        async with answering_server(admits=lambda _: False) as server:
            if over == "tcp":
                reader, writer = await asyncio.open_connection(*server.tcp.address)
                writer.write(raw_request("INVITE"))
                assert await reader.read() == b""
                writer.close()
            else:
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                    stranger.bind(("127.0.0.1", 0))
                    stranger.setblocking(False)
                    stranger.sendto(raw_request("INVITE"), server.udp.address)
                    await until(lambda: bool(server.events))
                    with pytest.raises(BlockingIOError):
                        stranger.recv(65536)
            assert [type(event) for event in server.events] == [StrangerHeard]

    run(main())


def test_a_server_bound_to_all_addresses_names_the_one_that_the_peer_reaches() -> None:
    async def main() -> None:
        async with answering_server() as server:
            everywhere = await UdpEndpoint.bind(server.pump, "0.0.0.0", 0)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.bind(("127.0.0.1", 0))
                client.settimeout(0)
                target = ("127.0.0.1", everywhere.address[1])
                client.sendto(raw_request("INVITE"), target)
                await until(lambda: bool(server.events))
            everywhere.close()
            invite = server.events[0]
            assert isinstance(invite, InviteReceived)
            assert invite.flow.local == target

    run(main())


def test_a_datagram_of_60_kilobytes_is_one_message() -> None:
    async def main() -> None:
        async with answering_server() as server:
            await large_update(server)

    async def large_update(server: AnsweringServer) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.bind(("127.0.0.1", 0))
            client.settimeout(0)
            body = "v=0\r\n" + "a=note:x\r\n" * 5500
            kind = "Content-Type: application/sdp\r\n"
            client.sendto(raw_request("INVITE", extra=kind, body=body), server.udp.address)
            await until(lambda: bool(server.events))
        invite = server.events[0]
        assert isinstance(invite, InviteReceived)
        assert len(invite.request.body) == len(body)

    run(main())


def test_a_taken_port_is_an_oserror() -> None:
    async def main() -> None:
        async with answering_server() as server:
            with pytest.raises(OSError, match="in use"):
                await UdpEndpoint.bind(server.pump, *server.udp.address)
            with pytest.raises(OSError, match="in use"):
                await TcpEndpoint.bind(server.pump, *server.tcp.address)

    run(main())


def test_metadata_in_a_bye_arrives_whole() -> None:
    async def main() -> None:
        async with answering_server() as server, caller() as (someone, udp, _):
            flow = udp.flow_to(server.udp.address)
            asked = invitation(udp.address[1], "udp")
            call = someone.agent.invite(flow, asked, now=someone.pump.now)
            someone.pump.flush()
            await until(lambda: 200 in someone.statuses("INVITE"))
            final = b"<recording>\n</recording>\n"
            kind = "application/rs-metadata+xml"
            someone.agent.request(call, "BYE", content_type=kind, body=final, now=someone.pump.now)
            someone.pump.flush()
            await until(lambda: "DialogEnded" in server.names())
            byes = [event for event in server.events if isinstance(event, ByeReceived)]
            assert [bye.request.body for bye in byes] == [final]

    run(main())
