"""A call whose recorder was killed and came back: several journals, one recording."""

import io
import os
import time
from ipaddress import ip_address
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
import soundfile

from callvault.errors import SpoolError
from callvault.finalise.benches import Benches
from callvault.finalise.catalogue import RecordingFacts
from callvault.finalise.journal import finalise_journal
from callvault.finalise.worker import Worker
from callvault.policy.decision import Assignment, Decision, Verdict
from callvault.spool import (
    JournalWriter,
    Packet,
    PacketsBlock,
    Source,
    SpooledJournal,
    checkpoint_path,
    continuation_of,
    journal_path,
    scan,
)
from callvault.spool.entries import (
    Decided,
    DialogEnded,
    JournalHeader,
    StreamsChanged,
    TimelineEvent,
)
from callvault.vault import ObjectKind, Role, seal_key
from tests.audio.wire import START_NS, Arrival, Sender, speech
from tests.finalise.bench import FakeCatalogue, Node, RecordedCall, assignment

SECOND_NS = 1_000_000_000
CUT, BACK, END = 4, 7, 12  # seconds into the call


class CutCall:
    """Two parties who speak for twelve seconds; the recorder is gone from second 4 to 7."""

    def __init__(self, node: Node, *, second_clock_ns: int = 5_000) -> None:
        self.node = node
        self.assignment: Assignment = assignment()
        self.first = uuid4()
        self.second_clock_ns = second_clock_ns
        senders = (Sender(), Sender(ssrc=0x22))
        for number, one in enumerate(senders):
            one.say(speech(END, seed=number))
        self.arrivals = {index: one.arrivals for index, one in enumerate(senders)}

    @property
    def paths(self) -> list[Path]:
        second = continuation_of(self.first)
        return [journal_path(self.node.spool, one) for one in (self.first, second)]

    def write(self, *events: TimelineEvent, ended: bool = True) -> None:
        """Write both pieces; `events` go to the piece of their time."""
        early = tuple(one for one in events if one.at_ns < START_NS + CUT * SECOND_NS)
        streams = {index: self._between(index, 0, CUT) for index in self.arrivals}
        RecordedCall(streams, (self.assignment,), CUT, events=early).write(
            self.node.journal(self.first), whole=False
        )
        self.continue_it([one for one in events if one not in early], ended=ended)

    def continue_it(self, events: list[TimelineEvent], *, ended: bool) -> None:
        journal = self.open_second()
        call = RecordedCall(self.arrivals, (self.assignment,), END)
        journal.append(StreamsChanged(START_NS + BACK * SECOND_NS, call._descriptions()))
        decision = Decision(Verdict.RECORDED, (), (self.assignment,))
        journal.append(Decided(START_NS + BACK * SECOND_NS, decision))
        for event in events:
            journal.append(event)
        for second in range(BACK, END + 1):
            if block := self._block(second):
                journal.append_packets(block)
        if ended:
            journal.append(DialogEnded(START_NS + END * SECOND_NS, "bye"))
            journal.end()
        journal.close()

    def open_second(self) -> JournalWriter:
        key = os.urandom(32)
        header = JournalHeader(
            continuation_of(self.first),
            "dialog",
            "callvault-1",
            START_NS + BACK * SECOND_NS,
            continues=self.first,
        )
        envelope = seal_key(key, self.node.keyring.current(Role.INGEST))
        return JournalWriter.create(self.paths[1], key=key, envelope=envelope, header=header)

    def _between(self, index: int, start: float, end: float) -> list[Arrival]:
        return [one for one in self.arrivals[index] if start <= one.ns / SECOND_NS < end]

    def _block(self, second: int) -> PacketsBlock | None:
        packets, sources = [], {}
        for index in self.arrivals:
            for one in self._between(index, second, second + 1):
                sources[index, 0] = Source(ip_address("192.0.2.7"), 40000)
                packets.append(Packet(index, 0, False, START_NS + one.ns, bytes(one.packet)))
        until = (second + 1) * SECOND_NS
        packets.sort(key=lambda packet: packet.arrival_ns)
        clock_ns = self.second_clock_ns + until
        return PacketsBlock(START_NS + until, clock_ns, sources, packets) if packets else None


def finish(call: CutCall) -> RecordingFacts:
    first, *later = call.paths
    (facts,) = finalise_journal(first, call.node.bench(), later=later).recordings
    return facts


