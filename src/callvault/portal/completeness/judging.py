"""Judging call records: a bounded step at a time, by one worker at a time.

New records are judged within seconds. Those that were to be recorded and were not are looked at
again for seven days: a recording whose node was away, or whose spool was recovered, comes late.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from django.db import transaction
from django.db.models import Q

from callvault.policy.completeness import (
    OPEN,
    TOLERANCE,
    CdrCall,
    CdrJudge,
    Judged,
    ReachedCall,
    Why,
)
from callvault.policy.decision import Verdict
from callvault.portal.decisions.models import Call
from callvault.portal.recordings.folding import user_part
from callvault.portal.recordings.permissions import recordings_in_catalogue
from callvault.portal.snapshot import build_snapshot

from . import models
from .models import CompletenessTurn

logger = logging.getLogger(__name__)

BATCH = 300
SPAN = timedelta(hours=1)
"""Records of one batch begin within it: calls are then sought in a bounded time around them."""
LONGEST_S = 10.0
"""Of one turn: other chores of the worker wait meanwhile."""
LEASE = timedelta(minutes=5)
TURN = 1  # the one row
LOOKED_AGAIN_FOR = timedelta(days=7)
SOON, LATER = timedelta(minutes=15), timedelta(hours=3)
_SOON_FOR = timedelta(hours=6)
_LONG = timedelta(hours=1)
_LONGEST = timedelta(hours=24)
_MOST_CALLS = 50_000


def judge_due(
    now: datetime, *, holder: str, seconds: Callable[[], float] = monotonic, batch: int = BATCH
) -> int:
    """Judge what is due; return how many. 0 as well while another worker does it."""
    if not models.CdrCall.objects.filter(look_at__lte=now).exists():
        return 0
    if not _takes_turn(holder, now):
        return 0
    began, done = seconds(), 0
    try:
        judge = CdrJudge(build_snapshot())
        while seconds() - began < LONGEST_S:
            count = _judge_batch(judge, now, batch)
            if not count:
                break
            done += count
    finally:
        CompletenessTurn.objects.filter(pk=TURN, holder=holder).update(held_until=None)
    return done


def _takes_turn(holder: str, now: datetime) -> bool:
    CompletenessTurn.objects.get_or_create(pk=TURN)
    free = Q(holder=holder) | Q(held_until=None) | Q(held_until__lt=now)
    rows = CompletenessTurn.objects.filter(free, pk=TURN)
    return rows.update(holder=holder, held_until=now + LEASE) == 1


@transaction.atomic
def _judge_batch(judge: CdrJudge, now: datetime, batch: int) -> int:
    due = models.CdrCall.objects.select_for_update(of=("self",)).filter(look_at__lte=now)
    first = due.order_by("look_at", "began_at").first()
    if first is None:
        return 0
    beside = due.filter(began_at__gte=first.began_at, began_at__lt=first.began_at + SPAN)
    rows = list(beside.select_related("source").order_by("began_at", "pk")[:batch])
    reached = list(_reached(rows))
    judged = judge.judge([_record(row) for row in rows], reached, taken=_taken(rows, reached))
    for row, said in zip(rows, judged, strict=True):
        _note(row, said, now)
    models.CdrCall.objects.bulk_update(rows, ["verdict", "why", "username", "call", "look_at"])
    return len(rows)


def _note(row: models.CdrCall, said: Judged, now: datetime) -> None:
    row.verdict, row.why = said.verdict.value, said.why.value
    row.username, row.call_id = said.username[:150], said.reached
    age = now - row.source.at
    is_open = said.verdict in OPEN and age < LOOKED_AGAIN_FOR
    row.look_at = now + (SOON if age < _SOON_FOR else LATER) if is_open else None


def _record(row: models.CdrCall) -> CdrCall:
    callees = (user_part(row.dialled), user_part(row.callee))
    return CdrCall(
        row.began_at,
        row.ended_at,
        user_part(row.caller),
        tuple(one for one in callees if one),
        tuple(row.call_ids),
        is_answered=row.is_answered,
    )


def _taken(rows: Sequence[models.CdrCall], reached: Iterable[ReachedCall]) -> frozenset[int]:
    """Return calls that records of other batches were matched to."""
    first, last = min(row.began_at for row in rows), max(row.ended_at for row in rows)
    others = models.CdrCall.objects.exclude(pk__in=[row.pk for row in rows]).filter(
        call__isnull=False, began_at__gte=first - _LONGEST, began_at__lte=last + TOLERANCE
    )
    keys = {one.key for one in reached}
    return frozenset(keys.intersection(others.values_list("call_id", flat=True)))


def _reached(rows: Sequence[models.CdrCall]) -> Iterator[ReachedCall]:
    """Yield the calls that reached us about the time of these records."""
    first, last = min(row.began_at for row in rows), max(row.ended_at for row in rows)
    early = Q(at__gte=first - TOLERANCE - _LONG)
    long = Q(at__gte=first - _LONGEST, duration_ms__gte=_LONG.total_seconds() * 1000)
    columns = ("pk", "at", "duration_ms", "verdict", "caller", "callee", "sip_call_id")
    found = Call.objects.filter(early | long, at__lte=last + TOLERANCE).order_by("-at")
    calls = list(found.values_list(*columns)[:_MOST_CALLS])
    said = _said_by_recordings(first - _LONGEST, last + TOLERANCE)
    for key, at, duration_ms, verdict, caller, callee, call_id in calls:
        numbers, ids = said.get(key, (set(), set()))
        parties = {user_part(one) for one in (caller, callee)} | numbers
        yield ReachedCall(
            key,
            at,
            at + timedelta(milliseconds=duration_ms),
            Verdict(verdict),
            tuple(sorted(parties - {""})),
            frozenset({call_id, *ids} - {""}),
        )


def _said_by_recordings(first: datetime, last: datetime) -> dict[int, tuple[set[str], set[str]]]:
    """Return by call the numbers of its recordings, and the ids that the phone system told."""
    rows = recordings_in_catalogue().filter(
        started_at__gte=first, started_at__lte=last, call__isnull=False
    )
    columns = ("call_id", "local_number", "remote_number", "phone_system")
    found: dict[int, tuple[set[str], set[str]]] = {}
    for key, local, remote, told in rows.order_by().values_list(*columns).iterator():
        numbers, ids = found.setdefault(key, (set(), set()))
        numbers |= {local, remote} - {""}
        ids |= _ids_in(told)
    return found


def _ids_in(told: list[dict[str, Any]]) -> set[str]:
    """Return what may be an id that a call record has, too: whatever is no time."""
    return {one["value"] for one in told if not one.get("is_time") and one.get("value")}


def is_matched(row: models.CdrCall) -> bool:
    """Whether a call that reached us was found, even if its row is gone by now."""
    return row.why in (Why.BY_ID, Why.BY_NUMBERS)
