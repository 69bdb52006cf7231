"""Receiver reports of a running recorder: by what was negotiated, and after a restart."""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from callvault.capture import Receiver
from tests.capture.reporting import Sender, reported, told
from tests.flows.recorder_node import RunningRecorder, Src, media_ports
from tests.flows.test_recorder_restart import Restarted
from tests.recorder.bodies import ANN, MULTIPART, REMOTE, both, metadata, sdp
from tests.recorder.test_session_srtp import KEYS, secured

pytestmark = pytest.mark.flow

PLAIN = sdp(address="127.0.0.1")
MULTIPLEXED = PLAIN.replace(b"a=label", b"a=rtcp-mux\r\na=label")


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    often = partial(Receiver, report_interval_ms=200)
    monkeypatch.setattr("callvault.recorder.run.Receiver", often)


def call(recorder: RunningRecorder, offer: bytes, then: Callable[[int, Sender], None]) -> None:
    """Place a call, do something with the first media port of its answer, hang up."""

    async def place() -> None:
        async with Src(recorder, "udp") as src:
            dialog_id, answer = await src.call(both(offer, metadata(ANN, REMOTE)), MULTIPART)
            with Sender() as sender:
                await asyncio.to_thread(then, media_ports(answer.body)[0], sender)
            await src.hang_up(dialog_id)

    asyncio.run(place())


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[RunningRecorder]:
    with RunningRecorder(tmp_path) as running:
        yield running


def test_the_sender_of_plain_rtp_is_sent_reports_from_the_rtcp_port(
    recorder: RunningRecorder,
) -> None:
    def speak(port: int, sender: Sender) -> None:
        sender.send(port, 1, 2, 4)
        block, from_port = reported(sender.rtcp)
        assert (block.cumulative_lost, block.highest_sequence, from_port) == (1, 4, port + 1)

    call(recorder, PLAIN, speak)


def test_reports_are_multiplexed_where_that_was_negotiated(recorder: RunningRecorder) -> None:
    def speak(port: int, sender: Sender) -> None:
        sender.send(port, 1, 2, 3)
        assert reported(sender.rtp)[1] == port

    call(recorder, MULTIPLEXED, speak)


def test_the_sender_of_srtp_is_sent_no_report(recorder: RunningRecorder) -> None:
    def speak(port: int, sender: Sender) -> None:
        sender.send(port, *range(20))
        assert told(sender.rtcp, within_s=1) is None
        assert told(sender.rtp, within_s=0) is None

    call(recorder, secured(PLAIN, *KEYS[:2]), speak)


def test_reports_go_on_after_a_restart(tmp_path: Path) -> None:
    node = Restarted(tmp_path)

    def speak(port: int, sender: Sender) -> None:
        sender.send(port, 1, 2, 3)
        assert reported(sender.rtp)[1] == port
        node.restart()
        sender.send(port, 70, 71, 72)
        block, from_port = reported(sender.rtp)
        assert (block.highest_sequence, block.cumulative_lost, from_port) == (72, 0, port)

    with node.first:
        call(node.first, MULTIPLEXED, speak)
    node.second.stop()
