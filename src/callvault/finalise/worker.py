"""The finalise worker: watches the spool, hands finished work to the catalogue.

Order of a hand-over, always: sealed objects durable, then the catalogue's commit, then the journal
removed; each step can be repeated after a crash. A journal that fails is kept, shown as failed and
tried again later; it never holds up another.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal
from uuid import UUID, uuid5

from callvault import clock
from callvault.config.sections import Config
from callvault.errors import (
    CallvaultError,
    CatalogueUnreachable,
    JournalDamaged,
    SpoolError,
    VaultError,
)
from callvault.finalise.awaiting import AwaitedMarks, MarksAwaited, held_now
from callvault.finalise.benches import Benches, be_nice
from callvault.finalise.catalogue import CallFacts, Catalogue
from callvault.finalise.figures import Progress
from callvault.finalise.journal import FinishedJournal, Workbench, failed_call
from callvault.finalise.node_events import NodeEventTail
from callvault.finalise.store_gate import StoreGate
from callvault.finalise.wording import problem_of
from callvault.ids import new_id
from callvault.spool import (
    Chain,
    Claim,
    JournalReader,
    SpooledJournal,
    chains,
    claim,
    quarantine,
    remove,
    resume_settling,
    scan,
    settle,
)
from callvault.spool.entries import JournalHeader, NodeEvent
from callvault.vault import Keyring, RecordingObjects, Role, Store, open_key

logger = logging.getLogger(__name__)

SCAN_S = 0.25
LONGEST_REST_S = 5.0
_SETTLED_NS = 2_000_000_000  # a journal just made may not be locked by its recorder yet
RESUMED_WITHIN_NS = 300_000_000_000
"""How long a recorder that is gone may come back for its calls; then they count as cut off."""
_FIRST_RETRY_S = 5.0
_LAST_RETRY_S = 600.0
_FIRST_OUTAGE_S = 1.0
_LAST_OUTAGE_S = 15.0
_NAMESPACE = UUID("6f1f8c5e-2f0a-4b1c-9d35-1f6f6c0b8a11")  # of event ids made here


@dataclass(slots=True)
class _Retry:
    """A journal that failed: how often, and when it is tried again."""

    failures: int = 0
    not_before_s: float = 0.0  # monotonic


@dataclass(slots=True)
class Worker:
    """One worker on one spool. `run_once` does what there is to do; `run` goes on with it."""

    spool_folder: Path
    node: str
    catalogue: Catalogue
    bench: Workbench
    benches: Benches
    gate: StoreGate = field(default_factory=lambda: StoreGate(lambda: None))
    on_progress: Callable[[Progress], None] = lambda progress: None
    failures: int = 0  # since the start
    _running: dict[Chain, Future[FinishedJournal]] = field(default_factory=dict)
    _retries: dict[UUID, _Retry] = field(default_factory=dict)
    _tails: dict[UUID, NodeEventTail] = field(default_factory=dict)
    _claims: dict[UUID, Claim] = field(default_factory=dict)
    _outage: _Retry = field(default_factory=_Retry)
    _awaited: AwaitedMarks = field(default_factory=AwaitedMarks)

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; what is being sealed then is finished first."""
        while not stop.is_set():
            started_s = time.monotonic()
            try:
                self.run_once(now_s=started_s)
            except Exception:
                logger.exception("finalise: a round failed, the next one follows")
            self._tell()
            # A spool of thousands of journals takes a while to look through: never all the time.
            # But a round may also have been long by its work, and calls wait for the next one.
            stop.wait(min(max(SCAN_S, 4 * (time.monotonic() - started_s)), LONGEST_REST_S))
        self.close()

    def run_once(self, *, now_s: float) -> int:
        """Look through the spool once; return how many calls were handed over."""
        handed_over = self._collect(now_s)
        if self.gate.look(now_s=now_s):
            self._store_is_back()
        resume_settling(self.spool_folder)
        for chain in chains(scan(self.spool_folder)):
            if self._is_waiting(chain.first, now_s) or self._awaits_marks(chain):
                continue
            if chain.first.is_node_events:
                if not self._is_away(now_s) and self._claims_it(chain.first):
                    self._guarded(self._follow, chain.first, now_s)
            elif self.gate.trouble:
                continue  # it waits on the spool until the vault takes it
            elif self._has_place and _is_over(chain) and self._claims_it(chain.first):
                self._running[chain] = self.benches.submit(
                    chain.paths, chain.twin_paths, held_now(self.catalogue)
                )
                handed_over += self._collect(now_s)
        return handed_over

    def close(self) -> None:
        """Hand over what is finished and release files and children."""
        self.benches.close()
        self._collect(time.monotonic())
        for tail in self._tails.values():
            tail.close()
        self._tails.clear()
        for journal_id in tuple(self._claims):
            self._release(journal_id)

    @property
    def _has_place(self) -> bool:
        return len(self._running) < self.benches.places

    def _claims_it(self, journal: SpooledJournal) -> bool:
        """Take a journal for this worker, if it is still there and no other has it."""
        if journal.journal_id in self._claims:
            return True
        taken = claim(self.spool_folder, journal.journal_id)
        if taken is None:
            return False
        self._claims[journal.journal_id] = taken
        if not journal.path.exists():  # finished by another since we looked
            self._release(journal.journal_id)
            return False
        return True

    def _release(self, journal_id: UUID) -> None:
        taken = self._claims.pop(journal_id, None)
        if taken is not None:
            taken.release()

    def _is_away(self, now_s: float) -> bool:
        """Whether the catalogue was out of reach, and is not asked again yet."""
        return now_s < self._outage.not_before_s

    def _is_waiting(self, journal: SpooledJournal, now_s: float) -> bool:
        """Whether a journal is in work, or failed and not yet to be tried again."""
        if any(one.first.journal_id == journal.journal_id for one in self._running):
            return True
        retry = self._retries.get(journal.journal_id)
        return retry is not None and now_s < retry.not_before_s

    def _awaits_marks(self, chain: Chain) -> bool:
        return self._awaited.holds(chain, now_ns=clock.read().realtime_ns)

    def _collect(self, now_s: float) -> int:
        """Take over the journals that are done."""
        done = [chain for chain, future in self._running.items() if future.done()]
        finished = 0
        for chain in done:
            if self._is_away(now_s):
                break
            finished += self._guarded(partial(self._hand_over, chain), chain.first, now_s)
        return finished

    def _hand_over(self, chain: Chain, _: SpooledJournal) -> None:
        sealed = self._running.pop(chain)
        try:
            finished = sealed.result()
        except MarksAwaited as awaited:
            self._awaited.begin(chain, awaited.until_ns)
            raise
        try:
            self.catalogue.add_call(finished.call, finished.recordings)
        except CatalogueUnreachable:
            self._running[chain] = sealed  # only the listing is left to do
            raise
        self._outage = _Retry()
        # What is destroyed is in the audit log now.
        settle(chain, keep=finished.is_damaged, destroy=bool(finished.call.destroyed))
        rs, recordings = chain.first.journal_id, len(finished.recordings)
        logger.info("rs=%s listed recordings=%d", rs, recordings)
        self._tell()

    def _follow(self, journal: SpooledJournal) -> None:
        """Read on in an event journal; remove it when its end is in the catalogue."""
        tail = self._tails.get(journal.journal_id)
        if tail is None:
            tail = NodeEventTail(
                JournalReader.open(journal.path, self.bench.unwrap), self.catalogue
            )
            self._tails[journal.journal_id] = tail
        if tail.catch_up():
            self._outage = _Retry()
        is_left = not journal.is_live and (tail.is_ended or not _is_fresh(journal))
        if tail.is_damaged or is_left:
            self._tails.pop(journal.journal_id).close()
            (quarantine if tail.is_damaged else remove)(journal.path)

    def _guarded(
        self, step: Callable[[SpooledJournal], None], journal: SpooledJournal, now_s: float
    ) -> bool:
        """Run a step for one journal; what goes wrong concerns that journal only."""
        try:
            step(journal)
        except FileNotFoundError:
            self._release(journal.journal_id)
            return False  # gone: another worker was faster
        except MarksAwaited:
            self._release(journal.journal_id)
            return False
        except CatalogueUnreachable as error:
            self._wait_for_catalogue(error, now_s)
            return False
        except Exception as error:
            if not (isinstance(error, JournalDamaged) and _is_fresh(journal)):
                self._fail(journal, error, now_s)
            if journal.journal_id not in self._tails:
                self._release(journal.journal_id)
            return False
        self._retries.pop(journal.journal_id, None)
        if journal.journal_id not in self._tails:
            self._release(journal.journal_id)
        return True

    def _wait_for_catalogue(self, error: CatalogueUnreachable, now_s: float) -> None:
        """Ask again in a while. No journal has failed by this, so none is shown as failed."""
        wait_s = min(_FIRST_OUTAGE_S * 2**self._outage.failures, _LAST_OUTAGE_S)
        self._outage.failures += 1
        self._outage.not_before_s = now_s + wait_s
        logger.warning("%s; asking again in %.0f s", error, wait_s)

    def _fail(self, journal: SpooledJournal, error: Exception, now_s: float) -> None:
        """Keep the journal for later, and say what went wrong where people look."""
        retry = self._retries.setdefault(journal.journal_id, _Retry())
        wait_s = min(_FIRST_RETRY_S * 2**retry.failures, _LAST_RETRY_S)
        retry.failures += 1
        retry.not_before_s = now_s + wait_s
        self.failures += 1
        logger.error("rs=%s failed attempt=%d", journal.journal_id, retry.failures, exc_info=error)
        if self.gate.failed(error, now_s=now_s):
            self._note("vault_unreachable", "error", problem=self.gate.trouble)
        if journal.is_node_events and not isinstance(error, (SpoolError, VaultError)):
            return  # nothing is wrong with the journal
        try:
            self._report(journal, problem_of(error))
        except Exception:  # the catalogue may be what failed: the next journal has its turn
            logger.exception("rs=%s failed: and could not be reported", journal.journal_id)
            return
        if isinstance(error, JournalDamaged):
            quarantine(journal.path)

    def _store_is_back(self) -> None:
        """Try all again at once that failed meanwhile."""
        for retry in self._retries.values():
            retry.not_before_s = 0.0
        self._note("vault_recovered", "info")

    def _note(self, kind: str, severity: Literal["info", "error"], **values: str) -> None:
        """Tell operators; a catalogue that is away costs the event, not the work."""
        logger.log(logging.INFO if severity == "info" else logging.ERROR, "node %s", kind)
        event = NodeEvent(clock.read().realtime_ns, new_id(), kind, severity, values)
        try:
            self.catalogue.add_node_event(event, node=self.node)
        except Exception:
            logger.exception("%s could not be reported", kind)

    def _tell(self) -> None:
        self.on_progress(Progress(len(self._retries), self.failures, self.gate.trouble))

    def _report(self, journal: SpooledJournal, problem: str) -> None:
        if journal.is_node_events:
            self.catalogue.add_node_event(_unreadable(journal, problem), node=self.node)
        else:
            self.catalogue.add_call(self._failed_call(journal, problem), ())

    def _failed_call(self, journal: SpooledJournal, problem: str) -> CallFacts:
        """Return the verdict of a call that could not be finished, as far as it can be known."""
        try:
            with JournalReader.open(journal.path, self.bench.unwrap) as reader:
                header = reader.header
        except (CallvaultError, OSError):
            header = JournalHeader(journal.journal_id, "dialog", self.node, journal.modified_ns)
        return failed_call(header, problem)


