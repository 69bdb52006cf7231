"""What a running recorder does besides calls: strangers, room, policy, its own events."""

import asyncio
import json
import socket
from pathlib import Path

import msgspec
import pytest

from callvault import sip
from callvault.config.sections import CapacityConfig, CaptureConfig, SpoolConfig
from callvault.policy.decision import Verdict
from callvault.policy.snapshot import Person, Snapshot, encode
from callvault.recorder import HEARTBEAT_FILE, SNAPSHOT_FILE
from callvault.spool.entries import CallVerdict, NodeEvent, PeerAttempt
from tests.flows.recorder_node import (
    SNAPSHOT,
    RunningRecorder,
    Src,
    media_ports,
    send_rtp,
    wait_until,
)
from tests.recorder.bodies import ANN, MULTIPART, REMOTE, both, metadata, sdp

pytestmark = pytest.mark.flow

CALL = both(sdp(), metadata(ANN, REMOTE))


def _kinds(recorder: RunningRecorder) -> list[str]:
    return [one.kind for one in recorder.node_events() if isinstance(one, NodeEvent)]


def _verdicts(recorder: RunningRecorder) -> list[CallVerdict]:
    """Read the verdicts; the first may reach the disk a moment after its answer is out."""

    def told() -> list[CallVerdict]:
        return [one for one in recorder.node_events() if isinstance(one, CallVerdict)]

    wait_until(lambda: told() != [])
    return told()


def _call(recorder: RunningRecorder) -> sip.Response:
    async def call() -> sip.Response:
        async with Src(recorder) as src:
            dialog_id, answer = await src.call(CALL, MULTIPART)
            if answer.status == 200:
                await src.hang_up(dialog_id)
            return answer

    return asyncio.run(call())


def _options(recorder: RunningRecorder) -> int:
    async def ask() -> int:
        async with Src(recorder) as src:
            return (await src.final(src.options(), "OPTIONS")).status

    return asyncio.run(ask())


def test_start_and_stop_are_events_of_the_node(tmp_path: Path) -> None:
    recorder = RunningRecorder(tmp_path)
    with recorder:
        assert recorder.addresses is not None
        assert recorder.addresses.udp == recorder.addresses.tcp
    assert _kinds(recorder)[0] == "started"
    assert _kinds(recorder)[-1] == "stopped"
    assert all(one.ended for one in recorder.journals(events=True))


def test_a_stranger_gets_no_answer_and_leaves_an_attempt(tmp_path: Path) -> None:
    nobody = msgspec.structs.replace(SNAPSHOT, trunks=())
    with RunningRecorder(tmp_path, snapshot=nobody) as recorder:
        assert recorder.addresses is not None
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.bind(("127.0.0.1", 0))
            stranger.settimeout(0.5)
            stranger.sendto(_OPTIONS, recorder.addresses.udp)
            with pytest.raises(TimeoutError):
                stranger.recv(100)
            port = stranger.getsockname()[1]
        attempts = [one for one in recorder.node_events() if isinstance(one, PeerAttempt)]
    assert [(one.peer_address, one.peer_port, one.method) for one in attempts] == [
        ("127.0.0.1", port, "OPTIONS")
    ]
    assert attempts[0].user_agent == "scanner"


_OPTIONS = (
    b"OPTIONS sip:100@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5999;branch=z9hG4bKx\r\n"
    b"From: <sip:x@127.0.0.1>;tag=1\r\nTo: <sip:100@127.0.0.1>\r\nCall-ID: x\r\n"
    b"CSeq: 1 OPTIONS\r\nUser-Agent: scanner\r\nContent-Length: 0\r\n\r\n"
)


def test_when_ports_run_out_calls_get_503_and_the_refusal_is_kept(tmp_path: Path) -> None:
    few = CaptureConfig(
        bind_address="127.0.0.1", port_first=21000, port_last=21002, socket_buffer_bytes=131_072
    )

    async def two_calls(recorder: RunningRecorder) -> list[sip.Response]:
        async with Src(recorder) as src:
            first, answer = await src.call(CALL, MULTIPART)
            _, refused = await src.call(CALL, MULTIPART)
            options = await src.final(src.options(), "OPTIONS")
            await src.hang_up(first)
            return [answer, refused, options]

    with RunningRecorder(tmp_path, capture=few) as recorder:
        answers = asyncio.run(two_calls(recorder))
        assert [one.status for one in answers] == [200, 503, 503]
        assert answers[1].headers.first("retry-after") is not None
        assert len(recorder.journals()) == 1
        (verdict,) = _verdicts(recorder)
        assert (verdict.verdict, verdict.sip_status) == (Verdict.REFUSED, 503)
        assert verdict.decision.steps[1].values == {"reason": "ports"}
        assert "ports_exhausted" in _kinds(recorder)
        wait_until(lambda: _options(recorder) == 200)


