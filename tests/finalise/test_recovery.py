"""Journals of another machine are finished, and nothing of theirs is lost."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from callvault.errors import CatalogueUnreachable
from callvault.finalise.benches import Benches
from callvault.finalise.recovery import Outcome, Recovered, Recovery, inspect
from callvault.policy.decision import Decision, Verdict
from callvault.spool import chains, journal_path, scan
from callvault.spool.entries import Decided, DialogEnded, NodeEvent
from callvault.vault import Role
from tests.audio.wire import START_NS
from tests.finalise.bench import FakeCatalogue, Node
from tests.finalise.test_chain import CutCall
from tests.finalise.test_journal import damage
from tests.finalise.test_twin import CucmCall
from tests.finalise.test_worker import call, spooled


@dataclass
class Listing(FakeCatalogue):
    """A catalogue that says what it has."""

    def recordings_of(self, journal_id: UUID) -> tuple[UUID, ...] | None:
        known = self.calls.get(journal_id)
        if known is None or known.verdict is Verdict.FAILED:
            return None
        return known.recording_ids


@pytest.fixture
def listing() -> Listing:
    return Listing()


class Recoverer:
    """Recovers the node's spool, as often as wanted."""

    def __init__(self, node: Node, listing: Listing) -> None:
        self.node, self.listing = node, listing
        self.bench = node.bench()
        self.benches = Benches(self.bench, 1)

    def recover(self, *, may_remove: bool = False) -> list[Recovered]:
        recovery = Recovery("callvault-2", self.listing, self.bench, self.benches, may_remove)
        return list(recovery.run(chains(scan(self.node.spool))))

    def outcomes(self, *, may_remove: bool = False) -> list[Outcome]:
        return [one.outcome for one in self.recover(may_remove=may_remove)]

    def inspected(self) -> list[Outcome]:
        unwrap = self.bench.unwrap
        return [inspect(one, unwrap, self.listing).outcome for one in chains(scan(self.node.spool))]


@pytest.fixture
def disk(node: Node, listing: Listing) -> Iterator[Recoverer]:
    recoverer = Recoverer(node, listing)
    yield recoverer
    recoverer.benches.close()


def files(node: Node) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in node.spool.iterdir()}


def test_journals_are_finished_and_the_disk_is_left_as_it_was(
    node: Node, listing: Listing, disk: Recoverer
) -> None:
    journals = {spooled(node, call(1)), spooled(node, call(1), whole=False)}
    before = files(node)
    found = disk.recover()
    assert {one.outcome for one in found} == {Outcome.FINISHED, Outcome.CUT_OFF}
    assert set(listing.calls) == journals
    assert len(listing.recordings) == 2
    assert files(node) == before


def test_a_second_run_finds_all_listed_and_seals_nothing_again(
    node: Node, listing: Listing, disk: Recoverer
) -> None:
    spooled(node, call(1))
    disk.recover()
    listed, stored = dict(listing.recordings), set(node.store.list())
    assert disk.outcomes() == [Outcome.ALREADY_LISTED]
    assert listing.recordings == listed
    assert set(node.store.list()) == stored


def test_what_was_not_recorded_is_listed_only(
    node: Node, listing: Listing, disk: Recoverer
) -> None:
    journal_id = spooled(node, call(1, verdict=Verdict.DISCARDED))
    assert disk.inspected() == [Outcome.NOT_KEPT]
    assert disk.outcomes() == [Outcome.NOT_KEPT]
    assert listing.calls[journal_id].verdict is Verdict.DISCARDED
    assert list(node.store.list()) == []


