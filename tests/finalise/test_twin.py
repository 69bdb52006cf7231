"""Two journals of one voice each become one recording of two channels."""

from pathlib import Path
from uuid import UUID, uuid4

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.audio import libav
from callvault.audio.g711 import Samples
from callvault.config.sections import FinaliseConfig
from callvault.finalise.benches import Benches
from callvault.finalise.journal import FinishedJournal, finalise_journal
from callvault.finalise.reading import Reached
from callvault.finalise.redecode import DecodeOutcome, decode_again
from callvault.finalise.twin import TWIN_STREAMS, joined, read_as_one
from callvault.finalise.worker import Worker
from callvault.policy.decision import Decision, Verdict
from callvault.spool import JournalWriter, chains, journal_path, remove, scan, twin_of
from callvault.spool import chain as chain_module
from callvault.spool.entries import Decided, TimelineEvent
from tests.audio import encoders
from tests.audio.wire import Sender, speech
from tests.finalise.bench import FakeCatalogue, Node, RecordedCall, assignment
from tests.finalise.test_journal import at, audio

LENGTH_S = 12


class CucmCall:
    """A call of twelve seconds in two dialogs, one voice in each; its owner's comes first."""

    def __init__(
        self, node: Node, *, far_first: bool = False, events: tuple[TimelineEvent, ...] = ()
    ) -> None:
        self.node, self.first = node, uuid4()
        self.assignment = assignment()
        voices = {"near": Sender(), "far": Sender(ssrc=0x22)}
        for number, one in enumerate(voices.values()):
            one.say(speech(LENGTH_S, seed=number))
        self.arrivals = {side: one.arrivals for side, one in voices.items()}
        self.sides = ("far", "near") if far_first else ("near", "far")
        self.events = events

    @property
    def second(self) -> UUID:
        return twin_of(self.first)

    def write(self, *, whole: tuple[bool, bool] = (True, True), only: int | None = None) -> None:
        for index, journal_id in enumerate((self.first, self.second)):
            if only is None or only == index:
                self._call(index).write(self._journal(index, journal_id), whole=whole[index])

    def finish(self) -> FinishedJournal:
        first, second = (journal_path(self.node.spool, one) for one in (self.first, self.second))
        twin = (second,) if second.exists() else ()
        return finalise_journal(first, self.node.bench(), twin=twin)

    def _call(self, index: int) -> RecordedCall:
        side = self.sides[index]
        heard = {"owner_streams": (0,), "remote_streams": ()}
        if side == "far":
            heard = {"owner_streams": (), "remote_streams": (0,)}
        one = msgspec.structs.replace(self.assignment, **heard)
        return RecordedCall(
            {0: self.arrivals[side]},
            (one,),
            LENGTH_S - index * 0.01,
            events=self.events,
            first_port=20000 + 10 * index,
        )

    def _journal(self, index: int, journal_id: UUID) -> JournalWriter:
        return self.node.journal(journal_id, twin_of=self.first if index else None)


def loudness(node: Node, finished: FinishedJournal) -> list[float]:
    (facts,) = finished.recordings
    return [float(np.abs(channel.astype(float)).mean()) for channel in audio(node, facts).T]


def alone(node: Node, call: CucmCall, side: str) -> Samples:
    """Return one voice as it sounds in a recording of its own."""
    one = msgspec.structs.replace(
        call.assignment, recording_id=uuid4(), owner_streams=(0,), remote_streams=()
    )
    journal_id = uuid4()
    RecordedCall({0: call.arrivals[side]}, (one,), LENGTH_S).write(node.journal(journal_id))
    (facts,) = finalise_journal(journal_path(node.spool, journal_id), node.bench()).recordings
    return audio(node, facts)[:, 0]


@pytest.mark.parametrize("far_first", [False, True])
def test_each_voice_has_its_channel_whichever_came_first(node: Node, *, far_first: bool) -> None:
    call = CucmCall(node, far_first=far_first)
    call.write()
    finished = call.finish()
    (facts,) = finished.recordings
    owner, remote = audio(node, facts).T
    for side, heard, other in (("near", owner, remote), ("far", remote, owner)):
        expected = alone(node, call, side)
        length = min(len(expected), len(heard))
        assert np.corrcoef(expected[:length], heard[:length])[0, 1] > 0.9  # MP3 joins channels
        assert abs(np.corrcoef(expected[:length], other[:length])[0, 1]) < 0.3
    assert facts.journal_ids == (call.first, call.second)
    assert facts.quality.flags == ()
    assert facts.end_reason == "bye"
    assert finished.call.event_id == call.first
    assert finished.call.recording_ids == (call.assignment.recording_id,)
    kinds = [one.kind for one in facts.timeline]
    assert (kinds.count("answered"), kinds.count("ended")) == (1, 1)


