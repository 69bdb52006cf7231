"""Finishes the journals that lie in a folder, such as the disk of a machine that is no more.

Each is done as the worker does it: sealed objects durable, then the catalogue's commit; what a
restart of its recorder cut in pieces is joined. Nobody comes back for a call here. The folder
is all that is left of those calls, so nothing in it is changed, unless it is told that journals
may leave; then a journal goes when its recordings are listed and whole in the vault, and one that
is damaged stays. All of it can be repeated: what is listed already is only looked at.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar
from uuid import UUID

from callvault.errors import CallvaultError, CatalogueUnreachable, KeyUnavailable, SpoolError
from callvault.finalise.awaiting import held_now
from callvault.finalise.benches import Benches
from callvault.finalise.catalogue import Catalogue
from callvault.finalise.journal import FinishedJournal, Workbench, failed_call
from callvault.finalise.node_events import NodeEventTail
from callvault.finalise.wording import problem_of
from callvault.policy.decision import Verdict
from callvault.spool import Chain, JournalReader, SpooledJournal, settle
from callvault.spool.entries import Decided, JournalHeader

logger = logging.getLogger(__name__)

Result = TypeVar("Result")


class Outcome(StrEnum):
    """What became of a journal, or would become of it."""

    FINISHED = "finished"
    CUT_OFF = "finished, cut off"  # up to where its recorder died
    DAMAGED = "finished up to a damage"
    NOT_KEPT = "listed, not recorded"  # by what was decided, or ended before it was answered
    EVENTS = "node events taken"
    ALREADY_LISTED = "already listed"
    IN_USE = "in use by a recorder"
    KEY_MISSING = "key missing"
    UNREADABLE = "unreadable"
    FAILED = "failed"

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do, nor to look after."""
        return self in _DONE


_DONE = (
    Outcome.FINISHED,
    Outcome.CUT_OFF,
    Outcome.NOT_KEPT,
    Outcome.EVENTS,
    Outcome.ALREADY_LISTED,
)


@dataclass(frozen=True, slots=True)
class Recovered:
    """One call's journal, in one piece or several, and what became of it."""

    chain: Chain
    outcome: Outcome
    recordings: int = 0
    events: int = 0
    problem: str = ""
    certificates: tuple[str, ...] = ()  # any of their private keys would open it
    header: JournalHeader | None = None
    is_removed: bool = False

    @property
    def journal(self) -> SpooledJournal:
        """The journal that the call began with."""
        return self.chain.first

    @property
    def size_bytes(self) -> int:
        """Size of all its pieces."""
        return sum(one.size_bytes for one in self.chain.pieces)


class RecoveryCatalogue(Catalogue, Protocol):
    """A catalogue that also says what it has."""

    def recordings_of(self, journal_id: UUID) -> tuple[UUID, ...] | None:
        """Return the recordings listed of a journal's call; None: not listed, or as failed."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """Finishes journals of one folder; `may_remove` those that are safe elsewhere."""

    node: str  # that does it; for journals which cannot say whose they are
    catalogue: RecoveryCatalogue
    bench: Workbench
    benches: Benches
    may_remove: bool = False

    def run(self, chains: Iterable[Chain]) -> Iterator[Recovered]:
        """Finish calls, as many at once as there are places; yield what became of each.

        Raises CatalogueUnreachable: then all others would fail for the same reason.
        """
        waiting: deque[tuple[Chain, Future[FinishedJournal]]] = deque()
        for chain in chains:
            settled = self._guarded(chain, self._without_sealing)
            if settled is not None:
                yield settled
                continue
            held = held_now(self.catalogue)  # anew for each: a recovery may take hours
            future = self.benches.submit(chain.paths, chain.twin_paths, held)
            waiting.append((chain, future))
            if len(waiting) >= self.benches.places:
                yield self._sealed(*waiting.popleft())
        while waiting:
            yield self._sealed(*waiting.popleft())

    def _without_sealing(self, chain: Chain) -> Recovered | None:
        """Deal with a journal that is in use, of a node, or listed; None: it is to be sealed."""
        if chain.is_live:
            return Recovered(chain, Outcome.IN_USE, problem="a recorder writes to it")
        if chain.first.is_node_events:
            return self._take_events(chain)
        listed = self.catalogue.recordings_of(chain.first.journal_id)
        if listed is None:
            return None
        removed = self.may_remove and self._is_safe(chain, listed) and self._remove(chain)
        return Recovered(chain, Outcome.ALREADY_LISTED, recordings=len(listed), is_removed=removed)

    def _take_events(self, chain: Chain) -> Recovered:
        reader = JournalReader.open(chain.first.path, self.bench.unwrap)
        with closing(NodeEventTail(reader, self.catalogue)) as tail:
            taken = tail.catch_up()
        if tail.is_damaged:
            problem = "the rest of its events cannot be read"
            return Recovered(chain, Outcome.DAMAGED, events=taken, problem=problem)
        outcome = Outcome.EVENTS if taken else Outcome.ALREADY_LISTED
        return Recovered(chain, outcome, events=taken, is_removed=self._remove(chain))

    def _sealed(self, chain: Chain, future: Future[FinishedJournal]) -> Recovered:
        return self._guarded(chain, lambda one: self._list(one, future.result()))

    def _list(self, chain: Chain, finished: FinishedJournal) -> Recovered:
        self.catalogue.add_call(finished.call, finished.recordings)
        count = len(finished.recordings)
        logger.info("rs=%s listed recordings=%d", chain.first.journal_id, count)
        if finished.call.destroyed:  # it is in the audit log that it is: whatever may be removed
            settle(chain, destroy=True)
            return Recovered(chain, _outcome_of_call(finished), recordings=count, is_removed=True)
        if finished.is_damaged:
            problem = "listed up to the damage; the journal is kept"
            return Recovered(chain, Outcome.DAMAGED, recordings=count, problem=problem)
        outcome = _outcome_of_call(finished)
        return Recovered(chain, outcome, recordings=count, is_removed=self._remove(chain))

    def _guarded(self, chain: Chain, step: Callable[[Chain], Result]) -> Result | Recovered:
        """Run a step for one call; what goes wrong concerns that call only."""
        try:
            return step(chain)
        except CatalogueUnreachable:
            raise
        except Exception as error:
            failed = _not_recovered(chain, error)
            if failed.outcome is Outcome.FAILED:
                logger.exception("rs=%s failed", chain.first.journal_id)
            if failed.outcome is Outcome.UNREADABLE and not chain.first.is_node_events:
                # Listed as failed, so that it does not end in silence.
                call = failed_call(self._header_of(chain.first), failed.problem)
                self.catalogue.add_call(call, ())
            return failed

    def _header_of(self, journal: SpooledJournal) -> JournalHeader:
        """Return a journal's header, or what can be said without it."""
        try:
            with JournalReader.open(journal.path, self.bench.unwrap) as reader:
                return reader.header
        except (CallvaultError, OSError):
            return JournalHeader(journal.journal_id, "dialog", self.node, journal.modified_ns)

    def _is_safe(self, chain: Chain, listed: tuple[UUID, ...]) -> bool:
        """Whether a call that is listed left nothing that is not in the vault."""
        for path in (*chain.paths, *chain.twin_paths):
            with JournalReader.open(path, self.bench.unwrap) as reader:
                _read_through(reader)
                if reader.damage is not None:
                    return False
        return all(self.bench.objects.stored(one) is not None for one in listed)

    def _remove(self, chain: Chain) -> bool:
        """Remove a call's journals, where that was asked for; their work is durable."""
        if self.may_remove:
            chain.give_up_waiting()
            settle(chain, keep=False)
        return self.may_remove