def test_at_twice_the_capacity_accepted_calls_lose_no_packet(tmp_path: Path) -> None:
    async def twice_as_many(recorder: RunningRecorder) -> tuple[list[int], set[tuple[int, bytes]]]:
        async with Src(recorder) as src:
            calls = [src.invite(CALL, MULTIPART) for _ in range(8)]
            answers = [await src.final(one) for one in calls]
            ports = [port for one in answers for port in media_ports(one.body)]
            assert answers[-1].headers.first("retry-after") == "30"
            assert (await src.final(src.options(), "OPTIONS")).status == 503
            sent = await asyncio.to_thread(send_rtp, ports, 50)
            for call, answer in zip(calls, answers, strict=True):
                if answer.status == 200:
                    await src.hang_up(call)
            return [one.status for one in answers], sent

    with RunningRecorder(tmp_path, capacity=CapacityConfig(max_calls=4)) as recorder:
        statuses, sent = asyncio.run(twice_as_many(recorder))
        assert statuses == [200] * 4 + [503] * 4
        wait_until(lambda: all(one.ended for one in recorder.journals()))
        kept = [packet for one in recorder.journals() for _, packet in one.packets]
        assert sorted(kept) == sorted(packet for _, packet in sent)
        reasons = [one.decision.steps[1].values for one in _verdicts(recorder)]
        assert reasons == [{"reason": "calls"}] * 4
        assert _options(recorder) == 200


def test_without_free_disk_calls_and_options_get_503(tmp_path: Path) -> None:
    full = SpoolConfig(min_free_bytes=1 << 60)
    with RunningRecorder(tmp_path, spool=full) as recorder:
        assert _options(recorder) == 503
        assert _call(recorder).status == 503
        assert recorder.journals() == []
        assert _verdicts(recorder)[0].decision.steps[1].values == {"reason": "spool"}
        assert "disk_low" in _kinds(recorder)


def test_a_change_of_policy_is_in_force_and_in_the_file_within_two_seconds(tmp_path: Path) -> None:
    with RunningRecorder(tmp_path, snapshot=Snapshot(revision=1)) as recorder:
        recorder.snapshot = msgspec.structs.replace(SNAPSHOT, revision=2)
        wait_until(lambda: b'"revision":2' in _read(tmp_path / SNAPSHOT_FILE))
        assert _call(recorder).status == 200


def test_without_catalogue_the_recorder_starts_from_its_file(tmp_path: Path) -> None:
    (tmp_path / SNAPSHOT_FILE).write_bytes(encode(SNAPSHOT))
    with RunningRecorder(tmp_path, load_fails=True) as recorder:
        assert _call(recorder).status == 200
        wait_until(lambda: "policy_unreachable" in _kinds(recorder))
        recorder.load_fails = False
        wait_until(lambda: "policy_recovered" in _kinds(recorder))


def test_the_heartbeat_says_that_it_runs(tmp_path: Path) -> None:
    with RunningRecorder(tmp_path) as recorder:
        assert recorder.addresses is not None
        wait_until(lambda: (tmp_path / HEARTBEAT_FILE).exists())
        beat = json.loads((tmp_path / HEARTBEAT_FILE).read_text())
        assert (beat["calls"], beat["sip"]) == (0, f"udp/tcp {recorder.addresses.udp[1]}")


def test_a_call_of_nobody_is_journalled_and_its_last_word_is_discarded(tmp_path: Path) -> None:
    someone = Person(SNAPSHOT.people[0].user_id, "x", "X", "9999")
    nobody = msgspec.structs.replace(SNAPSHOT, people=(someone,))
    with RunningRecorder(tmp_path, snapshot=nobody) as recorder:
        assert _call(recorder).status == 200
        wait_until(lambda: all(one.ended for one in recorder.journals()))
        (journal,) = recorder.journals()
    decided = [one for one in journal.events if type(one).__name__ == "Decided"]
    assert decided[-1].decision.verdict is Verdict.DISCARDED  # type: ignore[union-attr]


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""
