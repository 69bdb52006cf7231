"""RTCP receiver reports on loopback: what a sender is told, where it is told, and who is not."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from callvault.capture import Receiver
from callvault.rtp.rtcp import ReportBlock, SenderReport
from tests.capture.media import CONFIG, LOOPBACK, Dialog, wait_until
from tests.capture.reporting import PEER, SSRC, Sender, reported, told

pytestmark = pytest.mark.flow

INTERVAL_MS = 200
STRANGER = "127.0.0.9"


@contextmanager
def receiving(
    folder: Path, *, rtcp_reports: bool = True, interval_ms: int = INTERVAL_MS
) -> Iterator[tuple[Receiver, Dialog]]:
    config = replace(CONFIG, rtcp_reports=rtcp_reports)
    with Receiver(
        config, spool_folder=folder, sync_ms=100, report_interval_ms=interval_ms
    ) as receiver:
        yield receiver, Dialog.open(receiver)


def test_a_sender_is_told_what_was_lost_and_when_its_report_came(tmp_path: Path) -> None:
    own = SenderReport(SSRC, 0x0123_4567_89AB_CDEF, 0, 90, 90 * 160)
    with receiving(tmp_path, interval_ms=1000) as (receiver, dialog), Sender() as sender:
        stream = dialog.journal.open_stream(0, allow=LOOPBACK)
        stream.open_reports(is_multiplexed=False, clock_rate_hz=8000)
        sender.send(stream, *(number for number in range(100, 200) if number % 10 != 5))
        wait_until(lambda: stream.counters().packets == 90)
        sender.rtcp.sendto(bytes(own), (PEER, stream.rtcp_port))
        block, from_port = reported(sender.rtcp)
        wait_until(lambda: receiver.stats().reports == 1)
        sender.send(stream, 200)
        later, _ = reported(sender.rtcp)
    assert from_port == stream.rtcp_port
    assert 0 < block.delay_since_sender_report < later.delay_since_sender_report < 5 << 16
    # All came at once: 160 ticks too early each, and 320 where one is missing.
    assert 100 < block.jitter_ticks < 320
    # 10 of 100 are 25/256; the middle of the NTP time is given back.
    first = ReportBlock(SSRC, 25, 10, 199, block.jitter_ticks, 0x4567_89AB, 0)
    assert replace(block, delay_since_sender_report=0) == first
    second = replace(first, fraction_lost=0, highest_sequence=200, jitter_ticks=later.jitter_ticks)
    assert replace(later, delay_since_sender_report=0) == second


def test_reports_go_to_the_port_of_rtp_when_multiplexed(tmp_path: Path) -> None:
    with receiving(tmp_path) as (_, dialog), Sender() as sender:
        stream = dialog.journal.open_stream(0, allow=LOOPBACK)
        stream.open_reports(is_multiplexed=True, clock_rate_hz=8000)
        sender.send(stream, 1, 2, 3)
        assert reported(sender.rtp)[1] == stream.rtp_port
        assert told(sender.rtcp, within_s=0) is None


def test_reports_go_on_in_a_pause(tmp_path: Path) -> None:
    with receiving(tmp_path) as (_, dialog), Sender() as sender:
        stream = dialog.journal.open_stream(0, allow=LOOPBACK)
        stream.open_reports(is_multiplexed=False, clock_rate_hz=8000)
        dialog.journal.pause()
        sender.send(stream, 1, 2, 4)
        block, _ = reported(sender.rtcp)
        assert (block.ssrc, block.cumulative_lost, block.highest_sequence) == (SSRC, 1, 4)
        assert stream.counters().packets == 0


def test_a_sender_without_packets_and_a_stranger_are_told_nothing(tmp_path: Path) -> None:
    with (
        receiving(tmp_path) as (receiver, dialog),
        Sender() as sender,
        Sender(STRANGER) as stranger,
    ):
        stream = dialog.journal.open_stream(0, allow=[PEER])
        stream.open_reports(is_multiplexed=False, clock_rate_hz=8000)
        stranger.send(stream, *range(100))
        sender.send(stream, 1, 2, 3)
        reported(sender.rtcp)
        wait_until(lambda: stream.counters().dropped_foreign == 100)
        # Three intervals and a half: reports were due to whoever could have them.
        assert told(sender.rtcp, within_s=0.7) is None
        assert told(stranger.rtcp, within_s=0) is None
        assert told(stranger.rtp, within_s=0) is None
        assert receiver.stats().reports == 1


@pytest.mark.parametrize("how", ["setting", "never opened", "closed"])
def test_nothing_is_sent_unless_it_is_wanted(tmp_path: Path, how: str) -> None:
    with (
        receiving(tmp_path, rtcp_reports=how != "setting") as (receiver, dialog),
        Sender() as sender,
    ):
        stream = dialog.journal.open_stream(0, allow=LOOPBACK)
        if how != "never opened":
            stream.open_reports(is_multiplexed=False, clock_rate_hz=8000)
        if how == "closed":
            stream.close_reports()
        sender.send(stream, *range(20))
        wait_until(lambda: stream.counters().packets == 20)
        assert told(sender.rtcp, within_s=0.7) is None
        assert (receiver.stats().reports, receiver.stats().report_errors) == (0, 0)


def test_on_a_socket_of_both_families_reports_go_to_ipv4(tmp_path: Path) -> None:
    config = replace(CONFIG, bind_address="::")
    with (
        Receiver(
            config, spool_folder=tmp_path, sync_ms=100, report_interval_ms=INTERVAL_MS
        ) as receiver,
        Sender() as sender,
    ):
        stream = Dialog.open(receiver).journal.open_stream(0, allow=LOOPBACK)
        stream.open_reports(is_multiplexed=False, clock_rate_hz=8000)
        sender.send(stream, 1, 2, 3)
        assert reported(sender.rtcp)[0].highest_sequence == 3
