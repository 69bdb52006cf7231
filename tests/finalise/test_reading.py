"""Arrivals on one clock without steps, whatever the order in which blocks were written."""

from ipaddress import ip_address

from callvault.finalise.reading import Meant, Reached, SourceBatch, SteadyClock, read
from callvault.spool import Packet, PacketsBlock, Source
from callvault.spool.entries import Event, StreamDescription, StreamsChanged
from tests.capture.media import rtp

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
HOUR = 3600 * SECOND


def block(at_s: int, *, step_ns: int = 0) -> PacketsBlock:
    """A block of one packet that came half a second before, by a wall clock set since the start."""
    realtime_ns = START + at_s * SECOND + step_ns
    packet = Packet(0, 0, False, realtime_ns - SECOND // 2, b"")
    source = Source(ip_address("192.0.2.1"), 4000)
    return PacketsBlock(realtime_ns, at_s * SECOND, {(0, 0): source}, [packet])


def at(at_s: int) -> list[int]:
    """When its packet came, by the wall clock of the start."""
    return [START + at_s * SECOND - SECOND // 2]


def test_blocks_held_until_the_clock_was_set_keep_their_arrivals() -> None:
    clock = SteadyClock()
    told = [
        block(1),
        PacketsBlock(START + 5 * SECOND + HOUR, 5 * SECOND, {}, []),  # before an event
        block(3),
        block(4),
        block(6, step_ns=HOUR),
    ]
    assert [clock.arrivals(one) for one in told] == [at(1), [], at(3), at(4), at(6)]
    assert clock.at(START + 7 * SECOND + HOUR) == START + 7 * SECOND
    assert clock.reached_ns == START + 6 * SECOND


def test_blocks_held_without_a_step_leave_the_clock_as_it_is() -> None:
    clock = SteadyClock()
    told = [PacketsBlock(START + 5 * SECOND, 5 * SECOND, {}, []), block(3), block(4), block(6)]
    assert [clock.arrivals(one) for one in told] == [[], at(3), at(4), at(6)]
    assert clock.at(START + 7 * SECOND) == START + 7 * SECOND


def test_a_machine_that_was_started_again_is_joined_by_its_wall_clock() -> None:
    clock = SteadyClock()
    clock.arrivals(block(100))
    clock.begin_piece()
    again = PacketsBlock(START + 160 * SECOND, SECOND, {}, [])
    assert clock.arrivals(again) == []
    assert clock.at(START + 161 * SECOND) == START + 161 * SECOND
    assert clock.reached_ns == START + 160 * SECOND


def streams_at(at_s: int, *, is_active: bool) -> StreamsChanged:
    line = StreamDescription(0, "1", "audio", (), active=is_active, port=20000)
    return StreamsChanged(START + at_s * SECOND, (line,))


def spoken(at_s: int) -> PacketsBlock:
    one = block(at_s)
    return PacketsBlock(
        one.realtime_ns,
        one.monotonic_ns,
        one.sources,
        [Packet(0, 0, False, one.packets[0].arrival_ns, rtp(at_s))],
    )


def test_packets_held_while_the_streams_changed_mean_what_they_meant_when_they_came() -> None:
    first, second = streams_at(0, is_active=True), streams_at(3, is_active=False)
    told: list[PacketsBlock | Event] = [first, second, spoken(2), spoken(4), spoken(5)]
    seen = [one for one in read(told) if isinstance(one, StreamsChanged | Meant | SourceBatch)]
    assert seen[:2] == [first, second]
    assert [one for one in seen[2:] if isinstance(one, Meant)] == [
        Meant(first.streams),
        Meant(second.streams),
    ]
    heard = [len(one.packets) if isinstance(one, SourceBatch) else one for one in seen[2:]]
    assert heard == [Meant(first.streams), 1, Meant(second.streams), 2]


def test_packets_written_as_they_come_mean_what_was_said_last() -> None:
    first, second = streams_at(0, is_active=True), streams_at(3, is_active=False)
    told: list[PacketsBlock | Event] = [first, spoken(2), second, spoken(4)]
    assert not [one for one in read(told) if isinstance(one, Meant)]


def test_nothing_is_held_to_be_over_while_packets_of_it_wait_in_memory() -> None:
    """Kept, held, kept: the clock is set meanwhile, and an event tells it."""
    told: list[PacketsBlock | Event] = [
        spoken(1),
        PacketsBlock(START + 25 * SECOND + HOUR, 25 * SECOND, {}, []),  # before an event
        *(spoken(second) for second in range(10, 25)),
    ]
    over_ns, packets = 0, 0
    for one in read(told):
        if isinstance(one, Reached):
            over_ns = one.at_ns
        elif isinstance(one, SourceBatch):
            packets += len(one.packets)
            assert one.packets.arrival_ns.min() >= over_ns
    assert packets == 16
    assert over_ns == START + 24 * SECOND
