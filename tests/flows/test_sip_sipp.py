"""A foreign client at our server: Debian's sipp, with scenarios of ours, on loopback."""

import asyncio
import hashlib
import shutil
import socket
import time
from collections import Counter
from collections.abc import Coroutine
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import uvloop

from callvault.config.sections import SipConfig
from callvault.policy.snapshot import Snapshot, Trunk
from callvault.sip import AgentSettings, Credentials, HostPort
from callvault.sip.sockets import has_ipv6, shown
from callvault.spool.entries import DialogEnded
from tests.flows.answering_server import AnsweringServer, answering_server
from tests.flows.lossy_relay import LossyRelay
from tests.flows.recorder_node import RunningRecorder, wait_until

SCENARIOS = Path(__file__).parent / "sipp"
CALL = ["InviteReceived", "AckReceived", "ByeReceived", "DialogEnded"]
SIPP = shutil.which("sipp")
BOTH_FAMILIES = Snapshot(
    revision=1, trunks=(Trunk(UUID(int=2), "This machine", ("127.0.0.1", "::1")),)
)

pytestmark = [
    pytest.mark.flow,
    pytest.mark.skipif(SIPP is None, reason="sipp is missing: apt install sip-tester"),
]


def run(main: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def sipp(
    server: AnsweringServer | None,
    scenario: str,
    folder: Path,
    *options: str,
    over: str = "udp",
    at: HostPort | None = None,
) -> None:
    """Run one scenario to its end; fail with what sipp says when it fails."""
    assert SIPP is not None
    if server is not None and at is None:
        at = server.udp.address if over == "udp" else server.tcp.address
    assert at is not None
    address = at
    mode, kind = ("u1", socket.SOCK_DGRAM) if over == "udp" else ("t1", socket.SOCK_STREAM)
    process = await asyncio.create_subprocess_exec(
        *(SIPP, shown(address), "-sf", str(SCENARIOS / f"{scenario}.xml")),
        *("-t", mode, "-i", address[0], "-p", str(free_port(kind)), "-nostdin"),
        *("-timeout", "60", "-timeout_error", "-trace_err", "-error_file", "errors.log"),
        *(options or ("-m", "1")),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    log = folder / "errors.log"
    errors = log.read_text(errors="replace") if log.exists() else ""
    assert process.returncode == 0, f"{errors}\n{output.decode(errors='replace')[-3000:]}"


@pytest.mark.parametrize("over", ["udp", "tcp"])
@pytest.mark.parametrize(
    ("scenario", "expected"),
    [
        ("basic_call", CALL),
        (
            "reinvite_update_options",
            [
                *("InviteReceived", "AckReceived", "ReinviteReceived", "AckReceived"),
                *("UpdateReceived", "InfoReceived", "ByeReceived", "DialogEnded"),
            ],
        ),
        ("bye_with_lower_cseq", CALL),
        (
            "invite_without_offer",
            [
                *("InviteReceived", "AckReceived", "ReinviteReceived", "AckReceived"),
                *("ByeReceived", "DialogEnded"),
            ],
        ),
        (
            "glare",
            [
                *("InviteReceived", "AckReceived", "ReinviteReceived", "AckReceived"),
                *("ByeReceived", "DialogEnded"),
            ],
        ),
        ("cancel_after_answer", CALL),
        ("options", ["OptionsReceived"]),
    ],
)
def test_a_client_is_served(over: str, scenario: str, expected: list[str], tmp_path: Path) -> None:
    async def main() -> None:
        async with answering_server() as server:
            await sipp(server, scenario, tmp_path, over=over)
            assert server.names() == expected
            assert server.agent.dialog_count == 0

    run(main())


@pytest.mark.parametrize("scenario", ["invite_repeated_after_200", "late_ack"])
def test_repetitions_make_no_second_call(scenario: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with answering_server() as server:
            await sipp(server, scenario, tmp_path)
            assert server.names() == CALL

    run(main())


@pytest.mark.parametrize("loses", [b"INVITE", b"SIP/2.0 100", b"SIP/2.0 200", b"ACK", b"BYE"])
def test_a_loss_on_the_way_is_made_good(loses: bytes, tmp_path: Path) -> None:
    async def main() -> None:
        async with answering_server() as server:
            relay = LossyRelay(server.udp.address, loses)
            address = await relay.open()
            try:
                options = ("-m", "1", "-d", "1500")
                await sipp(server, "basic_call", tmp_path, *options, at=address)
            finally:
                relay.close()
            assert len(relay.lost) == 1
            assert server.names() == CALL

    run(main())


@pytest.mark.parametrize("over", ["udp", "tcp"])
def test_a_cancel_before_the_answer_is_followed(over: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with answering_server(answer_after_s=5) as server:
            await sipp(server, "cancel_before_answer", tmp_path, over=over)
            assert server.names() == ["InviteReceived", "InviteCancelled", "DialogEnded"]

    run(main())


@pytest.mark.parametrize("over", ["udp", "tcp"])
def test_a_client_proves_that_it_knows_the_password(over: str, tmp_path: Path) -> None:
    known = hashlib.md5(b"sbc:callvault:open-sesame", usedforsecurity=False).hexdigest()

    async def main() -> None:
        credentials = Credentials("sbc", "callvault", ha1_md5=known)
        async with answering_server(credentials=credentials) as server:
            await sipp(server, "digest", tmp_path, over=over)
            assert server.names() == CALL

    run(main())


@pytest.mark.parametrize("over", ["udp", "tcp"])
def test_an_offer_that_comes_while_another_waits_is_put_off(over: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with answering_server(answer_after_s=0.5) as server:
            await sipp(server, "offer_while_another_waits", tmp_path, over=over)
            assert server.names() == [
                *("InviteReceived", "AckReceived", "ReinviteReceived", "AckReceived"),
                *("ByeReceived", "DialogEnded"),
            ]

    run(main())


def test_a_node_that_takes_no_calls_says_so_to_keep_alives(tmp_path: Path) -> None:
    async def main() -> None:
        async with answering_server() as server:
            server.agent.unavailable = "draining"
            await sipp(server, "options_refused", tmp_path)

    run(main())


@pytest.mark.parametrize(
    ("scenario", "last"),
    [
        ("session_timer_too_small", "RequestRefused"),
        ("session_timer_refreshed_by_us", "DialogEnded"),
        ("session_refreshed_by_peer", "DialogEnded"),
        ("refresh_of_ours_meets_491", "DialogEnded"),
        ("session_timer_runs_out", "DialogEnded"),
    ],
)
def test_session_timers_are_kept(scenario: str, last: str, tmp_path: Path) -> None:
    async def main() -> None:
        settings = AgentSettings(min_session_expires_s=4)
        async with answering_server(settings=settings) as server:
            # Over TCP: a repetition, due after half a second on a busy machine, would be taken for
            # the next request that the scenario waits for.
            await sipp(server, scenario, tmp_path, over="tcp")
            assert server.names()[-1] == last
            expired = "SessionExpired" in server.names()
            assert expired is (scenario == "session_timer_runs_out")

    run(main())


@pytest.mark.parametrize("over", ["udp", "tcp"])
def test_200_calls_a_second_are_all_served(over: str, tmp_path: Path) -> None:
    calls = 800

    async def main() -> None:
        async with answering_server() as server:
            began = time.process_time()
            options = ("-m", str(calls), "-r", "200", "-l", "2000")
            await sipp(server, "basic_call", tmp_path, *options, over=over)
            used_ms = (time.process_time() - began) * 1000
            print(f"{used_ms / calls:.2f} ms CPU a call over {over}")
            counted = Counter(server.names())
            assert counted == Counter(
                dict.fromkeys(
                    ("InviteReceived", "AckReceived", "ByeReceived", "DialogEnded"), calls
                )
            )

    run(main())


@pytest.mark.parametrize("over", ["udp", "tcp"])
@pytest.mark.parametrize(
    ("scenario", "calls"),
    [
        ("basic_call", 1),
        ("reinvite_update_options", 1),
        ("bye_with_lower_cseq", 1),
        ("invite_without_offer", 1),
        ("glare", 1),
        ("cancel_after_answer", 1),
        ("options", 0),
    ],
)
def test_a_whole_recorder_keeps_one_journal_a_call(
    over: str, scenario: str, calls: int, tmp_path: Path
) -> None:
    with RunningRecorder(tmp_path / "node") as recorder:
        assert recorder.addresses is not None
        address = recorder.addresses.udp if over == "udp" else recorder.addresses.tcp
        run(sipp(None, scenario, tmp_path, over=over, at=address))
        wait_until(lambda: all(one.ended for one in recorder.journals()))
        assert len(recorder.journals()) == calls
        ends = [one.of(DialogEnded)[0] for one in recorder.journals()]
        assert [getattr(end, "reason", "") for end in ends] == ["bye"] * calls


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
@pytest.mark.parametrize("over", ["udp", "tcp"])
@pytest.mark.parametrize("scenario", ["basic_call", "invite_without_offer"])
def test_a_client_calls_over_ipv6(over: str, scenario: str, tmp_path: Path) -> None:
    settings = SipConfig(bind_address="::", port=0, tls=False)
    with RunningRecorder(tmp_path / "node", BOTH_FAMILIES, sip=settings) as recorder:
        assert recorder.addresses is not None
        at = ("::1", recorder.addresses.udp[1])
        run(sipp(None, scenario, tmp_path, over=over, at=at))
        wait_until(lambda: [one.ended for one in recorder.journals()] == [True])
        assert recorder.journals()[0].header.peer.startswith("[::1]:")
