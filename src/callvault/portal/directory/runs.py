"""Runs of directories: asked for, due, claimed by one worker, kept while it works, and ended.

A worker that dies leaves a claim that runs out; another begins the run anew. That is safe: a run
reads the directory again and compares, so that what was done already is found unchanged.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from callvault.portal.configuration.models import SystemSettings
from callvault.portal.people.models import User

from .models import OPEN_STATES, DirectoryRun, DirectorySource, Purpose, Rhythm, RunState
from .schedule import next_due

LEASE = timedelta(seconds=90)
KEPT_RUNS = 100
KEPT_ROWS_OF = 10
"""Of so many runs the table of people is kept; of older ones the counts."""


class ClaimLost(Exception):
    """Another worker took the run, or somebody cancelled it: this one stops."""


def ask_for_run(
    source: DirectorySource,
    purpose: Purpose,
    *,
    asked_by: User | None,
    approved: Collection[str] = (),
) -> DirectoryRun | None:
    """Have a worker look into a directory; None: a run waits or works already."""
    try:
        with transaction.atomic():
            return DirectoryRun.objects.create(
                source=source,
                purpose=purpose,
                asked_by=asked_by,
                is_scheduled=asked_by is None,
                approved=sorted(approved),
            )
    except IntegrityError:
        return None


def plan_next(source: DirectorySource, *, after: datetime) -> None:
    """Set when a directory is looked into next, unsaved."""
    source.next_run_at = next_due(
        source.rhythm,
        after=after,
        every_minutes=source.every_minutes,
        daily_at=source.daily_at,
        zone=ZoneInfo(SystemSettings.load().zone),
    )


def ask_for_due_runs(*, now: datetime) -> None:
    """Ask for a run of each directory whose time has come. Every worker may call it."""
    due = DirectorySource.objects.exclude(rhythm=Rhythm.OFF).filter(next_run_at__lte=now)
    for source in due:
        was = source.next_run_at
        plan_next(source, after=now)
        rows = DirectorySource.objects.filter(pk=source.pk, next_run_at=was)
        if rows.update(next_run_at=source.next_run_at):  # else another worker was first
            ask_for_run(source, Purpose.SYNC, asked_by=None)


def claim_run(*, worker: str, now: datetime) -> "Claim | None":
    """Take the oldest run that nobody works on."""
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    waiting = DirectoryRun.objects.filter(free, state__in=OPEN_STATES).order_by("asked_at", "pk")
    for run_id in waiting.values_list("pk", flat=True)[:10]:
        token = f"{worker[:60]} {secrets.token_hex(8)}"
        mine = DirectoryRun.objects.filter(free, pk=run_id, state__in=OPEN_STATES)
        if mine.update(claimed_by=token, lease_until=now + LEASE):
            return Claim(run_id, token)
    return None


@dataclass(frozen=True, slots=True)
class Claim:
    """One worker's hold on a run."""

    run_id: int
    token: str

    def run(self) -> DirectoryRun:
        """Return the run with its directory."""
        return DirectoryRun.objects.select_related("source", "asked_by").get(pk=self.run_id)

    def keep(self, **changed: Any) -> None:
        """Prolong the claim and note progress. Raises ClaimLost if it is no longer ours."""
        rows = DirectoryRun.objects.filter(
            pk=self.run_id, claimed_by=self.token, state__in=OPEN_STATES
        )
        if not rows.update(lease_until=timezone.now() + LEASE, **changed):
            raise ClaimLost

    def end(self, state: RunState, **facts: Any) -> None:
        """End the run. Raises ClaimLost if it is no longer ours."""
        self.keep(state=state, finished_at=timezone.now(), **facts)


def cancel_run(run: DirectoryRun) -> bool:
    """End a run that waits or works; people changed so far stay changed."""
    rows = DirectoryRun.objects.filter(pk=run.pk, state__in=OPEN_STATES)
    return bool(rows.update(state=RunState.CANCELLED, finished_at=timezone.now()))


def forget_old_runs(source: DirectorySource) -> None:
    """Keep the history short, and the tables of people shorter."""
    ended = DirectoryRun.objects.filter(source=source).exclude(state__in=OPEN_STATES)
    ids = list(ended.order_by("-asked_at", "-pk").values_list("pk", flat=True))
    ended.filter(pk__in=ids[KEPT_RUNS:]).delete()
    ended.filter(pk__in=ids[KEPT_ROWS_OF:KEPT_RUNS]).exclude(rows=[]).update(rows=[])


def newest_run(source: DirectorySource) -> DirectoryRun | None:
    """Return the latest run of a directory, without its table of people."""
    return source.runs.defer("rows", "approved").first()
