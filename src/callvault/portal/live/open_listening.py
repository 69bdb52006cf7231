"""Begin and end of listening in the audit log: each begin has its end, with its length.

A browser that dies, or a network that does, says nothing: whoever has not asked for sound for a
while listens no more, and that is written down by the worker.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from callvault.portal.audit.log import address_of, record
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.people.gates import person_of

from .models import OpenListening
from .place import Place

NOTED_EVERY = timedelta(seconds=5)
"""How often it is noted that somebody still listens."""
GONE_AFTER = timedelta(seconds=20)
"""Who has not asked for so long is gone; the recorder lets go of them after 5 s."""


class End(StrEnum):
    """Why somebody listens no more."""

    LEFT = "left"
    OVER = "over"  # the call, or the right to hear it
    GONE = "gone"  # the browser asked no more


@transaction.atomic
def begin(request: HttpRequest, place: Place) -> None:
    """Write down that the person listens from now on."""
    person, now = person_of(request), timezone.now()
    OpenListening.objects.update_or_create(
        listener=place.listener,
        defaults={
            "person": person,
            "username": person.username,
            "address": address_of(request),
            "call_id": place.call_id,
            "owner": place.owner,
            "trunk": place.trunk,
            "begun_at": now,
            "heard_at": now,
        },
    )
    record(
        request,
        Action.CALL_LISTENED,
        kind="call",
        object_id=place.call_id,
        owners=_owners(place.owner),
        trunk=place.trunk,
        listener=str(place.listener),
    )


def goes_on(place: Place) -> bool:
    """Note that the person still listens. False: the end is written down already."""
    row, now = OpenListening.objects.filter(pk=place.listener).first(), timezone.now()
    if row is None:
        return False
    if now - row.heard_at < NOTED_EVERY:
        return True
    # Of one that was found gone in this moment no row is made again.
    return OpenListening.objects.filter(pk=row.pk).update(heard_at=now) == 1


def end(place: Place, why: End) -> None:
    """Write down the end, once."""
    row = OpenListening.objects.filter(pk=place.listener).first()
    if row is not None:
        _end(row, why, timezone.now())


def end_gone(now: datetime) -> int:
    """Write down the end of whoever has not asked for sound for a while; return how many."""
    gone = list(OpenListening.objects.filter(heard_at__lt=now - GONE_AFTER))
    return sum(_end(row, End.GONE, row.heard_at) for row in gone)


@transaction.atomic
def _end(row: OpenListening, why: End, at: datetime) -> bool:
    # Of several who see the end, the one that takes the row away writes it down.
    found = OpenListening.objects.filter(pk=row.pk, heard_at=row.heard_at)
    if not found.delete()[0]:
        return False
    AuditEntry.objects.create(
        actor=row.person,
        actor_name=row.username,
        address=row.address,
        action=Action.CALL_LISTENING_ENDED,
        object_kind="call",
        object_id=str(row.call_id),
        detail={
            "owners": _owners(row.owner),
            "trunk": row.trunk,
            "listener": str(row.listener),
            "seconds": max(round((at - row.begun_at).total_seconds()), 0),
            "why": why.value,
        },
    )
    return True


def _owners(owner: object) -> list[str]:
    return [str(owner)] if owner is not None else []
