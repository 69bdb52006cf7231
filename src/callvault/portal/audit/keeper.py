"""The worker's part in the audit log: chains what waits, signs, and checks all of it over and over.

Each step is short and can be repeated; a worker that dies leaves nothing half done. Several
workers take turns by the lease.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.db import connections
from django.db.models import Model
from django.utils import timezone

from callvault.errors import CatalogueUnreachable
from callvault.monitoring import Sample
from callvault.portal.reach import catalogue_reached
from callvault.vault import AuditKey, AuditKeys

from . import anchor, lease
from .chain import Finding, Statement
from .checking import Round, problem_of_head, trusted_start
from .linking import BATCH, link_waiting, sign_if_due
from .models import ChainFinding, ChainLink, ChainState, Unchained

logger = logging.getLogger(__name__)

STEP_EVERY_S = 2.0
BATCHES_A_STEP = 20
ROUND_EVERY = timedelta(minutes=1)  # a short chain is not checked without pause
MOST_FINDINGS = 1000


@dataclass(slots=True)
class Keeper:
    """Keeps the chain as one worker of possibly several."""

    holder: str
    key: AuditKey
    keys: AuditKeys
    head_file: Path

    def run(self, stop: threading.Event) -> None:
        """Step until told to stop."""
        step_until(stop, lambda: self.step(now=timezone.now()), name="audit")

    @catalogue_reached()
    def step(self, *, now: datetime) -> None:
        """Do what there is to do now, within bounds."""
        if not lease.holds_lease(self.holder):
            return
        for _ in range(BATCHES_A_STEP):
            if link_waiting() < BATCH:
                break
        signed = sign_if_due(self.key, now=now)
        if signed is not None:
            self._remember(signed)
        self._check(now)

    def _remember(self, signed: Statement) -> None:
        """Keep the head in the node's file, unless the chain does not go on from the one there."""
        logger.info("audit: signed place %d, digest %s", signed.sequence, signed.digest.hex())
        before = anchor.read(self.head_file)
        if before is not None:
            walk = trusted_start(lease.state(), self.keys)
            walk.links, walk.sequence = signed.sequence - walk.sequence, signed.sequence
            problem = problem_of_head(before, walk)
            if problem is not None:
                logger.error("audit: %s", problem.text)
                return
        anchor.write(self.head_file, signed)

    def _check(self, now: datetime) -> None:
        state = lease.state()
        if state.round_began_at is None or state.round_began_at < now - timedelta(days=7):
            if state.checked_at is not None and state.checked_at > now - ROUND_EVERY:
                return
            state.round_began_at = now
            state.round_sequence = state.round_entry_id = 0
        running = self._taken_up(state)
        running.step()
        _keep(running.findings, now)
        _put_down(state, running, now)

    def _taken_up(self, state: ChainState) -> Round:
        walk = trusted_start(state, self.keys)
        first = walk.sequence
        if state.round_sequence > first:
            walk.sequence, walk.digest = state.round_sequence, bytes(state.round_digest)
            walk.links = state.round_sequence - first
        return Round(walk, self.head_file, state.round_entry_id)


def step_until(stop: threading.Event, step: Callable[[], None], *, name: str) -> None:
    """Step every two seconds until told to stop; a step that fails has its next turn."""
    while not stop.is_set():
        try:
            step()
        except CatalogueUnreachable as error:
            logger.debug("%s: %s", name, error)
        except Exception:
            logger.exception("%s: a step failed, the next one follows", name)
        stop.wait(STEP_EVERY_S)
    connections.close_all()


def _keep(findings: list[Finding], now: datetime) -> None:
    for one in findings:
        about = {"sequence": one.sequence, "entry_number": one.entry_id}
        keep_finding(ChainFinding, one.problem, one.text, about, now=now, name="audit")


def keep_finding(
    model: type[Model], problem: str, text: str, about: Mapping[str, object], *, now: datetime,
    name: str,
) -> None:  # fmt: skip
    """Keep what was found, once, and that it is still so; no more than a thousand things."""
    rows = model._default_manager
    if rows.filter(problem=str(problem), text=text[:300]).update(seen_at=now):
        return
    if rows.count() < MOST_FINDINGS:
        rows.create(problem=str(problem), text=text[:300], found_at=now, seen_at=now, **about)
        logger.error("%s: %s", name, text)


def _put_down(state: ChainState, running: Round, now: datetime) -> None:
    """Remember how far the round is; at its end, forget what it did not find again."""
    values: dict[str, object] = {
        "round_began_at": state.round_began_at,
        "round_sequence": running.walk.sequence,
        "round_digest": running.walk.digest,
        "round_entry_id": running.entry_id,
    }
    if running.is_over:
        ChainFinding.objects.filter(seen_at__lt=state.round_began_at).delete()
        values |= {
            "round_began_at": None,
            "checked_at": now,
            "checked_entries": running.walk.links,
        }
    ChainState.objects.filter(pk=state.pk).update(**values)


def samples() -> list[Sample]:
    """Return what a worker shows of the chain."""
    state = lease.state()
    last = ChainLink.objects.order_by("-sequence").values_list("sequence", flat=True).first()
    shown = [
        Sample("callvault_audit_chain_entries", last or 0),
        Sample("callvault_audit_waiting_entries", Unchained.objects.count()),
        Sample("callvault_audit_findings", ChainFinding.objects.count()),
    ]
    if state.checked_at is not None:
        age_s = max((timezone.now() - state.checked_at).total_seconds(), 0.0)
        shown.append(Sample("callvault_audit_checked_age_seconds", age_s))
    return shown
