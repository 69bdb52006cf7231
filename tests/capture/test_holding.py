"""What is held in memory: not a byte of it is in the file before it is kept."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from callvault.capture import Receiver, Stream, came
from callvault.errors import SpoolError
from callvault.spool import PacketsBlock
from callvault.spool.entries import TimelineEvent
from tests.capture.media import CONFIG, LOOPBACK, Content, Dialog, rtp, udp_socket, wait_until

pytestmark = pytest.mark.flow

SPOKEN, SECRET = b"\x11" * 160, b"card number 4111" * 10


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with Receiver(CONFIG, spool_folder=tmp_path, sync_ms=100) as receiver:
        yield receiver


def send(stream: Stream, numbers: range, payload: bytes) -> None:
    """Send packets and see them received."""
    before = came(stream.counters())
    with udp_socket() as sender:
        for number in numbers:
            sender.sendto(rtp(number, payload), ("127.0.0.1", stream.rtp_port))
    wait_until(lambda: came(stream.counters()) == before + len(numbers))


def event(kind: str) -> bytes:
    return msgspec.json.encode(TimelineEvent(at_ns=1, kind=kind))


def holds(content: Content, payload: bytes) -> bool:
    """Whether a payload stands anywhere in a journal."""
    return payload[:16] in b"".join(bytes(block) for block in content.blocks)


def test_what_is_held_is_in_the_file_once_it_is_kept_and_not_before(receiver: Receiver) -> None:
    dialog = Dialog.open(receiver)
    journal = dialog.journal
    stream = journal.open_stream(0, allow=LOOPBACK)
    send(stream, range(5), SPOKEN)
    journal.hold()
    send(stream, range(5, 15), SECRET)
    wait_until(lambda: journal.held_bytes > 0)  # a block was due
    journal.append_durably(event("answered"))
    before = dialog.read()
    assert [packet.datagram for packet in before.packets] == [rtp(n, SPOKEN) for n in range(5)]
    assert not holds(before, SECRET)
    assert (journal.is_holding, journal.keep_held()) == (True, 0)
    wait_until(lambda: not journal.is_holding)
    send(stream, range(15, 20), SPOKEN)
    journal.close()
    after = dialog.read()
    assert after.ended
    assert [packet.datagram for packet in after.packets] == [
        rtp(n, SECRET if 5 <= n < 15 else SPOKEN) for n in range(20)
    ]
    clocks = [entry.monotonic_ns for entry in after.entries if isinstance(entry, PacketsBlock)]
    assert clocks == sorted(clocks)


def test_what_is_dropped_after_a_hold_is_in_no_block(receiver: Receiver) -> None:
    dialog = Dialog.open(receiver)
    journal = dialog.journal
    stream = journal.open_stream(0, allow=LOOPBACK)
    journal.hold()
    send(stream, range(5), SECRET)
    with udp_socket() as sender:
        sender.sendto(rtp(5, SECRET), ("127.0.0.1", stream.rtp_port))
        journal.drop_held()
    assert (journal.is_holding, journal.held_bytes) == (False, 0)
    counters = stream.counters()
    assert (counters.packets, counters.bytes, counters.dropped_unkept) == (0, 0, 6)
    stats = receiver.stats()
    assert (stats.packets, stats.bytes, stats.unkept_packets) == (0, 0, 6)
    send(stream, range(6, 9), SPOKEN)
    journal.close()
    content = dialog.read()
    assert [packet.datagram for packet in content.packets] == [rtp(n, SPOKEN) for n in range(6, 9)]
    assert not holds(content, SECRET)


def test_a_pause_in_a_hold_keeps_what_came_before_it_held(receiver: Receiver) -> None:
    dialog = Dialog.open(receiver)
    journal = dialog.journal
    stream = journal.open_stream(0, allow=LOOPBACK)
    journal.hold()
    send(stream, range(3), SPOKEN)
    journal.pause()
    with udp_socket() as sender:
        sender.sendto(rtp(3, SECRET), ("127.0.0.1", stream.rtp_port))
    wait_until(lambda: stream.counters().dropped_paused == 1)
    assert dialog.read().packets == []
    journal.keep_held()
    assert journal.is_paused
    journal.close()
    assert [packet.datagram for packet in dialog.read().packets] == [
        rtp(n, SPOKEN) for n in range(3)
    ]


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_journal_that_ends_while_it_holds_has_nothing_of_it(
    receiver: Receiver, is_whole: bool
) -> None:
    dialog = Dialog.open(receiver)
    stream = dialog.journal.open_stream(0, allow=LOOPBACK)
    dialog.journal.hold()
    send(stream, range(5), SECRET)
    if is_whole:
        dialog.journal.close()
        with pytest.raises(SpoolError):
            dialog.journal.keep_held()
    else:
        receiver.close()
    content = dialog.read()
    assert (content.packets, content.ended) == ([], is_whole)
