"""The hand-over of a whole spool, from journals to rows, with one call failed. Run as a process.

    python -m tests.faults.hand_over FOLDER FAULT [FAULT …]

FOLDER holds a data folder made by `callvault init`, `data`. The spool has one journal of each
sort. For every call that changes the disk, in the vault, in the database, in the spool, the
worker runs with this call failed, then again without. What must hold after either is checked
each time; what does not is printed, and the exit code says so. Of several faults each call gets
one, in turn: writes any of them, other calls any that does not tear.
"""

import logging
import os
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from callvault.commands import django_ready
from callvault.config.load import ENVIRONMENT_VARIABLE
from tests.faults.layer import TEARING, Fault, failing

CLAIM_SUFFIX = ".claim"
LATER_S = 1_000.0  # beyond every wait between two tries

logger = logging.getLogger(__name__)


@dataclass
class State:
    """All that there is after a run, so that two runs can be compared."""

    calls: dict[UUID, str] = field(default_factory=dict)
    recordings: Counter[UUID] = field(default_factory=Counter)
    attempts: int = 0
    node_events: Counter[UUID] = field(default_factory=Counter)
    objects: frozenset[str] = frozenset()
    spool: frozenset[str] = frozenset()
    findings: tuple[str, ...] = ()


class Spool:
    """A spool with one journal of each sort, a vault and a database, as often as wanted."""

    def __init__(self, folder: Path) -> None:
        from tests.finalise.bench import Node

        self.folder = folder
        self.database = folder / "data" / "callvault.sqlite3"
        self._template = folder / "template.sqlite3"
        shutil.copyfile(self.database, self._template)
        (folder / "node").mkdir()
        self.node = Node(folder / "node")
        _write_journals(self.node)
        self._journals = {one.name: one.read_bytes() for one in self.node.spool.iterdir()}

    def reset(self) -> None:
        """Let everything be as it was before the first run."""
        from django.db import connections

        from callvault.vault import LocalStore, RecordingObjects

        connections.close_all()
        for suffix in ("", "-wal", "-shm", "-journal"):
            Path(f"{self.database}{suffix}").unlink(missing_ok=True)
        shutil.copyfile(self._template, self.database)
        for folder in (self.node.spool, self.folder / "node" / "vault"):
            shutil.rmtree(folder, ignore_errors=True)
        self.node.spool.mkdir()
        for name, data in self._journals.items():
            (self.node.spool / name).write_bytes(data)
            os.utime(self.node.spool / name, (1e9, 1e9))  # long settled
        self.node.store = LocalStore(self.folder / "node" / "vault")
        self.node.objects = RecordingObjects(self.node.store)

    def state(self) -> State:
        """Return what there is now."""
        from callvault.portal.decisions.models import Attempt, Call, NodeEvent
        from callvault.portal.recordings.permissions import recordings_in_catalogue

        return State(
            calls=dict(Call.objects.values_list("event_id", "verdict")),
            recordings=Counter(recordings_in_catalogue().values_list("recording_id", flat=True)),
            attempts=sum(Attempt.objects.values_list("count", flat=True)),
            node_events=Counter(NodeEvent.objects.values_list("event_id", flat=True)),
            objects=frozenset(self.node.store.list()),
            spool=frozenset(str(one.relative_to(self.node.spool)) for one in self._spooled()),
            findings=tuple(self.findings()),
        )

    def findings(self) -> Iterator[str]:
        """Verify vault and catalogue against each other."""
        import msgspec

        from callvault.finalise.catalogue import RecordingFacts
        from callvault.portal import listed
        from callvault.vault import Verification

        verification = Verification(
            self.node.store,
            self.node.keyring,
            listed.listed_among,
            lambda data: msgspec.json.decode(data, type=RecordingFacts).assignment.recording_id,
        )
        for one in listed.walk(listed.chosen(since=None, recording_id=None)):
            verification.check(one)
        for _ in verification.check_orphans():
            pass
        verification.settle_suspects()
        yield from (f"{one.finding} {one.name}" for one in verification.report.findings)

    def lost(self, expected: State) -> Iterator[str]:
        """Say which journals are gone, or changed, though what is in them is not listed whole."""
        now = self.state()
        there = {one.name: one.read_bytes() for one in self._spooled()}
        is_all_listed = now.calls == expected.calls and now.recordings == expected.recordings
        for name, data in self._journals.items():
            if name in there:
                if there[name] != data:
                    yield f"{name} was changed"
            elif name.startswith("events-"):
                if now.node_events != expected.node_events or now.attempts != expected.attempts:
                    yield f"{name} was removed before its events were in the catalogue"
            elif now.calls.get(UUID(hex=name[:32])) != expected.calls[UUID(hex=name[:32])]:
                yield f"{name} was removed, its call is {now.calls.get(UUID(hex=name[:32]))}"
        if not there and not is_all_listed:
            yield "all journals are gone"
        for found in now.findings:
            if not found.startswith(("unfinished", "unlisted_recording")):
                yield f"listed, but {found}"

    def _spooled(self) -> Iterator[Path]:
        """Return the files of the spool, but for claims: an empty lock file harms nobody."""
        files = (one for one in self.node.spool.rglob("*") if one.is_file())
        return (one for one in files if one.suffix != CLAIM_SUFFIX)


