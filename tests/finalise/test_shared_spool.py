"""Two workers on one spool, and a worker whose catalogue is away for a while."""

from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from callvault.errors import CatalogueUnreachable
from callvault.finalise.benches import Benches, Paths
from callvault.finalise.catalogue import CallFacts, RecordingFacts
from callvault.finalise.journal import FinishedJournal
from callvault.finalise.worker import Worker
from callvault.policy.decision import Verdict
from callvault.policy.legal_hold import NOTHING_HELD, Held
from callvault.spool import Claim, claim, journal_path
from callvault.spool.entries import NodeEvent
from tests.audio.wire import START_NS
from tests.finalise.bench import FakeCatalogue, Node
from tests.finalise.test_worker import call, settle, spooled


class CountingCatalogue(FakeCatalogue):
    """Counts how often it was asked; `away` makes it as a database that is gone."""

    away = False
    asked = 0

    def add_call(self, call: CallFacts, recordings: tuple[RecordingFacts, ...]) -> None:
        """Refuse, or list."""
        self._answer()
        super().add_call(call, recordings)

    def add_node_event(self, event: NodeEvent, *, node: str) -> None:
        """Refuse, or keep."""
        self._answer()
        super().add_node_event(event, node=node)

    def _answer(self) -> None:
        self.asked += 1
        if self.away:
            raise CatalogueUnreachable("the catalogue is out of reach: locked")


class CountingBenches(Benches):
    """Remembers what it was given to finish."""

    def __init__(self, node: Node) -> None:
        super().__init__(node.bench(), 1)
        self.given: list[str] = []

    def submit(
        self, paths: Paths, twin: Paths = (), held: Held | None = NOTHING_HELD
    ) -> Future[FinishedJournal]:
        """Remember and finish."""
        self.given.append(paths[0].name)
        return super().submit(paths, twin, held)


Pair = tuple[tuple[Worker, CountingBenches], tuple[Worker, CountingBenches]]


def worker_on(node: Node, catalogue: CountingCatalogue) -> tuple[Worker, CountingBenches]:
    benches = CountingBenches(node)
    return Worker(node.spool, "callvault-1", catalogue, node.bench(), benches), benches


@pytest.fixture
def catalogue() -> CountingCatalogue:
    return CountingCatalogue()


@pytest.fixture
def pair(node: Node, catalogue: CountingCatalogue) -> Iterator[Pair]:
    first, second = worker_on(node, catalogue), worker_on(node, catalogue)
    yield first, second
    first[0].close()
    second[0].close()


def test_what_one_worker_has_the_other_leaves_alone(
    node: Node, catalogue: CountingCatalogue, pair: Pair
) -> None:
    (first, _), (second, given_to_second) = pair
    journal_id = spooled(node, call())
    catalogue.away = True
    first.run_once(now_s=0)  # sealed, and held until it can be listed
    catalogue.away = False
    assert second.run_once(now_s=0) == 0
    assert given_to_second.given == []
    assert first.run_once(now_s=2) == 1
    assert catalogue.calls[journal_id].verdict is Verdict.RECORDED
    assert list(node.spool.iterdir()) == []


def test_a_worker_takes_over_what_another_lets_go(
    node: Node, catalogue: CountingCatalogue, pair: Pair
) -> None:
    (first, _), (second, _) = pair
    spooled(node, call())
    catalogue.away = True
    first.run_once(now_s=0)
    first.close()
    catalogue.away = False
    assert second.run_once(now_s=0) == 1
    assert list(node.spool.iterdir()) == []


def test_an_event_journal_is_followed_by_one_worker_only(
    node: Node, catalogue: CountingCatalogue, pair: Pair
) -> None:
    (first, _), (second, _) = pair
    with node.journal(uuid4(), events=True) as journal:
        journal.append(NodeEvent(START_NS, UUID(int=3), "started"))
        first.run_once(now_s=0)
        second.run_once(now_s=0)
        journal.append(NodeEvent(START_NS, UUID(int=4), "stopped"))
        second.run_once(now_s=1)
        assert len(catalogue.node_events) == 1
        first.close()
        second.run_once(now_s=2)
        assert [event.kind for event in catalogue.node_events] == ["started", "stopped"]


def test_a_journal_that_another_worker_removed_meanwhile_is_not_begun(
    node: Node, catalogue: CountingCatalogue, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first, _), (second, given_to_second) = pair
    spooled(node, call())

    def claim_too_late(folder: Path, journal_id: UUID) -> Claim | None:
        monkeypatch.undo()
        first.run_once(now_s=0)
        return claim(folder, journal_id)

    monkeypatch.setattr("callvault.finalise.worker.claim", claim_too_late)
    assert second.run_once(now_s=0) == 0
    assert given_to_second.given == []
    assert len(catalogue.recordings) == 1
    assert list(node.spool.iterdir()) == []


def test_an_outage_of_the_catalogue_fails_no_journal_and_seals_none_twice(
    node: Node, catalogue: CountingCatalogue, pair: Pair
) -> None:
    (at_work, benches), _ = pair
    journals = {spooled(node, call(1)) for _ in range(3)}
    catalogue.away = True
    for now_s in range(60):
        at_work.run_once(now_s=now_s)
    assert catalogue.asked == 7  # after 0, 1, 3, 7, 15, 30 and 45 seconds
    assert catalogue.calls == {}
    catalogue.away = False
    for now_s in range(60, 80):
        at_work.run_once(now_s=now_s)
    assert set(catalogue.calls) == journals
    assert all(one.verdict is Verdict.RECORDED for one in catalogue.calls.values())
    assert len(benches.given) == 3
    assert list(node.spool.iterdir()) == []


def test_a_journal_that_failed_may_be_tried_by_another_worker(
    node: Node, catalogue: CountingCatalogue, pair: Pair
) -> None:
    (first, _), _ = pair
    catalogue.broken = True
    journal_id = spooled(node, call())
    settle(node, journal_id)
    first.run_once(now_s=0)
    assert journal_path(node.spool, journal_id).exists()
    held = claim(node.spool, journal_id)
    assert held is not None
    held.release()
