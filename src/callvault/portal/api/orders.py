"""Ordering recordings of automated dial-in by the API (CAP-4)."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import Field

from callvault.portal.configuration.models import PilotNumbers, RecordingOrder
from callvault.portal.configuration.ordering import (
    MOST_OPEN,
    NoNumberFree,
    TooManyOpen,
    order_recording,
    withdraw,
)
from callvault.portal.people.gates import person_of
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User

from .callers import using
from .errors import PROBLEMS
from .problems import Problem
from .scopes import Scope
from .shapes import Moment, Taken, Text

_MOST_SHARING = 100
"""People with one extension among whom the caller is looked for."""

router = Router(tags=["Automated dial-in"])


class OrderAsked(Taken):
    """Whose recording is ordered: one of the two; empty ones are not given."""

    extension: Text = Field("", max_length=64)
    username: Text = Field("", max_length=150)
    reason: Text = Field("", max_length=200, description="Goes into the audit log.")


class OrderOut(Schema):
    """A recording ordered."""

    id: UUID
    number: str = Field(description="To be called, or taken into the conference, once.")
    person_id: UUID
    ordered_at: Moment
    expires_at: Moment = Field(description="Until when the call must come.")
    is_expired: bool


@router.post(
    "", response={201: OrderOut, **PROBLEMS}, **using(Scope.LIVE_CONTROL),
    summary="Order a recording",
)  # fmt: skip
def order(request: HttpRequest, asked: OrderAsked) -> Status[dict[str, Any]]:
    """Give a number; the call that comes to it is recorded for that user.

    Administrators order for everybody, others for themselves; 404 for anybody else. Recorders know
    the number two seconds later; one call may come to it.
    """
    if not PilotNumbers.load().automated_prefix:
        raise Problem(409, "no_pilot", "No automated dial-in pilot is set.")
    try:
        row = order_recording(request, _person(request, asked), reason=asked.reason)
    except NoNumberFree:
        detail = "Every number of the pilot is ordered."
        raise Problem(503, "no_number_free", detail, headers={"Retry-After": "60"}) from None
    except TooManyOpen:
        detail = f"{MOST_OPEN} orders of this person are open: use, withdraw or await them."
        raise Problem(429, "too_many_open", detail, headers={"Retry-After": "120"}) from None
    return Status(201, _told(row))


@router.get(
    "/{uuid:order_id}", response={200: OrderOut, **PROBLEMS}, **using(Scope.LIVE_CONTROL),
    summary="Read an order",
)  # fmt: skip
def read_order(request: HttpRequest, order_id: UUID) -> dict[str, Any]:
    """Return an order, for an hour after it expired."""
    return _told(_order(request, order_id))


@router.delete(
    "/{uuid:order_id}", response={204: None, **PROBLEMS}, **using(Scope.LIVE_CONTROL),
    summary="Withdraw an order",
)  # fmt: skip
def withdraw_order(request: HttpRequest, order_id: UUID) -> Status[None]:
    """Let no call come to it any more; a call that has come goes on."""
    withdraw(request, _order(request, order_id), now=timezone.now())
    return Status(204, None)


def _person(request: HttpRequest, asked: OrderAsked) -> User:
    given = {"extension": asked.extension, "username": asked.username}
    named = {name: value for name, value in given.items() if value}
    if len(named) != 1:
        raise Problem(422, "one_of", "Give either extension or username.")
    people = User.objects.filter(is_active=True, **named)[:_MOST_SHARING]
    found = [one for one in people if _may(request, one)]
    if len(found) > 1:
        raise Problem(409, "ambiguous", "Several people have this extension: give the username.")
    if not found:
        raise Http404
    return found[0]


def _order(request: HttpRequest, order_id: UUID) -> RecordingOrder:
    row = RecordingOrder.objects.select_related("person").filter(public_id=order_id).first()
    if row is None or not _may(request, row.person):
        raise Http404
    return row


def _may(request: HttpRequest, person: User) -> bool:
    caller = person_of(request)
    if not caller.is_active:
        raise PermissionDenied
    return caller.level >= Level.ADMINISTRATOR or caller.pk == person.pk


def _told(row: RecordingOrder) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "number": PilotNumbers.load().automated_prefix + row.digits,
        "person_id": row.person.public_id,
        "ordered_at": row.ordered_at,
        "expires_at": row.expires_at,
        "is_expired": row.is_expired(timezone.now()),
    }
