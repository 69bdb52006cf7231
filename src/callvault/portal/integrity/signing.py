"""Signing the days of the log: the one in progress now and then, each that is over once for all.

What was signed of a day is never signed otherwise: where its lines were changed since, it is closed
as it was, so that the check goes on telling of it, and the lines behind it begin another head.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from django.db import transaction

from callvault.vault import AuditKey, AuditKeys, DayHead, genesis, problem_of_signature, root_of

from .content import AT_FORMAT
from .entering import locked_state
from .models import Head, Line, LogState

SIGNED_EVERY = timedelta(minutes=5)
HEADS_A_STEP = 10
MOST_LINES = 50_000
"""Under one head, so that checking takes bounded memory; a day of more lines has several heads."""


def sign_due(key: AuditKey, keys: AuditKeys, *, now: datetime) -> list[DayHead]:
    """Sign what it is time for; return the new heads, the oldest first."""
    signed = []
    for _ in range(HEADS_A_STEP):
        head = _sign_next(key, keys, now=now)
        if head is None:
            break
        signed.append(head)
        if not head.is_closed:
            break
    return signed


@transaction.atomic
def _sign_next(key: AuditKey, keys: AuditKeys, *, now: datetime) -> DayHead | None:
    state = locked_state()
    last = Head.objects.order_by("-number").first()
    head = _begun(state, last) if last is None or last.is_closed else last.signed
    if head is None:
        return None
    if head.size and problem_of_signature(head, keys):
        Head.objects.filter(pk=head.number).update(is_closed=True)  # not ours: left as it is
        return None
    grown = _grown(head)
    if grown is None:
        return _signed(head, key, is_closed=True, now=now)
    is_over = grown.size == MOST_LINES or head.day < now.astimezone(UTC).date().isoformat()
    is_over = is_over or Line.objects.filter(day__gt=head.day).exists()
    if not is_over and (grown.size == head.size or not _is_time(last, now)):
        return None
    return _signed(grown, key, is_closed=is_over, now=now)


def _signed(head: DayHead, key: AuditKey, *, is_closed: bool, now: datetime) -> DayHead:
    at = now.astimezone(UTC).strftime(AT_FORMAT)
    return _keep(replace(head, is_closed=is_closed, at=at).signed_by(key))


def _begun(state: LogState, last: Head | None) -> DayHead | None:
    """Return the head of the next day, of no line yet; None: no line entered since."""
    place = last.first + last.size if last else 1
    line = Line.objects.filter(place=place).first()
    if line is None:
        return None
    log = str(state.log)
    return DayHead(
        log=log,
        number=last.number + 1 if last else 1,
        day=line.day.isoformat(),
        first=place,
        size=0,
        root=b"",
        previous=last.signed.digest if last else genesis(log),
        at="",
        is_closed=False,
        key="",
    )


def _grown(head: DayHead) -> DayHead | None:
    """Return a head over all lines of its day; None: those that were signed are others now."""
    lines = Line.objects.filter(day=head.day, place__gte=head.first).order_by("place")
    hashes = [line.entry.hash for line in lines[:MOST_LINES]]
    if head.size and root_of(hashes[: head.size]) != head.root:
        return None
    return replace(head, size=len(hashes), root=root_of(hashes))


def _is_time(last: Head | None, now: datetime) -> bool:
    if last is None:
        return True
    return now - datetime.strptime(last.at, AT_FORMAT).replace(tzinfo=UTC) >= SIGNED_EVERY


def _keep(head: DayHead) -> DayHead:
    Head.objects.update_or_create(
        number=head.number,
        defaults={
            "log": head.log,
            "day": head.day,
            "first": head.first,
            "size": head.size,
            "root": head.root,
            "previous": head.previous,
            "at": head.at,
            "is_closed": head.is_closed,
            "key": head.key,
            "signature": head.signature,
        },
    )
    return head
