"""Finishes the journals that lie in a folder, such as the disk of a machine that is no more.

Each is done as the worker does it: sealed objects durable, then the catalogue's commit. The folder
is all that is left of those calls, so nothing in it is changed, unless it is told that journals
may leave; then a journal goes when its recordings are listed and whole in the vault, and one that
is damaged stays. All of it can be repeated: what is listed already is only looked at.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar
from uuid import UUID

from callvault.errors import CallvaultError, JournalDamaged, KeyUnavailable, SpoolError
from callvault.finalise.benches import Benches
from callvault.finalise.catalogue import Catalogue
from callvault.finalise.journal import FinishedJournal, Workbench, failed_call
from callvault.finalise.node_events import NodeEventTail
from callvault.finalise.wording import problem_of
from callvault.policy.decision import Verdict
from callvault.spool import JournalReader, SpooledJournal, remove
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
    """One journal, and what became of it."""

    journal: SpooledJournal
    outcome: Outcome
    recordings: int = 0
    events: int = 0
    problem: str = ""
    certificates: tuple[str, ...] = ()  # any of their private keys would open it
    header: JournalHeader | None = None
    is_removed: bool = False


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

    def run(self, journals: Iterable[SpooledJournal]) -> Iterator[Recovered]:
        """Finish journals, as many at once as there are places; yield what became of each."""
        waiting: deque[tuple[SpooledJournal, Future[FinishedJournal]]] = deque()
        for journal in journals:
            settled = self._guarded(journal, self._without_sealing)
            if settled is not None:
                yield settled
                continue
            waiting.append((journal, self.benches.submit(journal.path)))
            if len(waiting) >= self.benches.places:
                yield self._sealed(*waiting.popleft())
        while waiting:
            yield self._sealed(*waiting.popleft())

    def _without_sealing(self, journal: SpooledJournal) -> Recovered | None:
        """Deal with a journal that is in use, of a node, or listed; None: it is to be sealed."""
        if journal.is_live:
            return Recovered(journal, Outcome.IN_USE, problem="a recorder writes to it")
        if journal.is_node_events:
            return self._take_events(journal)
        listed = self.catalogue.recordings_of(journal.journal_id)
        if listed is None:
            return None
        removed = self.may_remove and self._is_safe(journal, listed) and self._remove(journal)
        return Recovered(
            journal, Outcome.ALREADY_LISTED, recordings=len(listed), is_removed=removed
        )

    def _take_events(self, journal: SpooledJournal) -> Recovered:
        tail = NodeEventTail(JournalReader.open(journal.path, self.bench.unwrap), self.catalogue)
        try:
            taken = tail.catch_up()
        finally:
            tail.close()
        if tail.is_damaged:
            problem = "the rest of its events cannot be read"
            return Recovered(journal, Outcome.DAMAGED, events=taken, problem=problem)
        outcome = Outcome.EVENTS if taken else Outcome.ALREADY_LISTED
        return Recovered(journal, outcome, events=taken, is_removed=self._remove(journal))

    def _sealed(self, journal: SpooledJournal, future: Future[FinishedJournal]) -> Recovered:
        return self._guarded(journal, lambda one: self._list(one, future.result()))

    def _list(self, journal: SpooledJournal, finished: FinishedJournal) -> Recovered:
        self.catalogue.add_call(finished.call, finished.recordings)
        count = len(finished.recordings)
        logger.info("rs=%s listed recordings=%d", journal.journal_id, count)
        if finished.is_damaged:
            problem = "listed up to the damage; the journal is kept"
            return Recovered(journal, Outcome.DAMAGED, recordings=count, problem=problem)
        outcome = _outcome_of_call(finished)
        return Recovered(journal, outcome, recordings=count, is_removed=self._remove(journal))

    def _guarded(
        self, journal: SpooledJournal, step: Callable[[SpooledJournal], Result]
    ) -> Result | Recovered:
        """Run a step for one journal; what goes wrong concerns that journal only."""
        try:
            return step(journal)
        except Exception as error:
            failed = _not_recovered(journal, error)
            if failed.outcome is Outcome.FAILED:
                logger.exception("rs=%s failed", journal.journal_id)
            if failed.outcome is Outcome.UNREADABLE and not journal.is_node_events:
                return self._listed_as_failed(failed)
            return failed

    def _listed_as_failed(self, failed: Recovered) -> Recovered:
        """List a call whose journal cannot be read, so that it does not end in silence."""
        header = self._header_of(failed.journal)
        try:
            self.catalogue.add_call(failed_call(header, failed.problem), ())
        except Exception as error:
            logger.exception("rs=%s failed: and could not be listed", header.journal_id)
            return _not_recovered(failed.journal, error)
        return failed

    def _header_of(self, journal: SpooledJournal) -> JournalHeader:
        """Return a journal's header, or what can be said without it."""
        try:
            with JournalReader.open(journal.path, self.bench.unwrap) as reader:
                return reader.header
        except (CallvaultError, OSError):
            return JournalHeader(journal.journal_id, "dialog", self.node, journal.modified_ns)

    def _is_safe(self, journal: SpooledJournal, listed: tuple[UUID, ...]) -> bool:
        """Whether a journal that is listed holds nothing that is not in the vault."""
        with JournalReader.open(journal.path, self.bench.unwrap) as reader:
            for _ in reader.blocks():
                pass
            if reader.damage is not None:
                return False
        return all(self.bench.objects.stored(one) is not None for one in listed)

    def _remove(self, journal: SpooledJournal) -> bool:
        """Remove a journal whose work is durable, where that was asked for."""
        if self.may_remove:
            remove(journal.path)
        return self.may_remove


