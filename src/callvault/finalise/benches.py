"""Where journals are finished: in this process, or in several beside it.

Both are niced, so that finishing never takes the processor from a call. Child processes only
seal; the catalogue and the spool stay with the worker.
"""

import os
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from callvault.finalise.journal import FinishedJournal, Workbench, finalise_journal
from callvault.policy.legal_hold import NOTHING_HELD, Held

NICENESS = 10

Paths = tuple[Path, ...]
"""Journals of one dialog, first to last."""

_bench: Workbench | None = None  # of a child process


class InProcess(Executor):
    """Runs each task at once, in the caller's thread."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run a task; its future is done when this returns."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class Benches:
    """Up to `places` journals at once."""

    def __init__(self, bench: Workbench, processes: int) -> None:
        self.places = processes
        self._bench = bench
        self._executor = self._new_executor()

    def submit(
        self, paths: Paths, twin: Paths = (), held: Held | None = NOTHING_HELD
    ) -> Future[FinishedJournal]:
        """Finish a call by its journals, and its twin's, here and now or in a child."""
        try:
            return self._submit(paths, twin, held)
        except BrokenProcessPool:  # a child was killed, for want of memory perhaps
            self._executor.shutdown(wait=False)
            self._executor = self._new_executor()
            return self._submit(paths, twin, held)

    def close(self) -> None:
        """Wait for the children and let them go."""
        self._executor.shutdown(cancel_futures=True)

    def _submit(self, paths: Paths, twin: Paths, held: Held | None) -> Future[FinishedJournal]:
        if isinstance(self._executor, InProcess):
            return self._executor.submit(
                finalise_journal, paths[0], self._bench, later=paths[1:], twin=twin, held=held
            )
        return self._executor.submit(_finalise_in_child, paths, twin, held)

    def _new_executor(self) -> Executor:
        if self.places == 1:
            return InProcess()
        # Forked: keys stay in memory and are neither written nor piped to get there.
        return ProcessPoolExecutor(self.places, get_context("fork"), _begin_child, (self._bench,))


def be_nice() -> None:
    """Lower the priority of this thread, once."""
    if os.getpriority(os.PRIO_PROCESS, 0) < NICENESS:
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)


def _begin_child(bench: Workbench) -> None:
    global _bench
    _bench = bench
    be_nice()


def _finalise_in_child(paths: Paths, twin: Paths, held: Held | None) -> FinishedJournal:
    if _bench is None:
        raise RuntimeError("child process without a bench")
    return finalise_journal(paths[0], _bench, later=paths[1:], twin=twin, held=held)
