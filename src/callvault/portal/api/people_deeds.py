"""What administrators do for people by the API: a password, sessions, several people, groups."""

from typing import Any, Literal
from uuid import UUID

from django.db import transaction
from django.db.models import Count
from django.http import HttpRequest, QueryDict
from django.shortcuts import get_object_or_404
from django.views.decorators.debug import sensitive_variables
from ninja import Router, Schema, Status
from pydantic import Field

from callvault.portal.access.account_views import ended_by_somebody
from callvault.portal.access.settings_views import unlock_person
from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.configuration.models import PolicyRevision
from callvault.portal.people.applying import PeopleChanged, apply_plan
from callvault.portal.people.bulk_views import MOST, BulkForm, planned
from callvault.portal.people.models import User
from callvault.portal.people.passwords import give_one_time_password
from callvault.portal.people.people_audit import Actor
from callvault.portal.people.planning import Outcome
from callvault.portal.people.sources import Source

from .callers import using
from .calls import administrator_of
from .errors import PROBLEMS
from .problems import Problem, invalid
from .scopes import Scope
from .shapes import Taken, Text

router = Router(tags=["People"])
Facts = dict[str, Any]
_MOST_GROUPS = 1000


class GroupOut(Schema):
    """A recording group: there is one as long as somebody is in it."""

    name: str
    people: int


class PasswordOut(Schema):
    """A one-time password."""

    password: str = Field(description="Given this once; replaced at the next sign-in.")


class SessionsEnded(Schema):
    """How many sessions ended."""

    count: int


class PeopleChosen(Taken):
    """What is to be done, and with whom."""

    deed: Literal["activate", "deactivate", "group"]
    ids: list[UUID] = Field(min_length=1, max_length=MOST)
    group: Text = Field("", max_length=100, description="Into which group, for that deed.")


class PeopleOutcome(Schema):
    """What became of each; nobody's problem stops the others."""

    changed: list[UUID]
    unchanged: int
    refused: dict[str, str] = Field(description="Why, in words.")


@router.get(
    "/groups", response={200: list[GroupOut], **PROBLEMS}, **using(Scope.PEOPLE_READ),
    summary="List recording groups",
)  # fmt: skip
def list_groups(request: HttpRequest) -> list[Facts]:
    """Return the groups that people are in, by name; 1,000 at most."""
    administrator_of(request)
    rows = User.objects.exclude(group="").values("group").annotate(people=Count("pk"))
    ordered = rows.order_by("group")[:_MOST_GROUPS]
    return [{"name": row["group"], "people": row["people"]} for row in ordered]


@router.post(
    "/bulk", response={200: PeopleOutcome, **PROBLEMS}, **using(Scope.PEOPLE_WRITE),
    summary="Change several people",
)  # fmt: skip
def bulk(request: HttpRequest, chosen: PeopleChosen) -> Facts:
    """Activate or deactivate several people, or put them into a group."""
    administrator_of(request)
    data = QueryDict(mutable=True)
    data["deed"], data["group"] = chosen.deed, chosen.group
    data.setlist("person", [str(one) for one in chosen.ids])
    form = BulkForm(data)
    form.is_valid()
    revision = PolicyRevision.current()
    found = planned(request, form, [one for one in form.people if one])
    if found.deeds:
        try:
            apply_plan(found, revision=revision, actor=Actor.of_request(request))
        except PeopleChanged as changed:
            raise Problem(409, "changed", "People were changed meanwhile: ask again.") from changed
    return {
        "changed": [row.person_id for row in found.of(Outcome.CHANGED)],
        "unchanged": len(found.of(Outcome.UNCHANGED)),
        "refused": {str(row.person_id): row.problems[0].message for row in found.of(Outcome.ERROR)},
    }


@router.post(
    "/{uuid:person_id}/one-time-password", response={200: PasswordOut, **PROBLEMS},
    **using(Scope.PEOPLE_WRITE), summary="Give a one-time password",
)  # fmt: skip
@sensitive_variables("password")
def give_password(request: HttpRequest, person_id: UUID) -> Facts:
    """Give a person a new password, which they replace when they sign in with it."""
    administrator_of(request)
    person = get_object_or_404(User, public_id=person_id)
    if person.source == Source.CATCH_ALL:
        raise invalid([{"in": "path", "pointer": "/person_id", "detail": "Nobody signs in as it."}])
    with transaction.atomic():
        record(request, Action.ONE_TIME_PASSWORD_SET, kind="person", object_id=person_id)
        password = give_one_time_password(person)
    return {"password": password}


@router.post(
    "/{uuid:person_id}/end-sessions", response={200: SessionsEnded, **PROBLEMS},
    **using(Scope.PEOPLE_WRITE), summary="Sign a person out everywhere",
)  # fmt: skip
def end_sessions(request: HttpRequest, person_id: UUID) -> Facts:
    """End all sessions of a person; their tokens stay."""
    administrator_of(request)
    person = get_object_or_404(User, public_id=person_id)
    return {"count": ended_by_somebody(request, person, keep_own=person == request.user)}


@router.post(
    "/{uuid:person_id}/unlock", response={204: None, **PROBLEMS}, **using(Scope.PEOPLE_WRITE),
    summary="Unlock a person",
)  # fmt: skip
def unlock(request: HttpRequest, person_id: UUID) -> Status[None]:
    """Let a person try to sign in again before the lock-out ends by itself."""
    administrator_of(request)
    unlock_person(request, get_object_or_404(User, public_id=person_id))
    return Status(204, None)