def _write_journals(node: Any) -> None:
    """Write a call that is whole, one cut off, one damaged, one discarded, and node events."""
    from callvault.policy.decision import Verdict
    from callvault.spool import journal_path
    from callvault.spool.entries import NodeEvent, PeerAttempt
    from tests.audio.wire import START_NS
    from tests.finalise.test_journal import damage
    from tests.finalise.test_worker import call, spooled, verdict

    spooled(node, call(1))
    spooled(node, call(1), whole=False)
    spooled(node, call(1, verdict=Verdict.DISCARDED))
    damaged = journal_path(node.spool, spooled(node, call(4)))
    damage(damaged, at=damaged.stat().st_size * 2 // 3)
    with node.journal(UUID(int=99), events=True) as journal:
        journal.append(verdict(1))
        journal.append(
            PeerAttempt(START_NS, UUID(int=2), "198.51.100.9", 5060, "udp", "INVITE", "sip:x@y")
        )
        journal.append(NodeEvent(START_NS, UUID(int=3), "started"))
        journal.end()


class Runs:
    """Runs of the worker over one spool."""

    def __init__(self, spool: Spool) -> None:
        self.spool = spool
        self.now_s = 0.0
        self._new_worker()

    def _new_worker(self) -> None:
        from callvault.finalise.benches import Benches
        from callvault.finalise.worker import Worker
        from callvault.portal.catalogue import DjangoCatalogue

        bench = self.spool.node.bench()
        self.worker = Worker(
            self.spool.node.spool, "callvault-1", DjangoCatalogue(), bench, Benches(bench, 1)
        )

    def once(self) -> None:
        """Look through the spool, as the worker's loop does it."""
        try:
            self.worker.run_once(now_s=self.now_s)
        except Exception:
            logger.exception("a round failed")
        self.now_s += LATER_S

    def until_done(self) -> None:
        """Look through it often enough that each journal has had its turn again."""
        for _ in range(4):
            self.once()
        self.worker.close()


def fail_once(spool: Spool, at: int, fault: Fault, expected: State) -> list[str]:
    """Run with the call `at` failed, then without; return what did not hold."""
    spool.reset()
    runs = Runs(spool)
    with failing(at, fault):
        runs.once()
    problems = [f"afterwards: {one}" for one in spool.lost(expected)]
    runs.until_done()
    return problems + _differences(spool.state(), expected)


def kill_once(spool: Spool, at: int, fault: Fault, expected: State) -> list[str]:
    """Kill a worker at the call `at`, then run another; return what did not hold."""
    spool.reset()
    child = os.fork()
    if child == 0:
        with failing(at, fault):
            Runs(spool).once()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL:
        return ["it was not killed"]
    problems = [f"afterwards: {one}" for one in spool.lost(expected)]
    Runs(spool).until_done()
    return problems + _differences(spool.state(), expected)


def _differences(state: State, expected: State) -> list[str]:
    names = State.__dataclass_fields__
    return [
        f"{name}: {getattr(state, name)} instead of {getattr(expected, name)}"
        for name in names
        if getattr(state, name) != getattr(expected, name)
    ]


def undisturbed(spool: Spool) -> tuple[State, str]:
    """Run without a fault; return what there is then, and the calls on the way."""
    spool.reset()
    Runs(spool).once()  # imports, caches
    spool.reset()
    runs = Runs(spool)
    with failing(0, Fault.NONE) as calls:
        runs.once()
    runs.until_done()
    return spool.state(), calls.kinds


def _in_turn(kinds: str, faults: Sequence[Fault]) -> Iterator[tuple[int, Fault]]:
    """Return each call that one of the faults can befall, with a fault of its sort."""
    whole = [fault for fault in faults if fault not in TEARING]
    turns = Counter[str]()
    for at, kind in enumerate(kinds):
        if possible := faults if kind == "w" else whole:
            yield at, possible[turns[kind] % len(possible)]
            turns[kind] += 1


def main(folder: Path, faults: Sequence[Fault]) -> int:
    """Fail each call once; print what did not hold. Returns 1 if there was something."""
    os.environ[ENVIRONMENT_VARIABLE] = str(folder / "data" / "callvault.toml")
    django_ready.set_up()
    logging.disable(logging.CRITICAL)
    spool = Spool(folder)
    expected, kinds = undisturbed(spool)
    wrong = 0
    for at, fault in _in_turn(kinds, faults):
        case = kill_once if fault in (Fault.KILLED, Fault.KILLED_TORN) else fail_once
        for problem in case(spool, at, fault, expected):
            wrong += 1
            print(f"{fault.name} call {at} of {len(kinds)}, {kinds[at]}: {problem}")
    print(f"expected: {expected}")
    print(f"calls: {kinds}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), [Fault[name] for name in sys.argv[2:]]))