def test_doing_it_twice_gives_the_same(node: Node) -> None:
    call = CucmCall(node)
    call.write()
    assert call.finish() == call.finish()


def test_without_its_twin_a_call_has_one_voice(node: Node) -> None:
    call = CucmCall(node)
    call.write(only=0)
    owner, remote = loudness(node, call.finish())
    assert owner > 100
    assert remote < 1


def test_a_twin_that_is_alone_takes_nobodys_place(node: Node) -> None:
    call = CucmCall(node)
    call.write(only=1)
    path = journal_path(node.spool, call.second)
    (facts,) = finalise_journal(path, node.bench()).recordings
    assert facts.assignment.recording_id != call.assignment.recording_id
    assert finalise_journal(path, node.bench()).recordings == (facts,)


def test_a_twin_of_which_nothing_can_be_read_costs_its_voice_and_is_kept(node: Node) -> None:
    call = CucmCall(node)
    call.write()
    journal_path(node.spool, call.second).write_bytes(b"CVJOURNL" + bytes(200))
    finished = call.finish()
    owner, remote = loudness(node, finished)
    assert owner > 100
    assert remote < 1
    assert finished.is_damaged
    assert "damaged" in finished.recordings[0].quality.flags


def test_a_first_journal_of_which_nothing_can_be_read_costs_no_more_than_its_voice(
    node: Node,
) -> None:
    call = CucmCall(node)
    call.write()
    journal_path(node.spool, call.first).write_bytes(b"CVJOURNL" + bytes(200))
    finished = call.finish()
    owner, remote = loudness(node, finished)
    assert owner < 1
    assert remote > 100
    assert finished.is_damaged
    assert finished.call.event_id == call.second
    assert finished.recordings == call.finish().recordings
    catalogue = FakeCatalogue()
    worker = Worker(node.spool, "callvault-1", catalogue, node.bench(), Benches(node.bench(), 1))
    assert worker.run_once(now_s=0.0) == 1
    assert list(scan(node.spool)) == []
    assert len(list((node.spool / "damaged").iterdir())) == 2


def test_a_recorder_that_was_killed_leaves_one_recording_too(node: Node) -> None:
    call = CucmCall(node)
    call.write(whole=(False, True))
    finished = call.finish()
    assert finished.recordings[0].end_reason == "bye"  # as the leg that was whole says
    assert "cut_off" in finished.recordings[0].quality.flags
    assert min(loudness(node, finished)) > 100


def test_the_verdict_of_a_second_voice_that_failed_too_is_that_of_the_first(node: Node) -> None:
    call = CucmCall(node)
    events = []
    for index, journal_id in enumerate((call.first, call.second)):
        with call._journal(index, journal_id) as journal:
            journal.append(Decided(at(1), Decision(Verdict.FAILED, ())))
        path = journal_path(node.spool, journal_id)
        events.append(finalise_journal(path, node.bench()).call.event_id)
    assert events == [call.first, call.first]


def test_a_change_of_parties_is_told_once_though_both_legs_were_updated(node: Node) -> None:
    changes = (
        TimelineEvent(at(2), "transferred", "5550177", detail="5550142"),
        TimelineEvent(at(3), "transferred", "5550142", detail="5550177"),
        TimelineEvent(at(9), "transferred", "5550177", detail="5550142"),
    )
    call = CucmCall(node, events=changes)
    call.write()
    (facts,) = call.finish().recordings
    told = [(one.offset_ms, one.who) for one in facts.timeline if one.kind == "transferred"]
    assert told == [(2000, "5550177"), (3000, "5550142"), (9000, "5550177")]


def test_a_change_that_one_leg_alone_was_told_of_is_not_lost(node: Node) -> None:
    call = CucmCall(node)
    call.write(only=0)
    call.events = (TimelineEvent(at(4), "transferred", "5550177", detail="5550142"),)
    call.write(only=1)
    (facts,) = call.finish().recordings
    assert [one.who for one in facts.timeline if one.kind == "transferred"] == ["5550177"]


