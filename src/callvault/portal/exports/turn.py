"""Whose turn it is to export: one worker at a time, since all of them add to the same lists."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic

from django.db.models import F, Q, QuerySet

from callvault.errors import CallvaultError

from .asking import TURN
from .models import ExportTurn

EVERY = timedelta(minutes=1)
LEASE = timedelta(minutes=5)
"""Longer than any one call of a target takes: they end after half a minute."""
BEAT_S = 20.0
RETRY_AFTER = tuple(timedelta(minutes=n) for n in (1, 1, 2, 5))
"""After the target failed: it is found again soon, and asked seldom while it is away."""

logger = logging.getLogger(__name__)


class TurnLost(CallvaultError):
    """Another worker exports now: this one was too slow, and must stop."""


class Turn:
    """The turn that this worker has."""

    def __init__(
        self, holder: str, clock: Callable[[], datetime], seconds: Callable[[], float] = monotonic
    ) -> None:
        self._holder, self.now, self._seconds = holder, clock, seconds
        self._beaten_s = seconds()
        self.is_anothers = False
        """Whether something waits that another node has: the next turn is better its."""

    def take(self) -> bool:
        """Take it, if it is time and nobody else has it."""
        now = self.now()
        row, _created = ExportTurn.objects.get_or_create(pk=TURN)
        if row.next_run_at is not None and row.next_run_at > now:
            return False  # asked first: most looks come too early, and writing has its price
        due = Q(next_run_at=None) | Q(next_run_at__lte=now)
        free = Q(held_until=None) | Q(held_until__lt=now) | Q(holder=self._holder)
        rows = ExportTurn.objects.filter(due, free, pk=TURN)
        # Moved on now: who says "try now" while it runs has it run once more.
        taken = rows.update(holder=self._holder, held_until=now + LEASE, next_run_at=now + EVERY)
        return taken == 1

    def beat(self, *, at_once: bool = False) -> None:
        """Keep it. Raises TurnLost if another worker has it meanwhile."""
        if not at_once and self._seconds() - self._beaten_s < BEAT_S:
            return
        if self._mine().update(held_until=self.now() + LEASE) != 1:
            raise TurnLost("another worker exports now")
        self._beaten_s = self._seconds()

    def end(self) -> None:
        """Give it up."""
        self._mine().update(held_until=None)

    def exported(self, count: int) -> None:
        """Count what was exported: the target works."""
        now = self.now()
        self._mine().update(exported=F("exported") + count, exported_at=now)
        self.is_well()

    def is_well(self) -> None:
        """Forget what was wrong with the target."""
        failing = self._mine().exclude(problem="")
        if failing.update(failures=0, failing_since=None, problem="", said=""):
            logger.info("export works again")

    def failed(self, problem: str, said: str) -> None:
        """Keep what is wrong with the target, and try again later."""
        now = self.now()
        row = ExportTurn.objects.get(pk=TURN)
        if row.problem != problem:
            logger.error("export does not work: %s", said)
        wait = RETRY_AFTER[min(row.failures, len(RETRY_AFTER) - 1)]
        self._mine().update(
            failures=F("failures") + 1,
            failing_since=row.failing_since or now,
            problem=problem[:32],
            said=said[:300],
        )
        self._mine().filter(next_run_at__isnull=False).update(next_run_at=now + wait)

    def _mine(self) -> QuerySet[ExportTurn]:
        return ExportTurn.objects.filter(pk=TURN, holder=self._holder, held_until__isnull=False)