def _outcome_of_call(finished: FinishedJournal) -> Outcome:
    """Say what became of a call whose journal could be read to its end."""
    if not finished.recordings:
        return Outcome.NOT_KEPT
    cut_off = any("cut_off" in one.quality.flags for one in finished.recordings)
    return Outcome.CUT_OFF if cut_off else Outcome.FINISHED


def inspect(
    journal: SpooledJournal, unwrap: Callable[[bytes], bytes], catalogue: RecoveryCatalogue
) -> Recovered:
    """Say what recovery would make of a journal. Reads all of it; seals and lists nothing."""
    if journal.is_live:
        return Recovered(journal, Outcome.IN_USE, problem="a recorder writes to it")
    try:
        with JournalReader.open(journal.path, unwrap) as reader:
            blocks, verdict = _read_through(reader)
            outcome = _outcome_of_journal(reader, verdict)
            found = Recovered(journal, outcome, header=reader.header)
            if journal.is_node_events:
                return _events_found(found, blocks, catalogue)
            listed = catalogue.recordings_of(journal.journal_id)
    except (CallvaultError, OSError) as error:
        return _not_recovered(journal, error)
    if listed is None:
        return found
    return Recovered(journal, Outcome.ALREADY_LISTED, recordings=len(listed), header=found.header)


def _events_found(found: Recovered, blocks: int, catalogue: RecoveryCatalogue) -> Recovered:
    new = max(blocks - catalogue.read_until(found.journal.journal_id), 0)
    outcome = Outcome.EVENTS if new else Outcome.ALREADY_LISTED
    if found.outcome is Outcome.DAMAGED:
        outcome = Outcome.DAMAGED
    return Recovered(found.journal, outcome, events=new, header=found.header)


def _read_through(reader: JournalReader) -> tuple[int, Verdict | None]:
    """Read a journal to its end; return how many entries it has, and what was decided last."""
    count, verdict = 0, None
    for entry in reader.blocks():
        count += 1
        if isinstance(entry, Decided):
            verdict = entry.decision.verdict
    return count, verdict


def _outcome_of_journal(reader: JournalReader, verdict: Verdict | None) -> Outcome:
    """Say what a journal that was read to its end would become."""
    if reader.damage is not None:
        return Outcome.DAMAGED
    if verdict not in (None, Verdict.RECORDED):
        return Outcome.NOT_KEPT
    return Outcome.FINISHED if reader.ended else Outcome.CUT_OFF


def _not_recovered(journal: SpooledJournal, error: Exception) -> Recovered:
    """Sort an error: what a key, what nothing, and what another time helps."""
    problem = problem_of(error)
    if isinstance(error, KeyUnavailable):
        needed = tuple(map(str, error.certificates))
        return Recovered(journal, Outcome.KEY_MISSING, problem=problem, certificates=needed)
    if isinstance(error, (JournalDamaged, SpoolError)):
        return Recovered(journal, Outcome.UNREADABLE, problem=problem)
    return Recovered(journal, Outcome.FAILED, problem=problem)
