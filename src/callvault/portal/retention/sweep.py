"""Deleting what is due: in batches that are a transaction each, by one worker at a time.

Each batch locks the rule, so that whoever saves another waits for the batch and nothing is deleted
by the old one afterwards; and each recording, and asks of it once more whether it is due. A worker
that dies loses its batch as a whole, and the next sweep begins with the oldest again. The lease
only spares work: two that sweep at once delete nothing twice.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic

from django.db import transaction
from django.db.models import ProtectedError, Q, QuerySet

from callvault.errors import LegalHoldActive
from callvault.policy.retention import (
    Period,
    RetentionRule,
    due_at,
    may_delete,
    none_due_from,
)
from callvault.portal.recordings.deletion import bury
from callvault.portal.recordings.models import Recording
from callvault.portal.recordings.permissions import recordings_in_catalogue

from .models import RetentionSettings, RetentionSweep
from .rule import age_of, rules_of, system_zone
from .waiting import export_wait, exports_waiting

logger = logging.getLogger(__name__)

CAUSE = "retention"
BATCH = 50
LONGEST_S = 20.0
"""Of one sweep: other chores of the worker wait meanwhile. What is left is the next one's."""
LEASE = timedelta(minutes=5)
SWEEP = 1  # the one row


@dataclass(slots=True)
class Swept:
    """What a sweep did."""

    deleted: int = 0
    late: int = 0
    overdue_since: datetime | None = None
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class _Place:
    """How far a sweep came: the oldest first, so that it need not look at the same ones again."""

    ended_at: datetime | None = None
    record_number: int = 0

    @property
    def after(self) -> Q:
        if self.ended_at is None:
            return Q()
        same = Q(ended_at=self.ended_at, record_number__gt=self.record_number)
        return Q(ended_at__gte=self.ended_at) & (same | Q(ended_at__gt=self.ended_at))


@dataclass(slots=True)
class _Walk:
    """One way through the catalogue: those preserved, or those that are not."""

    is_preserved: bool
    now: datetime
    place: _Place = field(default_factory=_Place)

    def rows(self, rule: RetentionRule) -> QuerySet[Recording] | None:
        """Return what may be due behind the place, the oldest first; None: nothing ever is."""
        period = period_of(rule, is_preserved=self.is_preserved)
        if period is None:
            return None
        until = none_due_from(period, zone=system_zone(), now=self.now)
        return candidates(is_preserved=self.is_preserved).filter(
            self.place.after, ended_at__lt=until
        )


def candidates(*, is_preserved: bool) -> QuerySet[Recording]:
    """Return recordings by the end of their calls, in the order of an index of their own."""
    rows = recordings_in_catalogue().filter(preserved_level__isnull=not is_preserved, is_held=False)
    return rows.order_by("ended_at", "record_number")


def period_of(rule: RetentionRule, *, is_preserved: bool) -> Period | None:
    """Return how long recordings are kept that are, or are not, preserved; None: without end."""
    if rule.period is None or not (is_preserved and rule.is_preserve_on):
        return rule.period
    longer = rule.additional
    return None if longer is None else rule.period + longer


def suspend(now: datetime) -> None:
    """Delete nothing until an administrator lets it go on: a backup was restored."""
    RetentionSweep.objects.get_or_create(pk=SWEEP)
    RetentionSweep.objects.filter(pk=SWEEP, suspended_at=None).update(suspended_at=now)


def resume() -> datetime | None:
    """Let it go on, in the caller's transaction; return since when it had not. None: it did."""
    row = RetentionSweep.objects.select_for_update().filter(pk=SWEEP).first()
    if row is None or row.suspended_at is None:
        return None
    since: datetime = row.suspended_at
    row.suspended_at = None
    row.save(update_fields=("suspended_at",))
    return since


def sweep(
    now: datetime, *, holder: str, seconds: Callable[[], float] = monotonic, batch: int = BATCH
) -> int:
    """Delete what is due; return how many. 0 as well while another does it, or it is suspended."""
    if not _takes_lease(holder, now):
        return 0
    swept = Swept()
    try:
        _sweep_all(swept, now, seconds, batch)
    finally:
        _give_up_lease(holder, now, swept)
    return swept.deleted


def _sweep_all(swept: Swept, now: datetime, seconds: Callable[[], float], batch: int) -> None:
    began = seconds()
    for is_preserved in (False, True):
        walk = _Walk(is_preserved, now)
        for _each in _batches(walk, swept, batch):
            if seconds() - began >= LONGEST_S:
                swept.is_whole = False
                return


def _batches(walk: _Walk, swept: Swept, batch: int) -> Iterator[None]:
    while _delete_batch(walk, swept, batch):
        yield


@transaction.atomic
def _delete_batch(walk: _Walk, swept: Swept, batch: int) -> bool:
    """Delete those of the next ones that are due; return whether there may be more."""
    row = RetentionSettings.objects.select_for_update().first()
    rule, zone = rules_of(row).in_force(walk.now), system_zone()
    rows = walk.rows(rule)
    if rows is None:
        return False
    locked = list(rows.select_for_update(of=("self",), skip_locked=True)[:batch])
    if locked:  # now: what is deleted loses its number
        walk.place = _Place(locked[-1].ended_at, locked[-1].record_number)
    waiting, wait = exports_waiting(locked), export_wait()
    for recording in locked:
        age = age_of(recording, waits_since=waiting.get(recording.record_number))
        due = due_at(age, rule, zone=zone)
        if due is None or due > walk.now:
            continue
        if not may_delete(age, rule, zone=zone, now=walk.now, export_wait=wait):
            swept.overdue_since = min(due, swept.overdue_since or due)
            continue
        is_late = age.export_waits_since is not None
        if not _bury(recording, due, is_late=is_late):
            continue
        swept.deleted += 1
        if is_late:
            swept.late += 1
            logger.warning("%s: deleted before it was exported", recording.recording_id)
    return len(locked) == batch


def _bury(recording: Recording, due: datetime, *, is_late: bool) -> bool:
    """Delete one. False: it is held after all, which must not stop the others."""
    try:
        with transaction.atomic():
            bury(None, recording, cause=CAUSE, due_at=due.isoformat(), not_exported=is_late)
    except (LegalHoldActive, ProtectedError) as held:
        logger.warning("%s stays: %s", recording.recording_id, held)
        return False
    return True


def _takes_lease(holder: str, now: datetime) -> bool:
    RetentionSweep.objects.get_or_create(pk=SWEEP)
    free = Q(holder=holder) | Q(held_until=None) | Q(held_until__lt=now)
    rows = RetentionSweep.objects.filter(free, pk=SWEEP, suspended_at=None)
    return rows.update(holder=holder, held_until=now + LEASE) == 1


@transaction.atomic
def _give_up_lease(holder: str, now: datetime, swept: Swept) -> None:
    row = RetentionSweep.objects.select_for_update().get(pk=SWEEP)
    row.deleted += swept.deleted
    row.late += swept.late
    if swept.is_whole:
        row.ended_at, row.overdue_since = now, swept.overdue_since
    if row.holder == holder:
        row.held_until = None
    row.save()
