"""Ordering a recording of automated dial-in: digits that nobody can guess (CAP-4)."""

import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from callvault.policy.ordered import DIGITS
from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.people.models import User

from .models import PolicyRevision, RecordingOrder

VALID_FOR = timedelta(minutes=2)
RESTS_FOR = timedelta(hours=1)
"""For how long after its end the digits of an order are given to no other."""
_NUMBERS = 10**DIGITS


MOST_OPEN = 5
"""Orders of one person that may be open at a time: a program gone mad leaves numbers to others."""


class NoNumberFree(Exception):
    """Every number is ordered or rests."""


class TooManyOpen(Exception):
    """So many orders of this person are open that no other is taken."""


@transaction.atomic
def order_recording(request: HttpRequest, person: User, *, reason: str = "") -> RecordingOrder:
    """Give a number to be called for this person. Raises NoNumberFree and TooManyOpen."""
    PolicyRevision.bump()  # first: whoever else orders waits here
    now = timezone.now()
    RecordingOrder.objects.filter(expires_at__lte=now - RESTS_FOR).delete()
    if RecordingOrder.objects.filter(person=person, expires_at__gt=now).count() >= MOST_OPEN:
        raise TooManyOpen
    row = RecordingOrder.objects.create(
        person=person, digits=_free_digits(), ordered_at=now, expires_at=now + VALID_FOR
    )
    record(
        request, Action.RECORDING_ORDERED, kind="person", object_id=str(person.public_id),
        order=str(row.public_id), reason=reason,
    )  # fmt: skip
    return row


@transaction.atomic
def withdraw(request: HttpRequest, row: RecordingOrder, *, now: datetime) -> None:
    """Take an order back: no call may come to it from now on."""
    PolicyRevision.bump()
    if row.is_expired(now):
        return
    row.expires_at = now
    row.save(update_fields=["expires_at"])
    record(
        request, Action.ORDER_WITHDRAWN, kind="person", object_id=str(row.person.public_id),
        order=str(row.public_id),
    )  # fmt: skip


def _free_digits() -> str:
    taken = set(RecordingOrder.objects.values_list("digits", flat=True))
    every = (f"{number:0{DIGITS}}" for number in range(_NUMBERS))
    free = [one for one in every if one not in taken]
    if not free:
        raise NoNumberFree
    return secrets.choice(free)
