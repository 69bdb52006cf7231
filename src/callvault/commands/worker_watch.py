"""Shows a worker while it works: backlog, vault, and what it listed, every few seconds.

From a thread of its own, since one journal may keep the worker busy for minutes. Whether the
worker gets on is told by the worker itself (`progressed`).
"""

import logging
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from callvault import clock
from callvault.commands.watch import Watch
from callvault.finalise.figures import Backlog, Progress, Tally, samples_of
from callvault.ids import new_id
from callvault.monitoring import Sample
from callvault.monitoring.disk import DiskUsage, Filling, usage_of
from callvault.spool import scan
from callvault.spool.entries import NodeEvent

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0


class WorkerWatch:
    """Looks at spool and vault."""

    def __init__(
        self,
        watch: Watch,
        *,
        spool_folder: Path,
        vault_folder: Path,
        tell: Callable[[NodeEvent], None],
        report: Callable[["WorkerWatch"], None],
        more: Callable[[], Iterable[Sample]] = tuple,
    ) -> None:
        """`more` asks the catalogue for what else is shown; while it is away the last stays."""
        self.tally = Tally()
        self.backlog = Backlog()
        self.vault = DiskUsage(0, 0)
        self.progress = Progress()
        self.watch = watch
        self._spool_folder = spool_folder
        self._vault_folder = vault_folder
        self._tell = tell
        self._report = report
        self._more = more
        self._more_samples: tuple[Sample, ...] = ()
        self._filling = Filling()
        self._is_catalogue_told = True

    def progressed(self, progress: Progress) -> None:
        """Hear from the worker, on its thread."""
        self.progress = progress
        self.watch.alive(self.status)

    @property
    def status(self) -> str:
        """One line for `systemctl status`."""
        if self.progress.store_trouble:
            return f"waiting for the vault, {self.backlog.journals} journals wait"
        return f"{self.backlog.journals} journals wait"

    def run(self, stop: threading.Event) -> None:
        """Look until told to stop."""
        while not stop.is_set():
            try:
                self.look()
            except Exception:
                logger.exception("watching failed, the next look follows")
            stop.wait(LOOK_EVERY_S)

    def look(self) -> None:
        """Look once, and show it."""
        now_ns = clock.read().realtime_ns
        self.backlog = Backlog.of(scan(self._spool_folder), now_ns=now_ns)
        try:
            self.vault = usage_of(self._vault_folder)
        except OSError as error:  # away: the worker finds out, and says so
            logger.debug("vault cannot be asked: %s", error)
        samples = samples_of(self.tally, self.backlog, self.progress, self.vault)
        samples += self._more_samples
        self.watch.show(samples, not_ready=self.progress.store_trouble)
        self._tell_catalogue()

    def _tell_catalogue(self) -> None:
        """Report there, as far as it is in reach; what it missed it is told when it is back."""
        try:
            self._report(self)
            self._more_samples = tuple(self._more())
            self._tell_of_filling()
        except Exception as error:
            if self._is_catalogue_told:
                logger.warning("the catalogue cannot be told how this node is: %s", error)
            self._is_catalogue_told = False
        else:
            self._is_catalogue_told = True

    def _tell_of_filling(self) -> None:
        before = self._filling.is_filling
        if not self._filling.look(self.vault):
            return
        try:
            self._tell(self._filling_event())
        except Exception:
            self._filling.is_filling = before  # it is news again at the next look
            raise

    def _filling_event(self) -> NodeEvent:
        is_filling = self._filling.is_filling
        return NodeEvent(
            clock.read().realtime_ns,
            new_id(),
            "vault_filling" if is_filling else "vault_filling_over",
            "warning" if is_filling else "info",
            {
                "free_bytes": str(self.vault.free_bytes),
                "total_bytes": str(self.vault.total_bytes),
            },
        )
