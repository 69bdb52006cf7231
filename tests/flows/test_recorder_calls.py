"""Whole calls against a running recorder: SIP, RTP, and the journal on disk read back."""

import asyncio
from pathlib import Path

import pytest

from callvault import sip
from callvault.policy.decision import Verdict
from callvault.spool.entries import (
    Decided,
    DialogEnded,
    MetadataSeen,
    SignallingSeen,
    StreamsChanged,
    TimelineEvent,
)
from tests.flows.recorder_node import (
    RunningRecorder,
    Src,
    media_ports,
    send_rtp,
    wait_until,
)
from tests.recorder.bodies import ANN, BOB, METADATA, MULTIPART, REMOTE, both, metadata, sdp

pytestmark = pytest.mark.flow

CALL = both(sdp(), metadata(ANN, REMOTE))


def _timeline(events: list[object]) -> list[str]:
    return [one.kind for one in events if isinstance(one, TimelineEvent)]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_whole_call_is_in_its_journal(tmp_path: Path, transport: str) -> None:
    with RunningRecorder(tmp_path) as recorder:
        sent = asyncio.run(_hold_resume_and_end(recorder, transport))
        wait_until(lambda: all(one.ended for one in recorder.journals()))
        (journal,) = recorder.journals()
    assert (journal.header.node, journal.header.transport) == ("node-1", transport)
    assert set(journal.packets) == sent
    assert len(journal.packets) == len(sent)
    assert [one.raw for one in journal.events if isinstance(one, MetadataSeen)] == [
        metadata(ANN, REMOTE),
        metadata(ANN, BOB),
    ]
    assert _timeline(list(journal.events)) == [
        "answered",
        "held",
        "resumed",
        "transferred",
        "ended",
    ]
    streams = [one.streams for one in journal.events if isinstance(one, StreamsChanged)]
    assert [[line.active for line in one] for one in streams] == [
        [True, True],
        [True, False],
        [True, True],
    ]
    decided = [one for one in journal.events if isinstance(one, Decided)]
    assert decided[-1].decision.verdict is Verdict.RECORDED
    assert decided[-1].decision.assignments[0].owner_streams == (0,)
    ids = {one.recording_id for event in decided for one in event.decision.assignments}
    assert len(ids) == 1
    assert isinstance(journal.events[-1], DialogEnded)
    assert journal.events[-1].reason == "bye"


async def _hold_resume_and_end(recorder: RunningRecorder, transport: str) -> set[tuple[int, bytes]]:
    async with Src(recorder, transport) as src:
        dialog_id, answer = await src.call(CALL, MULTIPART)
        assert answer.status == 200
        assert "+sip.srs" in (answer.headers.first("contact") or "")
        assert answer.content_type.value == "application/sdp"
        ports = media_ports(answer.body)
        sent = send_rtp(ports, 50)
        src.request(dialog_id, "INVITE", sdp("sendonly", "inactive"), "application/sdp")
        assert b"a=inactive" in (await src.final(dialog_id)).body
        sent |= send_rtp(ports[:1], 10, first=50)
        src.request(dialog_id, "INVITE", sdp(), "application/sdp")
        assert media_ports((await src.final(dialog_id)).body) == ports
        src.request(dialog_id, "UPDATE", metadata(ANN, BOB), METADATA)
        assert (await src.final(dialog_id, "UPDATE")).body == b""
        sent |= send_rtp(ports, 50, first=60)
        await src.hang_up(dialog_id)
        return sent


def test_the_signalling_of_a_call_is_in_its_journal_in_order(tmp_path: Path) -> None:
    async def call(recorder: RunningRecorder) -> None:
        async with Src(recorder) as src:
            dialog_id, _ = await src.call(CALL, MULTIPART)
            await src.hang_up(dialog_id)

    with RunningRecorder(tmp_path) as recorder:
        asyncio.run(call(recorder))
        wait_until(lambda: all(one.ended for one in recorder.journals()))
        (journal,) = recorder.journals()
    seen = [
        (one.sent, one.raw.split(b" ")[0:2])
        for one in journal.events
        if isinstance(one, SignallingSeen)
    ]
    assert [(sent, words[1] if sent else words[0]) for sent, words in seen] == [
        (False, b"INVITE"),
        (True, b"100"),
        (True, b"200"),
        (False, b"ACK"),
        (False, b"BYE"),
        (True, b"200"),
    ]


def test_bodies_that_make_no_sense_never_stop_another_call(tmp_path: Path) -> None:
    nonsense = [
        (b"", ""),
        (b"\xff\x00" * 500, "application/sdp"),
        (both(b"m=\r\nm=audio\r\n", b"<recording"), MULTIPART),
        (both(sdp(), b"<!DOCTYPE a><recording/>"), MULTIPART),
        (b"--x" * 3000, "multipart/mixed;boundary=x"),
        (CALL, "multipart/mixed"),
    ]

    async def calls(recorder: RunningRecorder) -> list[int]:
        async with Src(recorder) as src:
            good, _ = await src.call(CALL, MULTIPART)
            answers = [await src.call(*one) for one in nonsense]
            src.request(good, "UPDATE", b"<<<", METADATA)
            assert (await src.final(good, "UPDATE")).status == 200
            src.request(good, "INVITE", b"v=9", "application/sdp")
            assert (await src.final(good)).status == 488
            for dialog_id, answer in answers:
                if answer.status == 200:
                    await src.hang_up(dialog_id)
            await src.hang_up(good)
            return [answer.status for _, answer in answers]

    with RunningRecorder(tmp_path) as recorder:
        statuses = asyncio.run(calls(recorder))
        wait_until(lambda: all(one.ended for one in recorder.journals()))
        journals = recorder.journals()
    assert statuses == [200, 488, 488, 200, 200, 200]
    assert all(isinstance(one.events[-1], DialogEnded) for one in journals)
    assert len(journals) == 5


def test_a_call_that_is_taken_back_is_answered_or_cancelled_and_leaves_nothing_open(
    tmp_path: Path,
) -> None:
    async def cancel(recorder: RunningRecorder) -> int:
        async with Src(recorder) as src:
            dialog_id = src.invite(CALL, MULTIPART)
            src.client.cancel(dialog_id, now=src.pump.now)
            src.pump.flush()
            answer = await src.final(dialog_id)
            if answer.status == 200:  # it was answered before the CANCEL came
                await src.hang_up(dialog_id)
            return answer.status

    with RunningRecorder(tmp_path) as recorder:
        status = asyncio.run(cancel(recorder))
        wait_until(lambda: all(one.ended for one in recorder.journals()))
        journals = recorder.journals()
    assert (status, len(journals)) in ((200, 1), (487, 0))


def test_when_the_recorder_stops_it_ends_calls_by_bye_and_closes_their_journals(
    tmp_path: Path,
) -> None:
    async def call(recorder: RunningRecorder) -> sip.Request:
        async with Src(recorder) as src:
            dialog_id, _ = await src.call(CALL, MULTIPART)
            stopping = asyncio.get_running_loop().run_in_executor(None, recorder.stop)
            request = await src.peer_request(dialog_id)
            await stopping
            return request

    recorder = RunningRecorder(tmp_path)
    with recorder:
        assert asyncio.run(call(recorder)).method == "BYE"
    (journal,) = recorder.journals()
    assert journal.ended
    ended = journal.events[-1]
    assert isinstance(ended, DialogEnded)
    assert (ended.reason, ended.by_us) == ("shutdown", True)
