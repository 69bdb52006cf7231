"""The worker's part: enters what waits, signs the days, has them stamped, checks all of it again.

Each step is short and can be repeated; a worker that dies leaves nothing half done. Several workers
take turns by the lease of the audit log: who chains that one, keeps this one, too.
"""

import logging
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.utils import timezone

from callvault.monitoring import Sample
from callvault.portal.audit import lease
from callvault.portal.audit.keeper import step_until
from callvault.portal.reach import catalogue_reached
from callvault.vault import AuditKey, AuditKeys, DayHead

from . import findings, remembered
from .checking import Round
from .entering import BATCH, enter_waiting, log_state
from .models import Head, IntegrityFinding, LogState, Unentered
from .signing import sign_due
from .stamping import stamp_newest

logger = logging.getLogger(__name__)

BATCHES_A_STEP = 20
ROUND_EVERY = timedelta(minutes=30)
GIVEN_UP_AFTER = timedelta(days=7)  # a check that came no further begins anew


@dataclass(slots=True)
class IntegrityKeeper:
    """Keeps the log as one worker of possibly several."""

    holder: str
    key: AuditKey
    keys: AuditKeys
    head_file: Path

    def run(self, stop: threading.Event) -> None:
        """Step until told to stop."""
        step_until(stop, lambda: self.step(now=timezone.now()), name="integrity")

    @catalogue_reached()
    def step(self, *, now: datetime) -> None:
        """Do what there is to do now, within bounds."""
        if not lease.holds_lease(self.holder):
            return
        for _ in range(BATCHES_A_STEP):
            if enter_waiting(now=now) < BATCH:
                break
        for head in sign_due(self.key, self.keys, now=now):
            self._remember(head)
        self._check(now)
        stamp_newest(now=now)

    def _remember(self, head: DayHead) -> None:
        """Keep the head in the node's file, unless the log does not go on from the one there."""
        logger.info("integrity: signed %s, %d lines, %s", head.day, head.size, head.digest.hex())
        before = remembered.read(self.head_file)
        if before is None or remembered.problem_of(before, log=head.log) is None:
            remembered.write(self.head_file, head)

    def _check(self, now: datetime) -> None:
        state = log_state()
        if state.round_began_at is None or state.round_began_at < now - GIVEN_UP_AFTER:
            if state.checked_at is not None and state.checked_at > now - ROUND_EVERY:
                return
            state.round_began_at, state.round_head, state.round_record = now, 0, 0
        running = self._taken_up(state)
        running.step()
        findings.keep(running.findings, now=now)
        _put_down(state, running, now)

    def _taken_up(self, state: LogState) -> Round:
        before = Head.objects.filter(number__lte=state.round_head).order_by("-number").first()
        lines = before.first + before.size - 1 if before else 0
        head, record = state.round_head, state.round_record
        return Round(str(state.log), self.keys, self.head_file, head, record, lines)


def _put_down(state: LogState, running: Round, now: datetime) -> None:
    """Remember how far the round is; at its end, forget what it did not find again."""
    values: dict[str, object] = {
        "round_began_at": state.round_began_at,
        "round_head": running.head,
        "round_record": running.record,
    }
    if running.is_over and state.round_began_at is not None:
        findings.forget_older(state.round_began_at)
        values |= {"round_began_at": None, "checked_at": now, "checked_lines": running.lines}
    LogState.objects.filter(pk=state.pk).update(**values)


def samples() -> list[Sample]:
    """Return what a worker shows of the log."""
    state = log_state()
    head = Head.objects.order_by("-number").first()
    shown = [
        Sample("callvault_integrity_lines", head.first + head.size - 1 if head else 0),
        Sample("callvault_integrity_waiting_recordings", Unentered.objects.count()),
        Sample("callvault_integrity_findings", IntegrityFinding.objects.count()),
    ]
    if state.checked_at is not None:
        age_s = max((timezone.now() - state.checked_at).total_seconds(), 0.0)
        shown.append(Sample("callvault_integrity_checked_age_seconds", age_s))
    return shown
