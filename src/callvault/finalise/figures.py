"""What a worker shows to those who watch it: what it listed, and what waits."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from callvault import clock
from callvault.finalise.catalogue import CallFacts, Catalogue, RecordingFacts
from callvault.monitoring import Buckets, Sample
from callvault.monitoring.disk import DiskUsage
from callvault.policy.legal_hold import Held
from callvault.spool import SpooledJournal
from callvault.spool.entries import NodeEvent, PeerAttempt

JITTER_BOUNDS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5)
DELAY_BOUNDS_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14400.0, 86400.0)
NS_PER_S = 1_000_000_000


class Progress(NamedTuple):
    """How a worker gets on, told after each step of it."""

    retrying: int = 0  # journals that failed and are tried again later
    failures: int = 0  # since its start
    store_trouble: str = ""  # why the vault takes nothing; empty: it does


@dataclass(slots=True)
class Tally:
    """What was listed since the start. Written by the worker, read by who shows it."""

    calls: Counter[tuple[str, str]] = field(default_factory=Counter)  # by trunk and verdict
    recordings: Counter[str] = field(default_factory=Counter)  # by trunk, as what follows
    packets: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    jitter_s: Buckets = field(default_factory=lambda: Buckets(JITTER_BOUNDS_S))
    delay_s: Buckets = field(default_factory=lambda: Buckets(DELAY_BOUNDS_S))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, call: CallFacts, recordings: Iterable[RecordingFacts], *, now_ns: int) -> None:
        """Count a call that is in the catalogue now."""
        trunk = call.trunk.name if call.trunk else ""
        with self._lock:
            self.calls[trunk, call.verdict.value] += 1
            for recording in recordings:
                self._add_recording(recording, trunk, now_ns)

    def samples(self) -> list[Sample]:
        """Return the figures as metrics."""
        with self._lock:
            return list(self._samples())

    def _add_recording(self, recording: RecordingFacts, trunk: str, now_ns: int) -> None:
        channels = (recording.quality.owner, recording.quality.remote)
        self.recordings[trunk] += 1
        self.packets[trunk] += sum(one.packets for one in channels)
        self.lost[trunk] += sum(one.lost for one in channels)
        self.jitter_s.add(max(one.jitter_ms for one in channels) / 1000)
        self.delay_s.add(max(now_ns - recording.ended_at_ns, 0) / NS_PER_S)

    def _samples(self) -> Iterator[Sample]:
        for labels, count in self.calls.items():
            yield Sample("callvault_calls_total", count, labels)
        for trunk, count in self.recordings.items():
            yield Sample("callvault_recordings_total", count, (trunk,))
            yield Sample("callvault_recording_packets_total", self.packets[trunk], (trunk,))
            yield Sample("callvault_recording_lost_packets_total", self.lost[trunk], (trunk,))
        yield Sample("callvault_recording_jitter_seconds", self.jitter_s.copy())
        yield Sample("callvault_listed_delay_seconds", self.delay_s.copy())


@dataclass(frozen=True, slots=True)
class CountedCatalogue:
    """Counts what a catalogue took."""

    catalogue: Catalogue
    tally: Tally
    now_ns: Callable[[], int] = lambda: clock.read().realtime_ns

    def add_call(self, call: CallFacts, recordings: tuple[RecordingFacts, ...]) -> None:
        """See `Catalogue.add_call`."""
        self.catalogue.add_call(call, recordings)
        self.tally.add(call, recordings, now_ns=self.now_ns())

    def held(self) -> Held:
        """See `Catalogue.held`."""
        return self.catalogue.held()

    def add_attempt(self, attempt: PeerAttempt, *, node: str) -> None:
        """See `Catalogue.add_attempt`."""
        self.catalogue.add_attempt(attempt, node=node)

    def add_node_event(self, event: NodeEvent, *, node: str) -> None:
        """See `Catalogue.add_node_event`."""
        self.catalogue.add_node_event(event, node=node)

    def read_until(self, journal_id: UUID) -> int:
        """See `Catalogue.read_until`."""
        return self.catalogue.read_until(journal_id)

    def mark_read(self, journal_id: UUID, count: int) -> None:
        """See `Catalogue.mark_read`."""
        self.catalogue.mark_read(journal_id, count)


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits on the spool."""

    live: int = 0
    journals: int = 0  # closed
    size_bytes: int = 0  # of those
    oldest_age_s: float = 0.0

    @classmethod
    def of(cls, journals: Iterable[SpooledJournal], *, now_ns: int) -> "Backlog":
        """Count the journals of calls."""
        calls = [one for one in journals if not one.is_node_events]
        closed = [one for one in calls if not one.is_live]
        oldest_ns = min((one.modified_ns for one in closed), default=now_ns)
        size = sum(one.size_bytes for one in closed)
        age_s = max(now_ns - oldest_ns, 0) / NS_PER_S
        return cls(len(calls) - len(closed), len(closed), size, age_s)

    def samples(self) -> Iterator[Sample]:
        """Yield the figures as metrics."""
        yield Sample("callvault_journals_live", self.live)
        yield Sample("callvault_finalise_backlog_journals", self.journals)
        yield Sample("callvault_finalise_backlog_bytes", self.size_bytes)
        yield Sample("callvault_finalise_oldest_age_seconds", self.oldest_age_s)


def samples_of(
    tally: Tally, backlog: Backlog, progress: Progress, vault: DiskUsage
) -> list[Sample]:
    """Return all that a worker shows."""
    return [
        *tally.samples(),
        *backlog.samples(),
        Sample("callvault_finalise_retrying_journals", progress.retrying),
        Sample("callvault_finalise_failures_total", progress.failures),
        Sample("callvault_vault_ready", int(not progress.store_trouble)),
        Sample("callvault_vault_free_bytes", vault.free_bytes),
        Sample("callvault_vault_free_ratio", vault.free_ratio),
    ]
