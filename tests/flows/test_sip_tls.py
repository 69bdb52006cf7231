"""SIP over TLS on loopback: our driver, Python's own TLS client at it, hostile ones too."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import uvloop

from callvault.sip import DialogEnded, Flow, InviteReceived
from callvault.sip.tls import TlsEndpoint
from callvault.sip.tls_context import TlsFiles, TlsFilesBroken, load_contexts
from tests.flows.answering_server import AnsweringServer, answering_server
from tests.flows.authority import Authority
from tests.flows.test_sip_drivers import Caller, invitation, until
from tests.sip.harness import raw_request

pytestmark = pytest.mark.flow

LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "ca")


def run(
    main: Coroutine[Any, Any, None],
    loop_factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop,
) -> None:
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(main)


@asynccontextmanager
async def tls_server(
    files: TlsFiles,
    *,
    host: str = "127.0.0.1",
    admits: Callable[[Flow], bool] = lambda _: True,
    **bounds: Any,
) -> AsyncIterator[tuple[AnsweringServer, TlsEndpoint]]:
    async with answering_server(admits=admits) as server:
        contexts = load_contexts(files)
        endpoint = await TlsEndpoint.bind(server.pump, host, 0, contexts=contexts, **bounds)
        try:
            yield server, endpoint
        finally:
            await endpoint.close()


@asynccontextmanager
async def tls_caller(files: TlsFiles) -> AsyncIterator[tuple[Caller, TlsEndpoint]]:
    someone = Caller()
    contexts = load_contexts(files)
    endpoint = await TlsEndpoint.bind(someone.pump, "127.0.0.1", 0, contexts=contexts)
    try:
        yield someone, endpoint
    finally:
        await endpoint.close()
        someone.pump.close()
        await asyncio.sleep(0)


def client_context(files: TlsFiles | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if files is not None:
        context.load_cert_chain(files.certificate, files.key)
    return context


async def ask(endpoint: TlsEndpoint, context: ssl.SSLContext) -> bytes:
    """Send OPTIONS; return the first line of the answer, nothing if the connection is closed."""
    reader, writer = await asyncio.open_connection(*endpoint.address, ssl=context)
    try:
        writer.write(raw_request("OPTIONS"))
        return await asyncio.wait_for(reader.readline(), 10)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def connected(endpoint: TlsEndpoint, source: str) -> socket.socket:
    """Connect from an address, and begin no handshake."""
    one = socket.socket()
    one.bind((source, 0))
    one.settimeout(0)
    await asyncio.get_running_loop().sock_connect(one, endpoint.address)
    return one


@pytest.mark.parametrize("loop_factory", LOOPS)
def test_a_call_over_tls_and_a_bye_of_ours_on_the_same_connection(
    authority: Authority, loop_factory: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def main() -> None:
        ours, theirs = authority.issue("srs"), authority.issue("src")
        async with tls_server(ours) as (server, door), tls_caller(theirs) as (someone, tls):
            flow = tls.flow_to(door.address)
            someone.agent.invite(flow, invitation(tls.address[1], "tls"), now=someone.pump.now)
            someone.pump.flush()
            await until(lambda: "AckReceived" in server.names())
            invite = server.events[0]
            assert isinstance(invite, InviteReceived)
            answer = next(e for e in someone.heard if getattr(e, "response", None))
            assert answer is not None
            server.agent.bye(invite.dialog_id, now=server.pump.now)
            server.pump.flush()
            await until(lambda: DialogEnded(invite.dialog_id, "bye_sent", 200) in server.events)
            assert len(door._by_id) == 1

    run(main(), loop_factory)


def test_the_contact_names_tls_and_sips_where_sips_was_asked(authority: Authority) -> None:
    async def main() -> None:
        async with tls_server(authority.issue("srs")) as (_, door):
            for scheme, contact in (
                ("sip", f"<sip:srs@127.0.0.1:{door.address[1]};transport=tls>;+sip.srs"),
                ("sips", f"<sips:srs@127.0.0.1:{door.address[1]}>;+sip.srs"),
            ):
                reader, writer = await asyncio.open_connection(*door.address, ssl=client_context())
                uri = f"{scheme}:srs@127.0.0.1"
                writer.write(
                    raw_request("INVITE", uri=uri, call_id=scheme, branch=f"z9hG4bK{scheme}")
                )
                answer = await asyncio.wait_for(reader.readuntil(b"a=label:1\r\n"), 10)
                assert f"\r\nContact: {contact}\r\n".encode() in answer
                writer.close()

    run(main())


def test_a_bye_of_ours_makes_a_tls_connection_when_the_old_one_is_gone(
    authority: Authority,
) -> None:
    async def main() -> None:
        ours, theirs = authority.issue("srs"), authority.issue("src")
        async with tls_server(ours) as (server, door), tls_caller(theirs) as (someone, tls):
            flow = tls.flow_to(door.address)
            someone.agent.invite(flow, invitation(tls.address[1], "tls"), now=someone.pump.now)
            someone.pump.flush()
            await until(lambda: "AckReceived" in server.names())
            [connection] = tls._by_id.values()
            assert connection.flow is not None
            tls.close_flow(connection.flow)
            await until(lambda: not door._by_id)
            dialog_id = server.events[0].dialog_id  # type: ignore[union-attr]
            server.agent.bye(dialog_id, now=server.pump.now)
            server.pump.flush()
            await until(lambda: DialogEnded(dialog_id, "bye_sent", 200) in server.events)

    run(main())


def test_a_verified_certificate_gives_the_flow_its_names(authority: Authority) -> None:
    async def main() -> None:
        files = replace(authority.issue("srs"), client_certificate="optional")
        known = authority.issue("ignored", dns=("SBC.example.com",), uris=("sip:example.net",))
        flows: dict[Flow, None] = {}  # asked for at the opening and with each message

        def admits(flow: Flow) -> bool:
            flows[flow] = None
            return True

        async with tls_server(files, admits=admits) as (_, door):
            assert await ask(door, client_context(known)) == b"SIP/2.0 200 OK\r\n"
            assert await ask(door, client_context()) == b"SIP/2.0 200 OK\r\n"
        named = ("sbc.example.com", "example.net")
        assert list(dict.fromkeys(flow.peer_names for flow in flows)) == [named, ()]

    run(main())


def test_no_names_come_of_a_certificate_that_nobody_verified(
    authority: Authority,
) -> None:
    async def main() -> None:
        files = authority.issue("srs")
        flows: dict[Flow, None] = {}  # asked for at the opening and with each message

        def admits(flow: Flow) -> bool:
            flows[flow] = None
            return True

        async with tls_server(files, admits=admits) as (_, door):
            named = authority.issue("sbc", dns=("sbc.example.com",))
            assert await ask(door, client_context(named)) == b"SIP/2.0 200 OK\r\n"
        assert {flow.peer_names for flow in flows} == {()}

    run(main())


@pytest.mark.parametrize("mode", ["optional", "required"])
def test_a_certificate_of_a_foreign_authority_is_refused(
    authority: Authority, tmp_path: Path, mode: Any
) -> None:
    async def main() -> None:
        files = replace(authority.issue("srs"), client_certificate=mode)
        foreign = Authority(tmp_path / "foreign", "Another").issue("sbc", dns=("sbc.example.com",))
        async with tls_server(files) as (server, door):
            with contextlib.suppress(OSError):
                assert await ask(door, client_context(foreign)) == b""
            if mode == "required":
                with contextlib.suppress(OSError):
                    assert await ask(door, client_context()) == b""
            await until(lambda: door.failed_handshakes == (2 if mode == "required" else 1))
            assert server.names() == []

    run(main())


def test_the_certificate_of_a_peer_itself_may_be_what_is_trusted(
    authority: Authority, tmp_path: Path
) -> None:
    async def main() -> None:
        pinned = authority.issue("pinned", dns=("sbc.example.com",))
        other = authority.issue("other", dns=("sbc.example.com",))
        files = replace(
            authority.issue("srs"), peers=pinned.certificate, client_certificate="required"
        )
        async with tls_server(files) as (_, door):
            assert await ask(door, client_context(pinned)) == b"SIP/2.0 200 OK\r\n"
            with contextlib.suppress(OSError):
                assert await ask(door, client_context(other)) == b""

    run(main())


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_versions_before_1_2_are_refused(authority: Authority, version: ssl.TLSVersion) -> None:
    async def main() -> None:
        context = client_context()
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = version
        context.maximum_version = version
        async with tls_server(authority.issue("srs")) as (_, door):
            with pytest.raises(OSError):  # noqa: PT011 - an alert, or a closed connection
                await ask(door, context)

    run(main())


def test_a_handshake_that_never_ends_is_cut_off_and_others_go_on(authority: Authority) -> None:
    async def main() -> None:
        async with tls_server(authority.issue("srs"), handshake_s=0.5) as (server, door):
            reader, writer = await asyncio.open_connection(*door.address)
            writer.write(b"\x16\x03\x01\x02\x00\x01")  # a hello begun
            assert await ask(door, client_context()) == b"SIP/2.0 200 OK\r\n"
            with contextlib.suppress(OSError):
                assert await asyncio.wait_for(reader.read(), 10) == b""
            writer.close()
            await until(lambda: door.failed_handshakes == 1)
            assert not door._handshakes
            assert server.names() == ["OptionsReceived"]

    run(main())


def test_handshakes_at_once_are_bounded_in_all_and_for_each_address(authority: Authority) -> None:
    async def main() -> None:
        files = authority.issue("srs")
        async with tls_server(files, max_handshakes=8, max_handshakes_per_address=5) as (_, door):
            opened = [
                await connected(door, source)
                for source in ("127.0.0.1", "127.0.0.2")
                for _ in range(20)
            ]
            await until(lambda: door._handshakes == {"127.0.0.1": 5, "127.0.0.2": 3})
            for one in opened:
                one.close()
            await until(lambda: not door._handshakes)
            assert await ask(door, client_context()) == b"SIP/2.0 200 OK\r\n"

    run(main())


def test_a_flood_of_handshakes_leaves_some_to_those_who_are_known(authority: Authority) -> None:
    async def main() -> None:
        files = authority.issue("srs")
        knows = "127.0.0.1".__eq__
        async with tls_server(files, max_handshakes=8, knows=knows) as (_, door):
            flood = [await connected(door, "127.0.0.2") for _ in range(20)]
            await until(lambda: door._handshakes == {"127.0.0.2": 6})
            assert await ask(door, client_context()) == b"SIP/2.0 200 OK\r\n"
            for one in flood:
                one.close()
            await until(lambda: not door._handshakes)

    run(main())


def test_who_has_all_his_connections_gets_no_handshake(authority: Authority) -> None:
    async def main() -> None:
        async with tls_server(authority.issue("srs"), max_per_address=2) as (_, door):
            held = [
                await asyncio.open_connection(*door.address, ssl=client_context()) for _ in range(2)
            ]
            await until(lambda: len(door._by_id) == 2)
            with pytest.raises(OSError):  # noqa: PT011 - a reset, or the end, of a handshake
                await ask(door, client_context())
            assert door.failed_handshakes == 0, "it was closed before"
            for _, writer in held:
                writer.close()
            await until(lambda: not door._by_id)
            assert await ask(door, client_context()) == b"SIP/2.0 200 OK\r\n"

    run(main())


def test_plain_sip_and_noise_on_the_tls_port_harm_nobody(authority: Authority) -> None:
    async def main() -> None:
        async with tls_server(authority.issue("srs")) as (server, door):
            for noise in (raw_request("INVITE"), b"\0" * 4000, b"GET / HTTP/1.1\r\n\r\n"):
                reader, writer = await asyncio.open_connection(*door.address)
                writer.write(noise)
                with contextlib.suppress(OSError):
                    await asyncio.wait_for(reader.read(), 10)
                writer.close()
            await until(lambda: door.failed_handshakes == 3)
            assert await ask(door, client_context()) == b"SIP/2.0 200 OK\r\n"
            assert server.names() == ["OptionsReceived"]

    run(main())


def test_new_contexts_are_for_new_connections(authority: Authority) -> None:
    async def main() -> None:
        async with tls_server(authority.issue("first")) as (_, door):
            reader, writer = await asyncio.open_connection(*door.address, ssl=client_context())
            before = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            door.contexts = load_contexts(authority.issue("second"))
            _, other = await asyncio.open_connection(*door.address, ssl=client_context())
            after = other.get_extra_info("ssl_object").getpeercert(binary_form=True)
            assert before != after
            writer.write(raw_request("OPTIONS"))
            assert await asyncio.wait_for(reader.readline(), 10) == b"SIP/2.0 200 OK\r\n"
            writer.close()
            other.close()

    run(main())


def test_files_that_cannot_be_used_say_which(authority: Authority, tmp_path: Path) -> None:
    files, other = authority.issue("srs"), authority.issue("other")
    with pytest.raises(TlsFilesBroken, match=r"other\.key cannot be used: key values mismatch"):
        load_contexts(replace(files, key=other.key))
    with pytest.raises(TlsFilesBroken, match="No such file"):
        load_contexts(replace(files, certificate=tmp_path / "none.crt"))
    nonsense = tmp_path / "nonsense.crt"
    nonsense.write_text("nonsense")
    with pytest.raises(TlsFilesBroken, match=r"nonsense\.crt cannot be used"):
        load_contexts(replace(files, peers=nonsense))
