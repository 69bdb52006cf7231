"""Calls in live-keep mode: waited for, kept whole or destroyed by the worker."""

import pickle
from collections.abc import Callable
from hashlib import sha256
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from callvault import clock
from callvault.clock import Instant
from callvault.errors import JournalDamaged
from callvault.finalise.awaiting import MARGIN_NS, REST_NS, MarksAwaited
from callvault.finalise.benches import Benches
from callvault.finalise.recovery import Outcome, Recovery
from callvault.finalise.twin import TWIN_STREAMS, joined
from callvault.policy.decision import Decision, Verdict
from callvault.policy.legal_hold import Held
from callvault.policy.live_keep import settle
from callvault.policy.modes import Keeping, RecordingMode
from callvault.policy.wishes import Mark
from callvault.spool import (
    JournalReader,
    add_marks,
    chains,
    journal_path,
    rest_of,
    scan,
    twin_of,
    write_marks,
)
from tests.audio.wire import START_NS
from tests.finalise.bench import FakeCatalogue, Node, RecordedCall, assignment
from tests.finalise.test_recovery import Listing
from tests.finalise.test_worker import NewWorker, call, catalogue, new_worker, spooled  # noqa: F401

ANN, BOB = UUID(int=7), UUID(int=8)


def live_keep_call(node: Node, *, keeps_unmarked: bool = False) -> UUID:
    """Spool a call of two seconds that nobody has marked."""
    return spooled(node, offered_call(keeps_unmarked=keeps_unmarked))


def offered_call(*, keeps_unmarked: bool = False) -> RecordedCall:
    """Return such a call."""
    made = call()
    offered = (assignment(owner_id=ANN, mode=RecordingMode.LIVE_KEEP),)
    made.decision = Decision(
        Verdict.NOT_KEPT, (), offered=offered, keeping=Keeping(1, keeps_unmarked=keeps_unmarked)
    )
    return made


@pytest.fixture
def clock_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Set the clock that says whether marks may still come, in seconds from the call's start."""

    def set_to(seconds: float) -> None:
        at_ns = START_NS + int(seconds * 1_000_000_000)
        monkeypatch.setattr(clock, "read", lambda: Instant(at_ns, at_ns))

    return set_to


AFTER_S = 2 + 1 + MARGIN_NS / 1e9 + 0.1
"""Length of the call, how long marks may come, and the margin."""


def test_a_call_that_may_still_be_marked_waits_and_is_destroyed_then(
    node: Node,
    catalogue: FakeCatalogue,  # noqa: F811 - a fixture and its use
    new_worker: NewWorker,  # noqa: F811
    clock_at: Callable[[float], None],
) -> None:
    journal_id, worker = live_keep_call(node), new_worker()
    path = journal_path(node.spool, journal_id)
    digest = sha256(path.read_bytes()).hexdigest()
    clock_at(3)
    assert worker.run_once(now_s=0) == 0
    assert worker.run_once(now_s=1) == 0
    assert path.exists()
    assert catalogue.calls == {}
    erased = path.with_suffix(".link")
    erased.hardlink_to(path)
    clock_at(AFTER_S)
    assert worker.run_once(now_s=20) == 1
    assert not path.exists()
    (told,) = catalogue.calls.values()
    assert (told.verdict, told.recording_ids) == (Verdict.NOT_KEPT, ())
    assert [(one.owner_username, one.reason) for one in told.destroyed] == [("ann", "unmarked")]
    assert told.destroyed_sha256 == digest
    with pytest.raises(JournalDamaged):  # the key is gone, not only the name
        JournalReader.open(erased, node.bench().unwrap)


def test_a_mark_after_the_call_keeps_it_whole_and_at_once(
    node: Node,
    catalogue: FakeCatalogue,  # noqa: F811 - a fixture and its use
    new_worker: NewWorker,  # noqa: F811
    clock_at: Callable[[float], None],
) -> None:
    journal_id, worker = live_keep_call(node), new_worker()
    path = journal_path(node.spool, journal_id)
    clock_at(3)
    worker.run_once(now_s=0)
    write_marks(path, {ANN: Mark.KEPT})
    assert worker.run_once(now_s=1) == 1
    (told,), (recording,) = catalogue.calls.values(), catalogue.recordings.values()
    assert (told.verdict, told.destroyed) == (Verdict.RECORDED, ())
    assert recording.duration_ms == 2000
    assert list(node.spool.glob(f"{journal_id.hex}*")) == []


