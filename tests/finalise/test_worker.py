import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from callvault.config.sections import Config, FinaliseConfig, SpoolConfig
from callvault.finalise.benches import Benches
from callvault.finalise.worker import LONGEST_REST_S, Worker, run_worker
from callvault.policy.decision import Decision, Verdict
from callvault.spool import journal_path
from callvault.spool.entries import CallVerdict, NodeEvent, PeerAttempt
from callvault.vault import Role
from tests.audio.wire import START_NS, Sender, speech
from tests.finalise.bench import FakeCatalogue, Node, RecordedCall, assignment
from tests.finalise.test_journal import damage


@pytest.fixture
def catalogue() -> FakeCatalogue:
    return FakeCatalogue()


NewWorker = Callable[..., Worker]


@pytest.fixture
def new_worker(node: Node, catalogue: FakeCatalogue) -> Iterator[NewWorker]:
    made = []

    def make(*, processes: int = 1) -> Worker:
        bench = node.bench()
        benches = Benches(bench, processes)
        made.append(Worker(node.spool, "callvault-1", catalogue, bench, benches))
        return made[-1]

    yield make
    for one in made:
        one.close()


def call(seconds: float = 2, *, verdict: Verdict = Verdict.RECORDED) -> RecordedCall:
    owner, remote = Sender(), Sender(ssrc=0x22)
    owner.say(speech(seconds))
    remote.say(speech(seconds, seed=2))
    assignments = (assignment(),) if verdict is Verdict.RECORDED else ()
    return RecordedCall({0: owner.arrivals, 1: remote.arrivals}, assignments, seconds, verdict)


def spooled(node: Node, made: RecordedCall, *, whole: bool = True) -> UUID:
    journal_id = uuid4()
    made.write(node.journal(journal_id), whole=whole)
    return journal_id


def settle(node: Node, journal_id: UUID, *, events: bool = False) -> None:
    """Let the journal be as old as if its recorder had made it a while ago."""
    path = journal_path(node.spool, journal_id, events=events)
    os.utime(path, (time.time() - 10, time.time() - 10))


def test_a_closed_journal_is_listed_and_removed(
    node: Node, catalogue: FakeCatalogue, new_worker: NewWorker
) -> None:
    made = call()
    journal_id = spooled(node, made)
    assert new_worker().run_once(now_s=0) == 1
    assert catalogue.calls[journal_id].verdict is Verdict.RECORDED
    assert list(catalogue.recordings) == [made.assignments[0].recording_id]
    assert list(node.spool.iterdir()) == []


def test_a_live_journal_is_left_alone(
    node: Node, catalogue: FakeCatalogue, new_worker: NewWorker
) -> None:
    with node.journal(uuid4()):
        assert new_worker().run_once(now_s=0) == 0
        assert len(list(node.spool.iterdir())) == 1
    assert catalogue.calls == {}


def test_a_discarded_call_leaves_its_verdict_and_nothing_else(
    node: Node, catalogue: FakeCatalogue, new_worker: NewWorker
) -> None:
    journal_id = spooled(node, call(verdict=Verdict.DISCARDED))
    new_worker().run_once(now_s=0)
    assert catalogue.calls[journal_id].verdict is Verdict.DISCARDED
    assert catalogue.recordings == {}
    assert list(node.spool.iterdir()) == []
    assert list(node.store.list()) == []


def test_while_the_catalogue_is_away_the_journal_stays_and_nothing_is_lost(
    node: Node, catalogue: FakeCatalogue, new_worker: NewWorker
) -> None:
    made = call()
    journal_id = spooled(node, made)
    at_work = new_worker()
    catalogue.broken = True
    assert at_work.run_once(now_s=0) == 0
    assert journal_path(node.spool, journal_id).exists()
    catalogue.broken = False
    assert at_work.run_once(now_s=1) == 0  # too early
    assert at_work.run_once(now_s=6) == 1
    assert list(catalogue.recordings) == [made.assignments[0].recording_id]
    assert list(node.spool.iterdir()) == []


def test_a_worker_that_died_before_the_journal_was_removed_does_it_again_without_harm(
    node: Node, catalogue: FakeCatalogue, new_worker: NewWorker
) -> None:
    journal_id = spooled(node, call())
    path = journal_path(node.spool, journal_id)
    kept = path.read_bytes()
    new_worker().run_once(now_s=0)
    listed = dict(catalogue.recordings)
    path.write_bytes(kept)
    new_worker().run_once(now_s=0)
    assert catalogue.recordings == listed
    assert not path.exists()