def _outcome_of_call(finished: FinishedJournal) -> Outcome:
    """Say what became of a call whose journal could be read to its end."""
    if not finished.recordings:
        return Outcome.NOT_KEPT
    cut_off = any("cut_off" in one.quality.flags for one in finished.recordings)
    return Outcome.CUT_OFF if cut_off else Outcome.FINISHED


def inspect(
    chain: Chain, unwrap: Callable[[bytes], bytes], catalogue: RecoveryCatalogue
) -> Recovered:
    """Say what recovery would make of a call. Reads all of it; seals and lists nothing."""
    if chain.is_live:
        return Recovered(chain, Outcome.IN_USE, problem="a recorder writes to it")
    try:
        if chain.first.is_node_events:
            return _inspect_events(chain, unwrap, catalogue)
        header, outcome = _inspect_call(chain, unwrap)
    except (CallvaultError, OSError) as error:
        return _not_recovered(chain, error)
    listed = catalogue.recordings_of(chain.first.journal_id)
    if listed is None:
        return Recovered(chain, outcome, header=header)
    return Recovered(chain, Outcome.ALREADY_LISTED, recordings=len(listed), header=header)


def _inspect_call(chain: Chain, unwrap: Callable[[bytes], bytes]) -> tuple[JournalHeader, Outcome]:
    """Read a call's journals; return the first header, and what all of them would become."""
    headers, is_damaged, is_ended, verdict = [], False, True, None
    for paths in (chain.paths, chain.twin_paths):
        has_last_end = True
        for path in paths:
            with JournalReader.open(path, unwrap) as reader:
                _, decided = _read_through(reader)
                # Of two legs one may have come to nothing: it is recorded all the same.
                if verdict is not Verdict.RECORDED or path in chain.paths:
                    verdict = decided or verdict
                headers.append(reader.header)
                is_damaged, has_last_end = is_damaged or reader.damage is not None, reader.ended
        is_ended = is_ended and has_last_end
    if is_damaged:
        return headers[0], Outcome.DAMAGED
    if verdict not in (None, Verdict.RECORDED):
        return headers[0], Outcome.NOT_KEPT
    return headers[0], Outcome.FINISHED if is_ended else Outcome.CUT_OFF


def _inspect_events(
    chain: Chain, unwrap: Callable[[bytes], bytes], catalogue: RecoveryCatalogue
) -> Recovered:
    with JournalReader.open(chain.first.path, unwrap) as reader:
        count, _ = _read_through(reader)
    new = max(count - catalogue.read_until(chain.first.journal_id), 0)
    outcome = Outcome.EVENTS if new else Outcome.ALREADY_LISTED
    if reader.damage is not None:
        outcome = Outcome.DAMAGED
    return Recovered(chain, outcome, events=new, header=reader.header)


def _read_through(reader: JournalReader) -> tuple[int, Verdict | None]:
    """Read a journal to its end; return how many entries it has, and what was decided last."""
    count, verdict = 0, None
    for entry in reader.blocks():
        count += 1
        if isinstance(entry, Decided):
            verdict = entry.decision.verdict
    return count, verdict


def _not_recovered(chain: Chain, error: Exception) -> Recovered:
    """Sort an error: what a key, what nothing, and what another time helps."""
    problem = problem_of(error)
    if isinstance(error, KeyUnavailable):
        needed = tuple(map(str, error.certificates))
        return Recovered(chain, Outcome.KEY_MISSING, problem=problem, certificates=needed)
    if isinstance(error, SpoolError):
        return Recovered(chain, Outcome.UNREADABLE, problem=problem)
    return Recovered(chain, Outcome.FAILED, problem=problem)