def test_two_pieces_become_one_recording_of_the_calls_length(node: Node) -> None:
    call = CutCall(node)
    call.write()
    facts = finish(call)
    assert facts.assignment.recording_id == call.assignment.recording_id
    assert facts.journal_ids == (call.first, continuation_of(call.first))
    assert facts.interaction_id == call.first
    assert abs(facts.duration_ms - END * 1000) <= 20
    assert facts.end_reason == "bye"
    assert "restart" in facts.quality.flags
    assert "cut_off" not in facts.quality.flags


def test_the_gap_is_shown_once_and_is_silent(node: Node) -> None:
    call = CutCall(node)
    call.write()
    facts = finish(call)
    lost = [one for one in facts.timeline if one.kind == "lost"]
    assert [(one.detail, one.channel) for one in lost] == [("restart", "both")]
    assert abs(lost[0].offset_ms - CUT * 1000) <= 40
    assert abs(lost[0].length_ms - (BACK - CUT) * 1000) <= 40
    heard = loudness(node, facts)
    assert max(heard[CUT * 1000 + 100 : BACK * 1000 - 100]) < 200
    assert max(heard[1000 : CUT * 1000 - 100]) > 1000
    assert max(heard[BACK * 1000 + 200 : END * 1000 - 200]) > 1000