def test_a_damaged_journal_is_finished_up_to_the_damage_and_never_moved(
    node: Node, listing: Listing, disk: Recoverer
) -> None:
    path = journal_path(node.spool, spooled(node, call(4)))
    damage(path, at=path.stat().st_size * 2 // 3)
    before = files(node)
    found = disk.recover(may_remove=True)
    assert [(one.outcome, one.recordings) for one in found] == [(Outcome.DAMAGED, 1)]
    assert len(listing.recordings) == 1
    assert disk.outcomes(may_remove=True) == [Outcome.ALREADY_LISTED]
    assert files(node) == before


def test_a_missing_key_names_the_certificate_and_nothing_is_listed(
    node: Node, listing: Listing, disk: Recoverer, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    stranger, own = Node(tmp_path / "elsewhere"), node.keyring
    node.keyring = stranger.keyring
    spooled(node, call(1))
    node.keyring = own
    for [found] in (disk.recover(), [inspect(chains(scan(node.spool))[0], node.unwrap, listing)]):
        assert found.outcome is Outcome.KEY_MISSING
        assert found.certificates == (str(stranger.keyring.current(Role.INGEST)[0].info),)
    assert listing.calls == {}


def test_an_unreadable_journal_is_listed_as_failed_until_it_can_be_read(
    node: Node, listing: Listing, disk: Recoverer
) -> None:
    journal_id = spooled(node, call(1))
    path = journal_path(node.spool, journal_id)
    whole = path.read_bytes()
    path.write_bytes(whole[:20])
    assert disk.inspected() == [Outcome.UNREADABLE]
    assert disk.outcomes(may_remove=True) == [Outcome.UNREADABLE]
    assert listing.calls[journal_id].verdict is Verdict.FAILED
    path.write_bytes(whole)
    assert disk.outcomes() == [Outcome.FINISHED]
    assert listing.calls[journal_id].verdict is Verdict.RECORDED


def test_a_journal_in_use_is_left_alone(node: Node, listing: Listing, disk: Recoverer) -> None:
    with node.journal(uuid4()):
        assert disk.inspected() == [Outcome.IN_USE]
        assert disk.outcomes(may_remove=True) == [Outcome.IN_USE]
        assert len(files(node)) == 1
    assert listing.calls == {}


def test_node_events_are_taken_once(node: Node, listing: Listing, disk: Recoverer) -> None:
    with node.journal(uuid4(), events=True) as journal:
        for number in range(3):
            journal.append(NodeEvent(START_NS, UUID(int=number), "started"))
        journal.end()
    assert disk.inspected() == [Outcome.EVENTS]
    assert [(one.outcome, one.events) for one in disk.recover()] == [(Outcome.EVENTS, 3)]
    assert disk.inspected() == [Outcome.ALREADY_LISTED]
    assert disk.outcomes(may_remove=True) == [Outcome.ALREADY_LISTED]
    assert len(listing.node_events) == 3
    assert files(node) == {}


def test_moving_removes_what_is_listed_and_whole_in_the_vault(
    node: Node, listing: Listing, disk: Recoverer
) -> None:
    spooled(node, call(1))
    assert [one.is_removed for one in disk.recover(may_remove=True)] == [True]
    assert files(node) == {}


def test_moving_keeps_a_journal_whose_recording_is_not_in_the_vault(
    node: Node, listing: Listing, disk: Recoverer
) -> None:
    spooled(node, call(1))
    disk.recover()
    [recording_id] = listing.recordings
    node.objects.delete(recording_id)
    [found] = disk.recover(may_remove=True)
    assert (found.outcome, found.is_removed) == (Outcome.ALREADY_LISTED, False)
    assert len(files(node)) == 1


def test_while_the_catalogue_is_away_nothing_is_removed_and_another_run_finishes(
    node: Node, listing: Listing, disk: Recoverer
) -> None:
    spooled(node, call(1))
    listing.broken = True
    [found] = disk.recover(may_remove=True)
    assert (found.outcome, found.is_removed) == (Outcome.FAILED, False)
    listing.broken = False
    assert disk.outcomes(may_remove=True) == [Outcome.FINISHED]


def test_inspecting_says_what_recovery_then_does_and_changes_nothing(
    node: Node, listing: Listing, disk: Recoverer
) -> None:
    spooled(node, call(1))
    spooled(node, call(1), whole=False)
    path = journal_path(node.spool, spooled(node, call(4)))
    damage(path, at=path.stat().st_size * 2 // 3)
    before = files(node)
    said = disk.inspected()
    assert (files(node), listing.calls, list(node.store.list())) == (before, {}, [])
    assert disk.outcomes() == said
    assert set(said) == {Outcome.FINISHED, Outcome.CUT_OFF, Outcome.DAMAGED}


def test_the_pieces_of_one_call_are_one_recording_and_go_together(
    node: Node, listing: Listing, disk: Recoverer
) -> None:
    cut = CutCall(node)
    cut.write()
    assert disk.inspected() == [Outcome.FINISHED]
    [found] = disk.recover(may_remove=True)
    assert (found.recordings, found.is_removed) == (1, True)
    assert list(listing.calls) == [cut.first]
    assert files(node) == {}


def test_a_catalogue_out_of_reach_ends_the_run_and_fails_no_call(
    node: Node, listing: Listing, disk: Recoverer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise CatalogueUnreachable("the database is away")

    spooled(node, call(1))
    monkeypatch.setattr(listing, "add_call", away)
    with pytest.raises(CatalogueUnreachable):
        disk.recover(may_remove=True)
    assert len(files(node)) == 1


@pytest.mark.parametrize(
    ("whole", "outcome"),
    [((True, True), Outcome.FINISHED), ((True, False), Outcome.CUT_OFF)],
)
def test_the_two_journals_of_a_call_of_cucm_are_one(
    node: Node, listing: Listing, disk: Recoverer, *, whole: tuple[bool, bool], outcome: Outcome
) -> None:
    pair = CucmCall(node)
    pair.write(whole=whole)
    before = files(node)
    assert disk.inspected() == [outcome]
    disk.recover()
    (recording,) = listing.recordings.values()
    assert recording.journal_ids == (pair.first, pair.second)
    assert recording.quality.flags == (() if all(whole) else ("cut_off",))
    assert files(node) == before
    assert disk.outcomes(may_remove=True) == [Outcome.ALREADY_LISTED]
    assert files(node) == {}
    assert len(listing.recordings) == 1


def test_of_two_legs_of_which_one_came_to_nothing_the_other_is_recovered(
    node: Node, listing: Listing, disk: Recoverer
) -> None:
    pair = CucmCall(node)
    pair.write(only=0)
    with closing(node.journal(pair.second, twin_of=pair.first)) as journal:
        journal.append(Decided(START_NS, Decision(Verdict.FAILED, ())))
        journal.append(DialogEnded(START_NS + 1, "bye"))
        journal.end()
    assert disk.inspected() == [Outcome.FINISHED]
    assert disk.outcomes() == [Outcome.FINISHED]
    assert len(listing.recordings) == 1
    assert listing.calls[pair.first].verdict is Verdict.RECORDED
