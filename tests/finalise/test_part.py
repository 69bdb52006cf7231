"""A recording of a part of its call: only what belongs to it is heard, told and kept."""

from ipaddress import ip_address
from uuid import uuid4

import numpy as np
import pytest

from callvault.finalise.journal import finalise_journal
from callvault.finalise.part import Part
from callvault.finalise.reading import SourceBatch, SourceKey
from callvault.finalise.window import Window
from callvault.policy.decision import Party, Presence
from callvault.policy.modes import RecordingMode
from callvault.rtp import parse_batch
from callvault.spool import Packet, PacketsBlock, Source, journal_path
from callvault.spool.entries import SignallingSeen, TimelineEvent
from callvault.vault import ObjectKind
from tests.audio.wire import START_NS, Sender, speech
from tests.finalise.bench import Node, RecordedCall, assignment

S = 1_000_000_000


def voice(ssrc: int) -> Sender:
    """Five seconds of somebody."""
    sender = Sender(ssrc=ssrc)
    sender.say(speech(5.0, seed=ssrc))
    return sender


WINDOW = Window(START_NS, START_NS + 10 * S, 10_000, (), ())


def test_a_part_that_reaches_both_ends_is_the_whole_call() -> None:
    ends_with_it = assignment(from_ns=START_NS - 1, until_ns=WINDOW.end_ns + 5)
    assert Part.of(ends_with_it, WINDOW).is_whole
    assert Part.of(assignment(until_ns=START_NS + S), WINDOW) == Part(0, START_NS + S)
    assert Part.of(assignment(from_ns=START_NS + S), WINDOW) == Part(START_NS + S, 0)