def loudness(node: Node, facts: RecordingFacts) -> list[int]:
    """Loudest sample of each millisecond."""
    audio = node.read_object(facts.assignment.recording_id, ObjectKind.AUDIO)
    samples, rate = soundfile.read(io.BytesIO(audio), dtype="int16")
    step = rate // 1000
    whole = samples[: len(samples) // step * step]
    peaks: list[int] = np.abs(whole.astype(int)).reshape(-1, step * 2).max(axis=1).tolist()
    return peaks


def test_a_machine_started_anew_in_between_is_joined_by_the_wall_clock(node: Node) -> None:
    call = CutCall(node, second_clock_ns=-6 * SECOND_NS)
    call.write()
    facts = finish(call)
    assert abs(facts.duration_ms - END * 1000) <= 20
    assert [one.kind for one in facts.timeline].count("lost") == 1


def test_a_pause_spans_the_restart(node: Node) -> None:
    call = CutCall(node)
    call.write(
        TimelineEvent(START_NS + 3 * SECOND_NS, "paused", "Ann Keller"),
        TimelineEvent(START_NS + 9 * SECOND_NS, "unpaused", "Ann Keller"),
    )
    facts = finish(call)
    (paused,) = [one for one in facts.timeline if one.kind == "paused"]
    assert (paused.offset_ms, paused.length_ms) == (3000, 6000)
    assert max(loudness(node, facts)[3100:8900]) < 200


def test_a_call_cut_off_a_moment_after_its_answer_begins_with_the_answer(node: Node) -> None:
    call = CutCall(node)
    with node.journal(call.first):
        pass  # killed before any entry was written
    call.continue_it([TimelineEvent(START_NS, "answered", "Ann Keller")], ended=True)
    facts = finish(call)
    assert abs(facts.duration_ms - END * 1000) <= 20
    (lost,) = [one for one in facts.timeline if one.kind == "lost"]
    assert (lost.offset_ms, abs(lost.length_ms - BACK * 1000) <= 40) == (0, True)


def test_a_second_piece_that_was_only_begun_changes_nothing(node: Node) -> None:
    call = CutCall(node)
    call.write()
    whole = call.paths[1].read_bytes()
    call.paths[1].write_bytes(whole[:300])
    facts = finish(call)
    assert abs(facts.duration_ms - CUT * 1000) <= 40
    assert facts.journal_ids == (call.first,)
    assert set(facts.quality.flags) & {"damaged", "cut_off"} == {"cut_off"}


def test_a_journal_that_continues_nothing_is_not_taken_for_a_piece(node: Node) -> None:
    call = CutCall(node)
    call.write()
    call.paths[1].unlink()
    streams = {index: call._between(index, 0, 2) for index in call.arrivals}
    RecordedCall(streams, (call.assignment,), 2).write(
        node.journal(continuation_of(call.first)), whole=True
    )
    with pytest.raises(SpoolError, match="goes on with no other"):
        finish(call)


# --- the worker


def worker(node: Node, catalogue: FakeCatalogue) -> Worker:
    bench = node.bench()
    return Worker(node.spool, "callvault-1", catalogue, bench, Benches(bench, 1))


def test_a_cut_off_journal_waits_for_a_recorder_that_may_come_back(node: Node) -> None:
    call, catalogue = CutCall(node), FakeCatalogue()
    call.write(ended=False)
    checkpoint = checkpoint_path(node.spool, continuation_of(call.first))
    checkpoint.write_bytes(b"sealed")
    one = worker(node, catalogue)
    assert one.run_once(now_s=0) == 0
    checkpoint.unlink()
    assert one.run_once(now_s=1) == 1
    assert list(catalogue.calls) == [call.first]
    assert list(node.spool.iterdir()) == []
    one.close()


def test_the_first_piece_waits_while_its_continuation_is_live(node: Node) -> None:
    call, catalogue = CutCall(node), FakeCatalogue()
    call.write()
    call.paths[1].unlink()
    one = worker(node, catalogue)
    with call.open_second():
        assert one.run_once(now_s=0) == 0
    assert one.run_once(now_s=1) == 1
    assert list(catalogue.calls) == [call.first]
    one.close()


def test_a_recorder_that_comes_back_while_the_spool_is_looked_through_is_seen(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that runs niced may look at locks, and a second later at checkpoints."""
    call, catalogue = CutCall(node), FakeCatalogue()
    call.write()
    call.paths[1].unlink()
    checkpoint = checkpoint_path(node.spool, call.first)
    checkpoint.write_bytes(b"sealed")
    one = worker(node, catalogue)

    def comes_back(folder: Path) -> list[SpooledJournal]:
        seen = scan(folder)
        if checkpoint.exists():
            call.continue_it([], ended=True)
            checkpoint.unlink()
        return seen

    monkeypatch.setattr("callvault.finalise.worker.scan", comes_back)
    assert one.run_once(now_s=0) == 0
    assert one.run_once(now_s=1) == 1
    (facts,) = catalogue.recordings.values()
    assert facts.journal_ids == (call.first, continuation_of(call.first))
    one.close()


def test_a_piece_whose_beginning_is_gone_replaces_nothing(node: Node) -> None:
    """Sealed under the recording's own id it would take the place of the beginning."""
    call = CutCall(node)
    call.write()
    whole = finish(call)
    alone = finalise_journal(call.paths[1], node.bench())
    again = finalise_journal(call.paths[1], node.bench())
    (piece,) = alone.recordings
    assert piece.assignment.recording_id != whole.assignment.recording_id
    assert piece.assignment.recording_id == again.recordings[0].assignment.recording_id
    assert alone.call.recording_ids == (piece.assignment.recording_id,)
    assert piece.duration_ms == (END - BACK) * 1000


def test_a_piece_whose_beginning_is_gone_has_nothing_of_who_left_before_it(node: Node) -> None:
    call = CutCall(node)
    journal = call.open_second()
    gone = assignment(until_ns=START_NS + CUT * SECOND_NS)
    here = assignment(from_ns=START_NS + CUT * SECOND_NS)
    second = RecordedCall(call.arrivals, (here,), END)
    journal.append(StreamsChanged(START_NS + BACK * SECOND_NS, second._descriptions()))
    decision = Decision(Verdict.RECORDED, (), (gone, here))
    journal.append(Decided(START_NS + BACK * SECOND_NS, decision))
    block = call._block(BACK)
    assert block is not None
    journal.append_packets(block)
    journal.close()
    (piece,) = finalise_journal(call.paths[1], node.bench()).recordings
    assert piece.assignment.owner_id == here.owner_id


def test_a_recorder_that_never_comes_back_leaves_a_call_cut_off(node: Node) -> None:
    call, catalogue = CutCall(node), FakeCatalogue()
    call.write(ended=False)
    checkpoint = checkpoint_path(node.spool, continuation_of(call.first))
    checkpoint.write_bytes(b"sealed")
    for path in (checkpoint, *call.paths):
        os.utime(path, (time.time() - 301, time.time() - 301))
    one = worker(node, catalogue)
    one.run_once(now_s=0)
    one.run_once(now_s=1)
    (facts,) = catalogue.recordings.values()
    assert facts.end_reason == "cut_off"
    assert list(node.spool.iterdir()) == []
    one.close()