def test_what_could_not_be_decoded_is_decoded_later_whichever_leg_it_came_by(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("av")
    call = CucmCall(node, events=(TimelineEvent(at(7), "held"), TimelineEvent(at(7.2), "resumed")))
    far = Sender(ssrc=0x22, payload_type=111)
    for frame in encoders.opus(encoders.spoken(48000)):
        far.send(frame, ticks=960)
    call.arrivals["far"] = far.arrivals
    call.write()
    with monkeypatch.context() as without_codecs:
        without_codecs.setattr(libav, "is_present", lambda: False)
        (before,) = call.finish().recordings
    assert "undecodable" in before.quality.flags
    identity = before.assignment.recording_id
    done = decode_again(identity, node.objects, node.keyring, FinaliseConfig())
    assert done.outcome is DecodeOutcome.DECODED
    assert done.facts is not None
    assert done.facts.quality.remote.undecodable_packets == 0
    assert done.facts.quality.remote.packets == before.quality.remote.packets
    owner, remote = audio(node, done.facts).T
    for heard in (owner, remote):
        assert np.abs(heard[: 5 * 16_000].astype(float)).mean() > 100


def test_a_pause_of_both_is_told_once(node: Node) -> None:
    pauses = (
        TimelineEvent(at(4), "paused", "Rita Marsh"),
        TimelineEvent(at(6), "unpaused", "Rita Marsh"),
    )
    call = CucmCall(node, events=pauses)
    call.write()
    (facts,) = call.finish().recordings
    assert [one.kind for one in facts.timeline].count("paused") == 1
    assert not np.any(audio(node, facts)[int(4.2 * 8000) : int(5.8 * 8000)])


def test_the_worker_takes_both_as_one_call_and_lets_both_go(node: Node) -> None:
    call = CucmCall(node)
    call.write()
    catalogue = FakeCatalogue()
    worker = Worker(node.spool, "callvault-1", catalogue, node.bench(), Benches(node.bench(), 1))
    assert worker.run_once(now_s=0.0) == 1
    assert list(catalogue.calls) == [call.first]
    assert len(catalogue.recordings) == 1
    assert list(scan(node.spool)) == []


def test_the_worker_waits_while_either_dialog_is_live(node: Node) -> None:
    call = CucmCall(node)
    call.write(only=0)
    journal = call._journal(1, call.second)  # its recorder holds it open
    catalogue = FakeCatalogue()
    worker = Worker(node.spool, "callvault-1", catalogue, node.bench(), Benches(node.bench(), 1))
    [chain] = chains(scan(node.spool))
    assert chain.is_live
    assert worker.run_once(now_s=0.0) == 0
    journal.close()


def test_a_crash_while_journals_are_let_go_makes_no_second_recording(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = CucmCall(node)
    call.write()
    real = remove
    gone: list[Path] = []

    def dies_after_one(path: Path) -> None:
        if gone:
            raise SystemExit
        gone.append(path)
        real(path)

    monkeypatch.setattr(chain_module, "remove", dies_after_one)
    catalogue = FakeCatalogue()
    worker = Worker(node.spool, "callvault-1", catalogue, node.bench(), Benches(node.bench(), 1))
    with pytest.raises(SystemExit):
        worker.run_once(now_s=0.0)
    monkeypatch.setattr(chain_module, "remove", real)
    worker.close()
    again = Worker(node.spool, "callvault-1", catalogue, node.bench(), Benches(node.bench(), 1))
    before = dict(catalogue.recordings)
    again.run_once(now_s=1.0)
    assert catalogue.recordings == before
    assert list(scan(node.spool)) == []


def test_decisions_of_both_are_joined_by_recording() -> None:
    one = assignment(owner_streams=(0,), remote_streams=())
    other = msgspec.structs.replace(one, owner_streams=(), remote_streams=(0,))
    both = joined(Decision(Verdict.RECORDED, (), (one,)), Decision(Verdict.RECORDED, (), (other,)))
    assert both is not None
    assert both.assignments[0].owner_streams == (0,)
    assert both.assignments[0].remote_streams == (TWIN_STREAMS,)
    filtered = Decision(Verdict.FILTERED, ())
    kept = joined(filtered, Decision(Verdict.RECORDED, (), (other,)))
    assert kept is not None
    assert (kept.verdict, len(kept.assignments)) == (Verdict.RECORDED, 1)
    assert joined(filtered, filtered) == filtered
    assert joined(None, None) is None


@given(
    st.lists(st.integers(0, 10**12), max_size=20).map(sorted),
    st.lists(st.integers(0, 10**12), max_size=20).map(sorted),
)
def test_nothing_counts_as_reached_before_both_have_reached_it(
    first: list[int], second: list[int]
) -> None:
    items = [
        [one for at_ns in times for one in (TimelineEvent(at_ns, "held"), Reached(at_ns))]
        for times in (first, second)
    ]
    reached_ns, seen = 0, 0
    for item in read_as_one(*items):
        if isinstance(item, Reached):
            assert item.at_ns >= reached_ns
            reached_ns = item.at_ns
        else:
            assert isinstance(item, TimelineEvent)
            assert item.at_ns >= reached_ns
            seen += 1
    assert seen == len(first) + len(second)
    assert reached_ns == max([0, *first, *second])