def test_a_damaged_journal_is_listed_once_and_kept_aside(
    node: Node, catalogue: FakeCatalogue, new_worker: NewWorker
) -> None:
    made = call(6)
    journal_id = spooled(node, made)
    path = journal_path(node.spool, journal_id)
    damage(path, at=path.stat().st_size * 2 // 3)
    at_work = new_worker()
    assert [at_work.run_once(now_s=n) for n in (0, 100)] == [1, 0]
    recording = catalogue.recordings[made.assignments[0].recording_id]
    assert "damaged" in recording.quality.flags
    assert (node.spool / "damaged" / path.name).exists()


def test_a_journal_that_cannot_even_be_opened_is_a_failed_call_and_kept_aside(
    node: Node, catalogue: FakeCatalogue, new_worker: NewWorker
) -> None:
    journal_id = spooled(node, call())
    path = journal_path(node.spool, journal_id)
    path.write_bytes(b"not a journal")
    settle(node, journal_id)
    new_worker().run_once(now_s=0)
    assert catalogue.calls[journal_id].verdict is Verdict.FAILED
    assert catalogue.calls[journal_id].problem
    assert (node.spool / "damaged" / path.name).exists()


def test_a_journal_that_was_made_this_moment_is_not_taken_for_damaged(
    node: Node, catalogue: FakeCatalogue, new_worker: NewWorker
) -> None:
    path = journal_path(node.spool, uuid4())
    path.touch()
    new_worker().run_once(now_s=0)
    assert path.exists()
    assert catalogue.calls == {}


def test_a_missing_key_names_the_certificate_and_the_next_journal_is_done(
    node: Node, catalogue: FakeCatalogue, new_worker: NewWorker, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    stranger = Node(elsewhere)
    node.keyring, own = stranger.keyring, node.keyring
    locked = spooled(node, call())
    settle(node, locked)
    node.keyring = own
    fine = spooled(node, call())
    at_work = new_worker()
    assert at_work.run_once(now_s=0) == 1
    fingerprint = stranger.keyring.current(Role.INGEST)[0].info.fingerprint
    assert fingerprint in catalogue.calls[locked].problem
    assert catalogue.calls[fine].verdict is Verdict.RECORDED
    assert journal_path(node.spool, locked).exists()
    assert at_work.run_once(now_s=4) == 0


def test_retries_come_later_and_later(
    node: Node, catalogue: FakeCatalogue, new_worker: NewWorker
) -> None:
    journal_id = spooled(node, call())
    catalogue.broken = True
    at_work = new_worker()
    tried: list[int] = []
    for now_s in range(200):
        at_work.run_once(now_s=now_s)
        if at_work._retries[journal_id].failures > len(tried):
            tried.append(now_s)
    assert tried == [0, 5, 15, 35, 75, 155]


@pytest.mark.flow
def test_several_processes_do_what_one_does(
    node: Node, catalogue: FakeCatalogue, new_worker: NewWorker
) -> None:
    journals = [spooled(node, call(1)) for _ in range(5)]
    at_work = new_worker(processes=2)
    until_s = time.monotonic() + 60
    while len(catalogue.calls) < 5 and time.monotonic() < until_s:
        at_work.run_once(now_s=time.monotonic())
    at_work.close()
    assert set(catalogue.calls) == set(journals)
    assert list(node.spool.iterdir()) == []


@pytest.mark.flow
def waited_for_a_core_s(thread: threading.Thread) -> float:
    """Return how long other processes had the cores while a thread could have run (proc(5))."""
    told = Path(f"/proc/self/task/{thread.native_id}/schedstat").read_text()
    return int(told.split()[1]) / 1e9


def test_a_three_minute_call_is_playable_two_seconds_after_its_end(
    node: Node, catalogue: FakeCatalogue, tmp_path: Path
) -> None:
    made = call(180)
    config = Config(spool=SpoolConfig(folder=node.spool), finalise=FinaliseConfig(processes=1))
    stop = threading.Event()
    thread = threading.Thread(
        target=run_worker,
        args=(config,),
        kwargs={
            "catalogue": catalogue,
            "keyring": node.keyring,
            "store": node.store,
            "stop": stop,
        },
    )
    thread.start()
    spooled(node, made)
    ended_s = time.monotonic()
    while not catalogue.recordings and time.monotonic() < ended_s + 30:
        time.sleep(0.01)
    took_s = time.monotonic() - ended_s - waited_for_a_core_s(thread)
    stop.set()
    thread.join()
    assert list(catalogue.recordings) == [made.assignments[0].recording_id]
    assert took_s < 2


def verdict(number: int) -> CallVerdict:
    return CallVerdict(
        at_ns=START_NS,
        event_id=UUID(int=number),
        verdict=Verdict.REFUSED,
        decision=Decision(Verdict.REFUSED, ()),
        trunk=None,
        peer="192.0.2.14:5060",
        call_id="c9",
        caller="5550142",
        callee="2014",
        sip_status=503,
    )


def test_node_events_reach_the_catalogue_once_while_their_journal_grows(
    node: Node, catalogue: FakeCatalogue, new_worker: NewWorker
) -> None:
    journal_id = uuid4()
    at_work = new_worker()
    with node.journal(journal_id, events=True) as journal:
        journal.append(verdict(1))
        journal.append(
            PeerAttempt(START_NS, UUID(int=2), "198.51.100.9", 5060, "udp", "INVITE", "sip:x@y")
        )
        at_work.run_once(now_s=0)
        at_work.run_once(now_s=1)
        journal.append(NodeEvent(START_NS, UUID(int=3), "started"))
        at_work.run_once(now_s=2)
        assert catalogue.read == {journal_id: 3}
        journal.end()
    assert catalogue.calls[UUID(int=1)].sip_status == 503
    assert [one.peer_address for one in catalogue.attempts] == ["198.51.100.9"]
    assert [one.kind for one in catalogue.node_events] == ["started"]
    at_work.run_once(now_s=3)
    assert list(node.spool.iterdir()) == []


def test_a_worker_that_starts_anew_goes_on_where_the_catalogue_is(
    node: Node, catalogue: FakeCatalogue, new_worker: NewWorker
) -> None:
    journal_id = uuid4()
    with node.journal(journal_id, events=True) as journal:
        for number in range(5):
            journal.append(verdict(number))
        catalogue.read[journal_id] = 3
        new_worker().run_once(now_s=0)
    assert set(catalogue.calls) == {UUID(int=3), UUID(int=4)}


def test_an_event_journal_whose_recorder_died_is_removed_when_it_is_read(
    node: Node, catalogue: FakeCatalogue, new_worker: NewWorker
) -> None:
    journal_id = uuid4()
    with node.journal(journal_id, events=True) as journal:
        journal.append(verdict(1))
    settle(node, journal_id, events=True)
    new_worker().run_once(now_s=0)
    assert list(catalogue.calls) == [UUID(int=1)]
    assert list(node.spool.iterdir()) == []


def test_an_event_journal_that_cannot_be_opened_is_reported_once(
    node: Node, catalogue: FakeCatalogue, new_worker: NewWorker
) -> None:
    path = journal_path(node.spool, uuid4(), events=True)
    path.write_bytes(b"nonsense")
    settle(node, UUID(hex=path.stem.removeprefix("events-")), events=True)
    new_worker().run_once(now_s=0)
    assert [one.kind for one in catalogue.node_events] == ["event_journal_unreadable"]
    assert (node.spool / "damaged" / path.name).exists()


def test_events_that_the_catalogue_refused_are_handed_over_again(
    node: Node, catalogue: FakeCatalogue, new_worker: NewWorker
) -> None:
    journal_id = uuid4()
    with node.journal(journal_id, events=True) as journal:
        journal.append(NodeEvent(START_NS, UUID(int=3), "started"))
        journal.append(verdict(1))
        journal.end()
    at_work = new_worker()
    catalogue.broken = True
    at_work.run_once(now_s=0)
    assert journal_path(node.spool, journal_id, events=True).exists()
    catalogue.broken = False
    at_work.run_once(now_s=10)
    assert list(catalogue.calls) == [UUID(int=1)]
    assert {one.kind for one in catalogue.node_events} == {"started"}
    assert list(node.spool.iterdir()) == []


class _Stop(threading.Event):
    """Ends a worker at its first rest, and keeps how long that would have been."""

    rest_s = -1.0

    def wait(self, timeout: float | None = None) -> bool:
        self.rest_s = timeout or 0.0
        self.set()
        return True


def test_a_round_that_was_long_by_its_work_is_followed_by_the_next_one_soon(
    node: Node,
    catalogue: FakeCatalogue,
    new_worker: NewWorker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spooled(node, call())
    ticks = iter(range(0, 100_000, 60))
    monkeypatch.setattr("callvault.finalise.worker.time.monotonic", lambda: float(next(ticks)))
    stop = _Stop()
    new_worker().run(stop)
    assert len(catalogue.calls) == 1
    assert stop.rest_s == LONGEST_REST_S