def test_packets_events_and_messages_of_other_parts_are_left_out() -> None:
    part = Part(START_NS + S, START_NS + 2 * S)
    times = [START_NS + n * S // 2 for n in range(6)]
    datagrams = [bytes([0x80, 0]) + n.to_bytes(2, "big") + bytes(8) + b"x" for n in range(6)]
    batch = SourceBatch(SourceKey(0, "192.0.2.7", 4000, 0), parse_batch(datagrams, times))
    packets = [Packet(0, 0, False, at, b"x") for at in times]
    block = PacketsBlock(times[-1], 5, {(0, 0): Source(ip_address("192.0.2.7"), 4000)}, packets)
    events = [TimelineEvent(at, "held") for at in times]
    messages = [SignallingSeen(at, sent=False, raw=b"") for at in times]
    kept = list(part.items([batch, block, *events, *messages]))
    assert isinstance(kept[0], SourceBatch)
    assert kept[0].packets.arrival_ns.tolist() == times[2:4]
    assert isinstance(kept[1], PacketsBlock)
    assert [one.arrival_ns for one in kept[1].packets] == times[2:5]
    assert kept[2:] == [*events[2:5], *messages[1:5]]


def test_two_owners_of_one_call_each_get_their_time_of_it(node: Node) -> None:
    """The first leaves after two seconds; the second goes on to the end."""
    swap_ns = START_NS + 2 * S
    ann, bob, dana = Party("2014", "Ann"), Party("2015", "Bob"), Party("5550142")
    first = assignment(
        until_ns=swap_ns,
        people=(Presence(dana), Presence(ann, 0, swap_ns, is_owner=True)),
    )
    second = assignment(
        from_ns=swap_ns,
        people=(Presence(dana), Presence(bob, swap_ns, is_owner=True)),
    )
    call = RecordedCall(
        {0: voice(1).arrivals, 1: voice(2).arrivals},
        (first, second),
        5.0,
        events=(
            TimelineEvent(START_NS + S, "held", "Ann"),
            TimelineEvent(START_NS + 3 * S // 2, "resumed", "Ann"),
            TimelineEvent(swap_ns, "transferred", "Bob", "Ann"),
        ),
    )
    journal_id = uuid4()
    call.write(node.journal(journal_id))
    finished = finalise_journal(journal_path(node.spool, journal_id), node.bench())
    one, other = finished.recordings
    assert (one.duration_ms, other.duration_ms) == (2000, 3000)
    assert (one.end_reason, other.end_reason) == ("part_ended", "bye")
    assert [(item.kind, item.offset_ms, item.length_ms) for item in one.timeline] == [
        ("answered", 0, 0),
        ("held", 1000, 500),
        ("resumed", 1500, 0),
        ("transferred", 2000, 0),
    ]
    assert [(item.kind, item.offset_ms) for item in other.timeline] == [
        ("transferred", 0),
        ("ended", 3000),
    ]
    assert [(p.name, p.from_ms, p.until_ms) for p in one.participants] == [
        ("", 0, 2000),
        ("Ann", 0, 2000),
    ]
    assert (one.quality.flags, other.quality.flags) == ((), ())
    assert one.interaction_id == other.interaction_id == journal_id
    for recording, own, others in ((one, first, second), (other, second, first)):
        transcript = node.read_object(recording.assignment.recording_id, ObjectKind.METADATA)
        assert str(own.owner_id).encode() in transcript
        assert str(others.owner_id).encode() not in transcript


def test_a_part_that_begins_on_hold_begins_with_that_hold(node: Node) -> None:
    held = TimelineEvent(START_NS + S, "held", "Ann")
    resumed = TimelineEvent(START_NS + 3 * S, "resumed", "Ann")
    part = assignment(from_ns=START_NS + 2 * S)
    call = RecordedCall({0: voice(1).arrivals, 1: ()}, (part,), 5.0, events=(held, resumed))
    journal_id = uuid4()
    call.write(node.journal(journal_id))
    (facts,) = finalise_journal(journal_path(node.spool, journal_id), node.bench()).recordings
    assert [(item.kind, item.offset_ms, item.length_ms) for item in facts.timeline] == [
        ("held", 0, 1000),
        ("resumed", 1000, 0),
        ("ended", 3000, 0),
    ]


def test_a_part_is_read_under_the_same_setting_as_the_call(node: Node) -> None:
    sender = Sender()
    sender.payload_type = 2
    for _ in range(150):
        sender.send(bytes(80), ticks=160)
    part = assignment(from_ns=START_NS + 2 * S)
    call = RecordedCall({0: sender.arrivals, 1: ()}, (part,), 3.0)
    journal_id = uuid4()
    call.write(node.journal(journal_id))
    bench = node.bench(g726_is_aal2=True)
    (facts,) = finalise_journal(journal_path(node.spool, journal_id), bench).recordings
    assert facts.quality.owner.codecs == ("AAL2-G726-32",)


@pytest.mark.parametrize(("start", "end"), [(0, 0), (1, 4), (8, 20)])
def test_a_window_is_clipped_to_its_part(start: int, end: int) -> None:
    part = WINDOW.within(start and START_NS + start * S, end and START_NS + end * S)
    assert np.isclose(part.duration_ms, 1000 * ((min(end, 10) if end else 10) - start))


def test_each_piece_of_a_call_on_demand_is_a_recording_of_one_conversation(node: Node) -> None:
    """Started after one second, stopped after two, started again after four."""
    first = assignment(
        from_ns=START_NS + S, until_ns=START_NS + 2 * S, mode=RecordingMode.ON_DEMAND
    )
    second = assignment(from_ns=START_NS + 4 * S, mode=RecordingMode.ON_DEMAND)
    call = RecordedCall(
        {0: voice(1).arrivals, 1: voice(2).arrivals},
        (first, second),
        5.0,
        events=(
            TimelineEvent(START_NS + S, "started", "Ann"),
            TimelineEvent(START_NS + 2 * S, "stopped", "Ann"),
            TimelineEvent(START_NS + 4 * S, "started", "Sam"),
        ),
    )
    journal_id = uuid4()
    call.write(node.journal(journal_id))
    one, other = finalise_journal(journal_path(node.spool, journal_id), node.bench()).recordings
    assert (one.duration_ms, other.duration_ms) == (1000, 1000)
    assert one.interaction_id == other.interaction_id
    assert [(item.kind, item.offset_ms, item.who) for item in one.timeline] == [
        ("started", 0, "Ann"),
        ("stopped", 1000, "Ann"),
    ]
    assert [item.kind for item in other.timeline] == ["started", "ended"]


def test_what_was_asked_of_anothers_recording_is_not_on_the_timeline(node: Node) -> None:
    call = RecordedCall(
        {0: voice(1).arrivals, 1: voice(2).arrivals},
        (assignment(),),
        5.0,
        events=(TimelineEvent(START_NS + S, "started", "Bob"),),
    )
    journal_id = uuid4()
    call.write(node.journal(journal_id))
    (one,) = finalise_journal(journal_path(node.spool, journal_id), node.bench()).recordings
    assert "started" not in [item.kind for item in one.timeline]