def run_worker(
    config: Config,
    *,
    catalogue: Catalogue,
    keyring: Keyring,
    store: Store,
    stop: threading.Event,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> None:
    """Finish journals of this node's spool until `stop` is set. Lowers this thread's priority.

    `on_progress` is called, on this thread, whenever a call is listed and at least once a round.
    """

    def unwrap(envelope: bytes) -> bytes:
        return open_key(envelope, keyring, object_id="journal")

    bench = Workbench(
        RecordingObjects(store), keyring.current(Role.ARCHIVE), unwrap, config.finalise
    )
    config.spool.folder.mkdir(parents=True, exist_ok=True)
    be_nice()
    benches = Benches(bench, config.finalise.processes)
    gate = StoreGate(store.probe)
    worker = Worker(
        config.spool.folder, config.node.name, catalogue, bench, benches, gate, on_progress
    )
    worker.run(stop)


def _is_over(chain: Chain) -> bool:
    """Whether no recorder writes to a call, nor comes back to go on with it."""
    if chain.is_live:
        return False
    age_ns = chain.checkpoint_age_ns(now_ns=clock.read().realtime_ns)
    if age_ns is not None and age_ns > RESUMED_WITHIN_NS:
        chain.give_up_waiting()  # and look again: a recorder may have come back just now
    # Last of all: the look at the folder may be older than the start of a recorder.
    return age_ns is None and not chain.was_continued


def _is_fresh(journal: SpooledJournal) -> bool:
    return clock.read().realtime_ns - journal.modified_ns < _SETTLED_NS


def _unreadable(journal: SpooledJournal, problem: str) -> NodeEvent:
    """Return the event that says so; its id follows from the journal's, so it counts once."""
    return NodeEvent(
        at_ns=journal.modified_ns,
        event_id=uuid5(_NAMESPACE, journal.journal_id.hex),
        kind="event_journal_unreadable",
        severity="error",
        values={"journal": journal.path.name, "problem": problem},
    )
