"""Real datagrams on loopback, from the socket to the journal and back."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import msgspec
import pytest

from callvault import clock
from callvault.capture import Receiver, StreamCounters
from callvault.config.sections import CaptureConfig
from callvault.errors import CaptureError, ConfigError, PortsExhausted, SpoolError
from callvault.spool import JournalWriter, PacketsBlock, has_end, scan
from callvault.spool.entries import TimelineEvent
from tests.capture.media import (
    CONFIG,
    ENVELOPE,
    LOOPBACK,
    Dialog,
    journal_id_of,
    read,
    rtcp,
    rtp,
    udp_socket,
    wait_until,
)

pytestmark = pytest.mark.flow


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with Receiver(CONFIG, spool_folder=tmp_path, sync_ms=100) as receiver:
        yield receiver


def test_every_packet_is_kept_with_its_sender_and_its_arrival(receiver: Receiver) -> None:
    dialog = Dialog.open(receiver)
    streams = [dialog.journal.open_stream(index, allow=LOOPBACK) for index in range(2)]
    before_ns = clock.read().realtime_ns
    with udp_socket() as sender:
        for number in range(1000):
            for stream in streams:
                sender.sendto(rtp(number), ("127.0.0.1", stream.rtp_port))
            if number % 100 == 99:  # no more than a socket buffer holds
                wait_until(lambda: streams[1].counters().packets > number)  # noqa: B023
        sent_from = sender.getsockname()
    dialog.journal.close()
    content = dialog.read()
    assert content.ended
    for stream in streams:
        own = [packet for packet in content.packets if packet.stream == stream.index]
        assert [packet.datagram for packet in own] == [rtp(number) for number in range(1000)]
        arrivals = [packet.arrival_ns for packet in own]
        assert arrivals == sorted(arrivals)
        assert before_ns <= arrivals[0] <= arrivals[-1] <= clock.read().realtime_ns
    senders = {source for block in content.blocks for source in block.sources.values()}
    assert senders == {(ip_address(sent_from[0]), sent_from[1])}


def test_rtcp_is_kept_on_its_own_port_and_multiplexed(receiver: Receiver) -> None:
    dialog = Dialog.open(receiver)
    stream = dialog.journal.open_stream(7, allow=LOOPBACK)
    assert (stream.rtp_port % 2, stream.rtcp_port) == (0, stream.rtp_port + 1)
    with udp_socket() as sender:
        sender.sendto(rtcp(), ("127.0.0.1", stream.rtp_port))
        sender.sendto(rtcp(), ("127.0.0.1", stream.rtcp_port))
        sender.sendto(rtp(1), ("127.0.0.1", stream.rtp_port))
    dialog.journal.close()
    # In order on each socket only: a sweep may pass between two of the packets.
    kept = sorted((packet.stream, packet.is_rtcp) for packet in dialog.read().packets)
    assert kept == [(7, False), (7, True), (7, True)]
    counters = stream.counters()
    assert (counters.packets, counters.rtcp_packets, counters.ssrcs) == (1, 2, (0x5EED,))


def test_noise_and_strangers_are_counted_and_not_kept(receiver: Receiver) -> None:
    dialog = Dialog.open(receiver)
    stream = dialog.journal.open_stream(0, allow=["127.0.0.2/32"])
    with udp_socket("127.0.0.2") as friend, udp_socket("127.0.0.3") as stranger:
        stranger.sendto(rtp(1), ("127.0.0.1", stream.rtp_port))
        for noise in (b"", b"\0", b"\x16\xfe\xfd" + bytes(30), bytes(5000)):
            friend.sendto(noise, ("127.0.0.1", stream.rtp_port))
    dialog.journal.close()
    assert dialog.read().entries == []
    assert stream.counters() == StreamCounters(
        packets=0,
        bytes=0,
        rtcp_packets=0,
        dropped_paused=0,
        dropped_unkept=0,
        dropped_foreign=1,
        dropped_invalid=4,
        dropped_sources=0,
        dropped_unwritten=0,
        dropped_kernel=0,
        last_arrival_ns=0,
        ssrcs=(),
        sources=0,
        peak_dbfs=None,
    )


def test_a_pause_leaves_no_byte_of_what_came_in_it(receiver: Receiver) -> None:
    dialog = Dialog.open(receiver)
    stream = dialog.journal.open_stream(0, allow=LOOPBACK)
    spoken, secret = b"\x11" * 160, b"card number 4111" * 10
    with udp_socket() as sender:
        port = ("127.0.0.1", stream.rtp_port)
        for number in range(0, 30, 3):
            sender.sendto(rtp(number, spoken), port)
            dialog.journal.pause()
            assert dialog.journal.is_paused
            sender.sendto(rtp(number + 1, secret), port)
            sender.sendto(rtp(number + 1, secret), ("127.0.0.1", stream.rtcp_port))
            dialog.journal.resume()
            sender.sendto(rtp(number + 2, spoken), port)
    dialog.journal.close()
    content = dialog.read()
    kept = [number for number in range(30) if number % 3 != 1]
    assert [packet.datagram for packet in content.packets] == [rtp(n, spoken) for n in kept]
    assert secret[:16] not in b"".join(bytes(block) for block in content.blocks)
    assert stream.counters().dropped_paused == 20


def test_what_came_before_a_pause_is_in_the_file_when_it_returns(receiver: Receiver) -> None:
    dialog = Dialog.open(receiver)
    stream = dialog.journal.open_stream(0, allow=LOOPBACK)
    with udp_socket() as sender:
        sender.sendto(rtp(1), ("127.0.0.1", stream.rtp_port))
        dialog.journal.pause()
    assert [packet.datagram for packet in dialog.read().packets] == [rtp(1)]


def test_the_native_writer_writes_what_the_pure_one_writes(
    receiver: Receiver, tmp_path: Path
) -> None:
    dialog = Dialog.open(receiver)
    dialog.journal.append(msgspec.json.encode(TimelineEvent(at_ns=1, kind="answered")))
    stream = dialog.journal.open_stream(0, allow=LOOPBACK)
    with udp_socket() as sender:
        sender.sendto(rtp(1), ("127.0.0.1", stream.rtp_port))
        sender.sendto(rtcp(), ("127.0.0.1", stream.rtcp_port))
    dialog.journal.append_durably(msgspec.json.encode(TimelineEvent(at_ns=2, kind="ended")))
    dialog.journal.close()
    twin = tmp_path / "twin"
    with JournalWriter.create(
        twin, key=dialog.key, envelope=ENVELOPE, header=dialog.header
    ) as writer:
        for entry in dialog.read().entries:
            if isinstance(entry, PacketsBlock):
                writer.append_packets(entry)
            else:
                writer.append(entry)
        writer.end()
    assert twin.read_bytes() == dialog.journal.path.read_bytes()


def test_events_of_many_threads_are_all_written_and_each_threads_in_order(
    receiver: Receiver,
) -> None:
    dialog = Dialog.open(receiver)

    def write(thread: int) -> None:
        for number in range(200):
            event = TimelineEvent(at_ns=number, kind="held", who=str(thread))
            dialog.journal.append(msgspec.json.encode(event))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    dialog.journal.close()
    events = dialog.read().events
    for number in range(4):
        own = [event.at_ns for event in events if getattr(event, "who", "") == str(number)]
        assert own == list(range(200))


def test_a_journal_is_live_until_it_is_closed(receiver: Receiver, tmp_path: Path) -> None:
    dialog, events = Dialog.open(receiver), Dialog.open(receiver, events=True)
    found = {journal.journal_id: journal for journal in scan(tmp_path)}
    assert {journal.is_live for journal in found.values()} == {True}
    assert found[events.header.journal_id].is_node_events
    assert journal_id_of(dialog.journal.path) == dialog.header.journal_id
    dialog.journal.close()
    dialog.journal.close()
    assert {j.journal_id: j.is_live for j in scan(tmp_path)} == {
        dialog.header.journal_id: False,
        events.header.journal_id: True,
    }


def test_a_journal_that_is_closed_soon_is_whole_and_unlocked_by_itself(
    receiver: Receiver, tmp_path: Path
) -> None:
    dialog = Dialog.open(receiver)
    dialog.journal.close_soon()
    wait_until(lambda: not next(iter(scan(tmp_path))).is_live)
    assert has_end(dialog.journal.path)
    assert receiver.stats().open_journals == 0


def test_a_journal_that_is_discarded_leaves_neither_file_nor_ports(
    receiver: Receiver, tmp_path: Path
) -> None:
    dialog = Dialog.open(receiver)
    stream = dialog.journal.open_stream(0, allow=LOOPBACK)
    with udp_socket() as sender:
        sender.sendto(rtp(1), ("127.0.0.1", stream.rtp_port))
        wait_until(lambda: stream.counters().packets == 1)
    dialog.journal.discard()
    assert list(tmp_path.iterdir()) == []
    stats = receiver.stats()
    assert (stats.open_journals, stats.open_sockets, stats.unwritten_bytes) == (0, 0, 0)
    with pytest.raises(SpoolError, match="closed"):
        dialog.journal.append(b"{}")
    dialog.journal.close()
    assert receiver.alarms() == []


def test_a_journal_that_nobody_holds_any_more_is_cut_off_and_gives_its_ports_back(
    receiver: Receiver, tmp_path: Path
) -> None:
    dialog = Dialog.open(receiver)
    stream = dialog.journal.open_stream(0, allow=LOOPBACK)
    path, key = dialog.journal.path, dialog.key
    with udp_socket() as sender:
        sender.sendto(rtp(1), ("127.0.0.1", stream.rtp_port))
    del dialog
    assert [journal.is_live for journal in scan(tmp_path)] == [True]  # the stream holds it
    del stream
    wait_until(lambda: not scan(tmp_path)[0].is_live)
    content = read(path, key)
    assert [packet.datagram for packet in content.packets] == [rtp(1)]
    assert not content.ended
    assert receiver.stats().open_sockets == 0


def test_a_journal_that_was_closed_is_not_discarded(receiver: Receiver) -> None:
    dialog = Dialog.open(receiver)
    dialog.journal.close()
    dialog.journal.discard()
    assert dialog.read().ended


def test_a_second_journal_of_the_same_id_is_refused_and_the_first_stays(
    receiver: Receiver,
) -> None:
    first = Dialog.open(receiver)
    with pytest.raises(SpoolError, match="cannot be created"):
        receiver.open_journal(first.header.journal_id, key=bytes(32), envelope=b"", header=b"{}")
    first.journal.close()
    assert first.read().ended


def test_a_receiver_that_closes_leaves_open_journals_cut_off(tmp_path: Path) -> None:
    with Receiver(CONFIG, spool_folder=tmp_path, sync_ms=100) as receiver:
        dialog = Dialog.open(receiver)
        stream = dialog.journal.open_stream(0, allow=LOOPBACK)
        with udp_socket() as sender:
            sender.sendto(rtp(1), ("127.0.0.1", stream.rtp_port))
    content = dialog.read()
    assert [packet.datagram for packet in content.packets] == [rtp(1)]
    assert not content.ended
    assert [journal.is_live for journal in scan(tmp_path)] == [False]
    with pytest.raises(SpoolError, match="closed"):
        dialog.journal.append(b"{}")


@pytest.mark.parametrize(("bind", "sender"), [("::1", "::1"), ("::", "::1"), ("::", "127.0.0.1")])
def test_ipv6_and_both_families_at_once(tmp_path: Path, bind: str, sender: str) -> None:
    config = replace(CONFIG, bind_address=bind)
    with Receiver(config, spool_folder=tmp_path, sync_ms=100) as receiver:
        dialog = Dialog.open(receiver)
        stream = dialog.journal.open_stream(0, allow=LOOPBACK)
        with udp_socket(sender) as socket:
            socket.sendto(rtp(1), (sender, stream.rtp_port))
        dialog.journal.close()
    (block,) = dialog.read().blocks
    assert [source.address for source in block.sources.values()] == [ip_address(sender)]


def test_a_full_scale_tone_reads_as_zero_decibels_nearly(receiver: Receiver) -> None:
    stream = Dialog.open(receiver).journal.open_stream(0, allow=LOOPBACK)
    with udp_socket() as sender:
        sender.sendto(rtp(1, b"\xff\x00" * 80), ("127.0.0.1", stream.rtp_port))
        wait_until(lambda: stream.counters().packets == 1)
    assert stream.counters().peak_dbfs == pytest.approx(-0.17, abs=0.01)


def test_ports_run_out_with_a_503(tmp_path: Path) -> None:
    config = replace(CONFIG, port_first=19970, port_last=19970)
    with Receiver(config, spool_folder=tmp_path, sync_ms=100) as receiver:
        journal = Dialog.open(receiver).journal
        stream = journal.open_stream(0, allow=LOOPBACK)
        assert stream.rtp_port == 19970
        with pytest.raises(PortsExhausted) as refusal:
            journal.open_stream(1, allow=LOOPBACK)
        assert refusal.value.sip_status == 503
        stream.close()
        with pytest.raises(PortsExhausted):  # the port rests
            journal.open_stream(1, allow=LOOPBACK)


def test_a_closed_stream_keeps_its_counters_and_its_index_is_free(receiver: Receiver) -> None:
    dialog = Dialog.open(receiver)
    first = dialog.journal.open_stream(0, allow=LOOPBACK)
    with pytest.raises(CaptureError, match="stream 0 is open already"):
        dialog.journal.open_stream(0, allow=LOOPBACK)
    with udp_socket() as sender:
        sender.sendto(rtp(1), ("127.0.0.1", first.rtp_port))
    first.close()
    second = dialog.journal.open_stream(0, allow=LOOPBACK)
    assert (first.counters().packets, second.counters().packets) == (1, 0)
    assert first.rtp_port != second.rtp_port


def test_figures_add_up(receiver: Receiver) -> None:
    dialog = Dialog.open(receiver)
    stream = dialog.journal.open_stream(0, allow=LOOPBACK)
    with udp_socket() as sender:
        for number in range(10):
            sender.sendto(rtp(number), ("127.0.0.1", stream.rtp_port))
    wait_until(lambda: receiver.stats().packets == 10)
    assert (receiver.stats().open_journals, receiver.stats().open_sockets) == (1, 2)
    dialog.journal.close()
    stats = receiver.stats()
    assert (stats.open_journals, stats.open_sockets, stats.bytes) == (0, 0, 1720)
    assert stats.bytes_written == dialog.journal.path.stat().st_size
    wait_until(lambda: receiver.stats().syncs > 0)
    assert receiver.alarms() == []


def test_what_is_asked_wrongly_is_refused_with_our_errors(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"capture\.bind_address"):
        Receiver(replace(CONFIG, bind_address="here"), spool_folder=tmp_path, sync_ms=100)
    with pytest.raises(SpoolError, match="spool folder"):
        Receiver(CONFIG, spool_folder=tmp_path / "absent", sync_ms=100).start()
    with pytest.raises(CaptureError, match="not started"):
        Receiver(CONFIG, spool_folder=tmp_path, sync_ms=100).stats()
    config = CaptureConfig(bind_address="192.0.2.1")
    with Receiver(config, spool_folder=tmp_path, sync_ms=100) as receiver:
        journal = Dialog.open(receiver).journal
        with pytest.raises(CaptureError, match=r"media port on 192\.0\.2\.1"):
            journal.open_stream(0, allow=LOOPBACK)
        with pytest.raises(CaptureError, match="not an address or network"):
            journal.open_stream(0, allow=["everywhere"])
        with pytest.raises(SpoolError, match="too long"):
            journal.append(bytes(17_000_000))


def test_a_known_pair_of_ports_is_bound_again_even_while_it_rests(tmp_path: Path) -> None:
    config = replace(CONFIG, port_cooldown_s=60.0)
    with Receiver(config, spool_folder=tmp_path, sync_ms=100) as receiver:
        first = Dialog.open(receiver)
        port = first.journal.open_stream(0, allow=LOOPBACK).rtp_port
        with pytest.raises(PortsExhausted):
            first.journal.open_stream(1, allow=LOOPBACK, rtp_port=port)
        first.journal.close()
        again = Dialog.open(receiver)
        again.journal.pause()
        stream = again.journal.open_stream(0, allow=LOOPBACK, rtp_port=port)
        assert (stream.rtp_port, again.journal.is_paused) == (port, True)
        with pytest.raises(CaptureError):
            again.journal.open_stream(1, allow=LOOPBACK, rtp_port=port + 1)
        again.journal.close()


def test_first_packets_of_each_source_are_tapped_but_none_of_a_pause(receiver: Receiver) -> None:
    dialog = Dialog.open(receiver)
    stream = dialog.journal.open_stream(0, allow=LOOPBACK)
    assert stream.tapped() == []
    stream.open_tap()

    def send(numbers: range) -> None:
        with udp_socket() as sender:
            for number in numbers:
                sender.sendto(rtp(number), ("127.0.0.1", stream.rtp_port))

    dialog.journal.pause()
    send(range(2))
    wait_until(lambda: stream.counters().dropped_paused == 2)
    dialog.journal.resume()
    send(range(2, 9))
    wait_until(lambda: stream.counters().packets == 7)
    assert stream.tapped() == [rtp(number) for number in (2, 3, 4)]
    assert stream.counters().peak_dbfs is None
    stream.close_tap()
    send(range(9, 12))
    wait_until(lambda: stream.counters().packets == 10)
    assert stream.tapped() == []
    assert stream.counters().peak_dbfs is not None
