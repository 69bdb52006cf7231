"""Looks whether external stores answer, and says so on their rows and among the nodes' events."""

import logging
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from callvault.errors import VaultError
from callvault.ids import new_id
from callvault.portal.decisions.models import NodeEvent

from .models import LeftCopy, Move, StorageLocation
from .places import store_of

LOOK_EVERY = timedelta(seconds=20)

logger = logging.getLogger(__name__)


def look(node: str, *, now: datetime) -> int:
    """Look at the stores in use that nobody looked at lately; return at how many."""
    busy = set(Move.objects.values_list("target_id", flat=True).distinct())
    busy |= set(Move.objects.values_list("source_id", flat=True).distinct())
    busy |= set(LeftCopy.objects.values_list("location_id", flat=True).distinct())
    rows = StorageLocation.objects.filter(Q(is_current=True) | Q(pk__in=busy - {None}))
    old = Q(checked_at__isnull=True) | Q(checked_at__lte=now - LOOK_EVERY)
    done = 0
    for row in rows.filter(old):
        mine = rows.filter(old, pk=row.pk)
        if mine.update(checked_at=now):  # no other worker looks just now
            check(row, node)
            done += 1
    return done


def check(row: StorageLocation, node: str) -> bool:
    """Probe a store; write down what came of it. False: it cannot be used."""
    free_bytes: int | None = None
    trouble = ""
    try:
        store = store_of(row)
        store.probe()
        free_bytes = store.free_bytes()
    except VaultError as error:
        trouble = str(error)[:500]
    now = timezone.now()
    this = StorageLocation.objects.filter(pk=row.pk)
    facts = {"checked_at": now, "free_bytes": free_bytes, "trouble": trouble}
    if trouble:
        has_begun = this.filter(trouble="").update(**facts, trouble_since=now)
        this.update(checked_at=now, trouble=trouble)
    else:
        has_ended = this.exclude(trouble="").update(**facts, trouble_since=None)
        this.update(**facts)
    if trouble and has_begun:
        _tell("storage_unreachable", "error", row, node, problem=trouble)
    if not trouble and has_ended:
        _tell("storage_recovered", "info", row, node)
    return not trouble


def troubled() -> list[int]:
    """Return the stores that could not be used when they were looked at last."""
    return list(StorageLocation.objects.exclude(trouble="").values_list("pk", flat=True))


def _tell(kind: str, severity: str, row: StorageLocation, node: str, **values: str) -> None:
    logger.log(logging.ERROR if severity == "error" else logging.INFO, "%s: %s", kind, row.name)
    NodeEvent.objects.create(
        event_id=new_id(),
        at=timezone.now(),
        node=node,
        kind=kind,
        severity=severity,
        values={"storage": row.name, **values},
    )
