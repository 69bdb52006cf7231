"""People by the API, for administrators: checked by the portal's form, saved by its function."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Status

from callvault.portal.paging import Order, page_of
from callvault.portal.people import saving
from callvault.portal.people.forms import PersonForm
from callvault.portal.people.gates import person_of
from callvault.portal.people.levels import Level
from callvault.portal.people.listing import NO_GROUP, matching
from callvault.portal.people.models import User

from .callers import using
from .errors import PROBLEMS
from .problems import Problem, invalid
from .queries import refuse_unknown
from .scopes import Scope
from .shapes import Page, PersonChange, PersonIn, PersonOut, PersonQuery

router = Router(tags=["People"])


@router.get(
    "", response={200: Page[PersonOut], **PROBLEMS}, **using(Scope.PEOPLE_READ),
    summary="List people",
)  # fmt: skip
def list_people(request: HttpRequest, query: Query[PersonQuery]) -> dict[str, Any]:
    """Return people, by name."""
    _administrator(request)
    refuse_unknown(request, PersonQuery)
    page = page_of(
        _matching(query),
        Order("sort_name", "id", descending=False),
        id_field="public_id",
        size=query.limit,
        after=query.after,
    )
    return {"items": [told(person) for person in page.rows], "next": page.older}


@router.get(
    "/{uuid:person_id}", response={200: PersonOut, **PROBLEMS}, **using(Scope.PEOPLE_READ),
    summary="Read a person",
)  # fmt: skip
def read_person(request: HttpRequest, person_id: UUID) -> dict[str, Any]:
    """Return one person."""
    _administrator(request)
    return told(get_object_or_404(User, public_id=person_id))


@router.post(
    "", response={201: PersonOut, **PROBLEMS}, **using(Scope.PEOPLE_WRITE),
    summary="Create a person",
)  # fmt: skip
def create_person(request: HttpRequest, person: PersonIn) -> Status[dict[str, Any]]:
    """Create a person, who is recorded from the next call on and has no password yet."""
    editor = _administrator(request)
    fresh = User(level=Level.BASE)
    form = _form(fresh, person, editor)
    with _nobody_quicker(form):
        return Status(201, told(saving.add_person(request, form)))


@router.patch(
    "/{uuid:person_id}", response={200: PersonOut, **PROBLEMS}, **using(Scope.PEOPLE_WRITE),
    summary="Change or deactivate a person",
)  # fmt: skip
def change_person(request: HttpRequest, person_id: UUID, person: PersonChange) -> dict[str, Any]:
    """Change the fields that are sent. `is_active: false` ends sign-in, recording and tokens."""
    editor = _administrator(request)
    form = _form(get_object_or_404(User, public_id=person_id), person, editor)
    try:
        with _nobody_quicker(form):
            saving.change_person(request, form)
    except saving.StalePerson as stale:
        raise invalid([{"in": "body", "pointer": "/", "detail": str(stale)}]) from stale
    except saving.LastAdministrator as last:
        form.refuse_last_administrator()
        raise invalid(_refused(form)) from last
    return told(form.instance)


@router.delete(
    "/{uuid:person_id}", response={204: None, **PROBLEMS}, **using(Scope.PEOPLE_DELETE),
    summary="Delete a person",
)  # fmt: skip
def delete_person(request: HttpRequest, person_id: UUID) -> Status[None]:
    """Delete a person for good; their recordings stay. Not oneself, nor the last administrator."""
    editor = _administrator(request)
    person = get_object_or_404(User, public_id=person_id)
    if person.pk == editor.pk:
        raise Problem(409, "oneself", "Nobody deletes themselves. Ask another administrator.")
    try:
        saving.delete_person(request, person)
    except saving.LastAdministrator as last:
        detail = "Nobody would be left who is an active administrator."
        raise Problem(409, "last_administrator", detail) from last
    except saving.CatchAllInUse as used:
        detail = "It owns the recordings without assignee. End that first: Settings, Capacity."
        raise Problem(409, "catch_all", detail) from used
    return Status(204, None)


def told(person: User) -> dict[str, Any]:
    """Return a person as the API tells of them."""
    names = (
        "username", "first_name", "last_name", "email", "extension", "alias", "pbx_username",
        "numeric_user_id", "numeric_partition_id", "department", "group", "mode", "is_active",
        "source", "created_at",
    )  # fmt: skip
    return {
        "id": person.public_id,
        **{name: getattr(person, name) for name in names},
        "additional_groups": [name for name in person.additional_groups.split(";") if name],
        "level": Level(person.level).name.lower(),
    }


def _administrator(request: HttpRequest) -> User:
    person = person_of(request)
    if not person.is_administrator:
        raise PermissionDenied
    return person


def _matching(query: PersonQuery) -> QuerySet[User]:
    found = User.objects.all()
    if query.active is not None:
        found = found.filter(is_active=query.active)
    if query.level is not None:
        found = found.filter(level=Level[query.level.upper()])
    if query.group:
        found = found.filter(group="" if query.group == NO_GROUP else query.group)
    if query.source is not None:
        found = found.filter(source=query.source)
    return matching(found, query.q)


def _form(person: User, change: PersonChange, editor: User) -> PersonForm:
    """Return the portal's form, filled with the person and the change, checked.

    Raises a problem with what the form says of each field.
    """
    sent = change.model_dump(exclude_unset=True)
    values = {**PersonForm(instance=person, editor=editor).initial, **_as_typed(sent)}
    form = PersonForm(values, instance=person, editor=editor)
    if not form.is_valid():
        raise invalid(_refused(form))
    return form


@contextmanager
def _nobody_quicker(form: PersonForm) -> Iterator[None]:
    """Answer as the form would by now where somebody took a number or name since it was checked."""
    try:
        yield
    except IntegrityError as taken:
        form.full_clean()
        if errors := _refused(form):
            raise invalid(errors) from taken
        detail = "Somebody saved the same just now. Send it again."  # and gave it back meanwhile
        raise Problem(409, "taken", detail) from taken


def _refused(form: PersonForm) -> list[dict[str, str]]:
    return [
        {"in": "body", "pointer": f"/{name if name != '__all__' else ''}", "detail": text}
        for name, texts in form.errors.items()
        for text in map(str, texts)
    ]


def _as_typed(sent: dict[str, Any]) -> dict[str, Any]:
    """Return what was sent as the form takes it; null empties a field."""
    typed = {name: "" if value is None else value for name, value in sent.items()}
    if isinstance(typed.get("additional_groups"), list):
        typed["additional_groups"] = ";".join(typed["additional_groups"])
    if typed.get("level"):
        typed["level"] = Level[typed["level"].upper()].value
    return typed