@pytest.mark.parametrize(
    ("who", "at_s", "is_kept"),
    [(ANN, 1, True), (ANN, 2.9, True), (ANN, 3.1, False), (BOB, 1, False)],
)
def test_what_a_user_said_to_another_node_while_this_one_was_away_keeps_the_call(
    node: Node,
    catalogue: FakeCatalogue,  # noqa: F811 - a fixture and its use
    new_worker: NewWorker,  # noqa: F811
    clock_at: Callable[[float], None],
    monkeypatch: pytest.MonkeyPatch,
    who: UUID,
    at_s: float,
    *,
    is_kept: bool,
) -> None:
    wish = (who, START_NS + int(at_s * 1_000_000_000))
    monkeypatch.setattr(catalogue, "held", lambda: Held(wishes=(wish,)))
    live_keep_call(node)
    clock_at(AFTER_S + 86_400)  # it was down for a day
    assert new_worker().run_once(now_s=0) == 1
    (told,) = catalogue.calls.values()
    assert (told.verdict is Verdict.RECORDED) is is_kept


@pytest.mark.parametrize("is_dropped", [False, True])
def test_where_unmarked_calls_are_kept_one_that_is_dropped_is_destroyed(
    node: Node,
    catalogue: FakeCatalogue,  # noqa: F811 - a fixture and its use
    new_worker: NewWorker,  # noqa: F811
    clock_at: Callable[[float], None],
    *,
    is_dropped: bool,
) -> None:
    journal_id = live_keep_call(node, keeps_unmarked=True)
    if is_dropped:
        path = journal_path(node.spool, journal_id)
        write_marks(path, {ANN: Mark.DROPPED})
    clock_at(AFTER_S)
    assert new_worker().run_once(now_s=0) == 1
    (told,) = catalogue.calls.values()
    assert [one.reason for one in told.destroyed] == (["dropped"] if is_dropped else [])
    assert len(told.recording_ids) == (not is_dropped)


def test_marks_that_cannot_be_read_destroy_nothing(
    node: Node,
    catalogue: FakeCatalogue,  # noqa: F811 - a fixture and its use
    new_worker: NewWorker,  # noqa: F811
    clock_at: Callable[[float], None],
) -> None:
    path = journal_path(node.spool, live_keep_call(node))
    path.with_suffix(".marks").write_bytes(b"{")
    clock_at(AFTER_S)
    assert new_worker().run_once(now_s=0) == 0
    assert path.exists()
    assert [one.verdict for one in catalogue.calls.values()] == [Verdict.FAILED]


def test_two_legs_of_a_call_wait_for_one_mark_and_are_one_recording() -> None:
    keeping, recording_id = Keeping(120), UUID(int=50)
    near, far = (
        Decision(
            Verdict.NOT_KEPT,
            (),
            offered=(
                assignment(
                    recording_id=recording_id,
                    owner_id=ANN,
                    mode=RecordingMode.LIVE_KEEP,
                    owner_streams=owner,
                    remote_streams=remote,
                ),
            ),
            keeping=keeping,
        )
        for owner, remote in (((0,), ()), ((), (0,)))
    )
    both = joined(near, far)
    assert both is not None
    (one,) = both.offered
    assert (one.owner_streams, one.remote_streams) == ((0,), (TWIN_STREAMS,))
    kept = replace(far, verdict=Verdict.RECORDED, assignments=far.offered, offered=(), keeping=None)
    made = joined(near, kept)
    assert made is not None
    assert (made.verdict, len(made.assignments), made.offered) == (Verdict.RECORDED, 1, ())
    assert settle(made, {}).destroyed == ()


def test_that_marks_are_awaited_comes_back_from_a_child_process() -> None:
    awaited = pickle.loads(pickle.dumps(MarksAwaited(5)))  # noqa: S301 - our own
    assert (awaited.until_ns, str(awaited)) == (5, "somebody may still mark the call")


@pytest.mark.parametrize("seconds", [3, AFTER_S])
def test_recovery_waits_for_marks_and_destroys_what_nobody_kept(
    node: Node, clock_at: Callable[[float], None], seconds: float
) -> None:
    path = journal_path(node.spool, live_keep_call(node))
    listing = Listing()
    clock_at(seconds)
    bench = node.bench()
    recovery = Recovery("callvault-2", listing, bench, Benches(bench, 1))
    (found,) = recovery.run(chains(scan(node.spool)))
    is_over = seconds == AFTER_S
    assert found.outcome is (Outcome.NOT_KEPT if is_over else Outcome.FAILED)
    assert path.exists() is not is_over
    assert len(listing.calls) == is_over


