"""A session that records on demand: from a start to a stop, and as it was asked after a restart."""

from uuid import UUID

import pytest
from msgspec.structs import replace

from callvault.clock import Instant
from callvault.errors import ProtocolError
from callvault.policy.decision import Capturing, Verdict
from callvault.policy.modes import RecordingMode
from callvault.policy.wishes import Piece
from callvault.recorder.actions import (
    Append,
    CaptureAs,
    CloseJournal,
    GoOn,
    MediaChecked,
    OpenJournal,
)
from callvault.recorder.requests import KeepRequested, StartRequested, StopRequested
from callvault.spool.entries import Decided, TimelineEvent
from tests.policy.cast import ANN, TRUNK
from tests.recorder.bench import SECOND, START, Bench

ON_DEMAND = replace(TRUNK, mode=RecordingMode.ON_DEMAND)
LIVE_KEEP = replace(TRUNK, mode=RecordingMode.LIVE_KEEP)


def answered(bench: Bench) -> Bench:
    bench.invite()
    bench.ack()
    return bench


def test_nothing_is_captured_until_somebody_starts_it() -> None:
    bench = answered(Bench(trunk=ON_DEMAND))
    opened = next(one for one in bench.actions if isinstance(one, OpenJournal))
    assert not opened.captures
    bench.now_s = 5
    told, capture, decided = bench.feed(StartRequested("Ann Keller", "wanted"))
    at_ns = START + 5 * SECOND
    assert told == Append(TimelineEvent(at_ns, "started", "Ann Keller", "wanted"))
    assert capture == CaptureAs(Capturing.KEEP)
    assert isinstance(decided, Append)
    assert isinstance(decided.entry, Decided)
    assert decided.entry.decision.verdict is Verdict.RECORDED
    assert [one.from_ns for one in decided.entry.decision.assignments] == [at_ns]


def test_a_stop_is_told_when_nothing_is_kept_any_more() -> None:
    bench = answered(Bench(trunk=ON_DEMAND))
    bench.feed(StartRequested("Ann"))
    bench.now_s = 5
    capture, decided, told = bench.feed(StopRequested("Ann"))
    assert capture == CaptureAs(Capturing.NOTHING)
    assert isinstance(decided, Append)
    assert told == Append(TimelineEvent(START + 5 * SECOND, "stopped", "Ann"))


def test_what_changes_nothing_is_not_told() -> None:
    bench = answered(Bench(trunk=ON_DEMAND))
    assert bench.feed(StopRequested("Ann")) == []
    bench.feed(StartRequested("Ann"))
    assert bench.feed(StartRequested("Bob")) == []
    assert bench.feed(KeepRequested("Ann")) == []  # of another mode


@pytest.mark.parametrize("owners", [frozenset(), frozenset([UUID(int=99)])])
def test_a_start_for_others_starts_nothing(owners: frozenset[UUID]) -> None:
    bench = answered(Bench(trunk=ON_DEMAND))
    assert bench.feed(StartRequested("Sam", owners=owners)) == []
    assert bench.feed(StartRequested("Sam", owners=frozenset([ANN.user_id]))) != []


def test_an_always_on_call_is_neither_started_nor_stopped() -> None:
    bench = answered(Bench())
    assert bench.feed(StartRequested("Ann")) + bench.feed(StopRequested("Ann")) == []
    assert bench.session.capturing.wanted is Capturing.KEEP


def test_a_mark_keeps_a_call_from_its_beginning() -> None:
    bench = answered(Bench(trunk=LIVE_KEEP))
    assert bench.decision.verdict is Verdict.NOT_KEPT
    assert bench.session.capturing.wanted is Capturing.KEEP
    bench.feed(KeepRequested("Ann"))
    assert (bench.decision.verdict, bench.decision.assignments[0].from_ns) == (Verdict.RECORDED, 0)


def test_nothing_can_be_asked_of_a_call_that_is_not_answered() -> None:
    bench = Bench(trunk=ON_DEMAND)
    with pytest.raises(ProtocolError):
        bench.feed(StartRequested("Ann"))


def test_what_was_asked_for_is_remembered_by_the_next_process() -> None:
    bench = answered(Bench(trunk=ON_DEMAND))
    bench.feed(StartRequested("Ann"))
    memory = bench.session.memory(Instant(bench.at_ns, 100 * SECOND))
    assert memory is not None
    assert memory.wishes.pieces == {ANN.user_id: (Piece(START),)}
    assert memory.capturing is Capturing.KEEP


def test_a_call_that_grew_too_long_goes_on_being_recorded_on_demand() -> None:
    bench = answered(Bench(trunk=ON_DEMAND, max_call_s=60))
    bench.feed(StartRequested("Ann"))
    bench.now_s = 61
    bench.feed(MediaChecked(10))
    (rest,) = (one.memory for one in bench.actions if isinstance(one, GoOn))
    assert rest.wishes.pieces == {ANN.user_id: (Piece(START + 61 * SECOND),)}
    assert isinstance(bench.actions[-1], CloseJournal)