def test_of_a_damaged_journal_in_which_no_mark_is_found_nothing_is_destroyed(
    node: Node,
    catalogue: FakeCatalogue,  # noqa: F811
    new_worker: NewWorker,  # noqa: F811
    clock_at: Callable[[float], None],
) -> None:
    path = journal_path(node.spool, live_keep_call(node))
    content = bytearray(path.read_bytes())
    content[-30] ^= 1  # of what is behind the decision
    path.write_bytes(content)
    clock_at(AFTER_S)
    worker = new_worker()
    worker.run_once(now_s=0)
    worker.run_once(now_s=1)
    (told,) = catalogue.calls.values()
    assert (told.verdict, told.destroyed) == (Verdict.NOT_KEPT, ())
    assert (path.parent / "damaged" / path.name).read_bytes() == bytes(content)


def test_what_is_kept_in_a_damaged_journal_stays_though_another_user_dropped_it(
    node: Node,
    catalogue: FakeCatalogue,  # noqa: F811
    new_worker: NewWorker,  # noqa: F811
    clock_at: Callable[[float], None],
) -> None:
    made, bob = call(), UUID(int=8)
    offered = tuple(
        assignment(recording_id=uuid4(), owner_id=one, mode=RecordingMode.LIVE_KEEP)
        for one in (ANN, bob)
    )
    made.decision = Decision(Verdict.NOT_KEPT, (), offered=offered, keeping=Keeping(1))
    path = journal_path(node.spool, spooled(node, made))
    content = bytearray(path.read_bytes())
    content[-30] ^= 1
    path.write_bytes(content)
    write_marks(path, {ANN: Mark.KEPT, bob: Mark.DROPPED})
    clock_at(AFTER_S)
    worker = new_worker()
    worker.run_once(now_s=0)
    worker.run_once(now_s=1)
    (told,) = catalogue.calls.values()
    assert (len(told.recording_ids), told.destroyed) == (1, ())
    assert (path.parent / "damaged" / path.name).read_bytes() == bytes(content)


def test_a_part_of_a_call_that_grew_too_long_waits_for_the_end_of_its_rest(
    node: Node,
    catalogue: FakeCatalogue,  # noqa: F811
    new_worker: NewWorker,  # noqa: F811
    clock_at: Callable[[float], None],
) -> None:
    journal_id, worker = live_keep_call(node), new_worker()
    path = journal_path(node.spool, journal_id)
    with node.journal(rest_of(journal_id)):
        clock_at(AFTER_S)
        worker.run_once(now_s=0)
        clock_at(AFTER_S + 60)
        worker.run_once(now_s=60)
        assert path.exists()
        assert catalogue.calls == {}
        add_marks(path, {ANN: Mark.KEPT})  # said of the rest, while the call goes on
        assert worker.run_once(now_s=61) == 1
    assert [len(one.recording_ids) for one in catalogue.calls.values()] == [1]
    again = live_keep_call(node)
    rest = journal_path(node.spool, rest_of(again))
    with node.journal(rest_of(again)):
        worker.run_once(now_s=62)
    rest.unlink()  # it is finished, and nobody marked it
    clock_at(AFTER_S + 60 + REST_NS / 1e9)
    assert worker.run_once(now_s=63) == 1
    assert not journal_path(node.spool, again).exists()


def test_a_part_whose_first_leg_left_no_journal_waits_for_the_rest_too(
    node: Node,
    catalogue: FakeCatalogue,  # noqa: F811
    new_worker: NewWorker,  # noqa: F811
    clock_at: Callable[[float], None],
) -> None:
    pair_id, worker = uuid4(), new_worker()
    made = offered_call()
    made.write(node.journal(twin_of(pair_id), twin_of=pair_id))
    with node.journal(rest_of(pair_id)):
        clock_at(AFTER_S)
        worker.run_once(now_s=0)
        clock_at(AFTER_S + 60)
        worker.run_once(now_s=60)
        assert journal_path(node.spool, twin_of(pair_id)).exists()
        assert [one.destroyed for one in catalogue.calls.values()] == []
