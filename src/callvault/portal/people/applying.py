"""Carries out a plan of people: audited, all or nothing, and told to recorders once."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TypeVar
from uuid import UUID, uuid4

from django.contrib.auth.hashers import make_password
from django.db import transaction

from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.configuration.models import PolicyRevision

from .fields import RULES, Value
from .leaving import end_access
from .levels import Level
from .models import User
from .people_audit import Actor, detail_of
from .planning import Existing, Outcome, Plan, Planned, Values
from .sorting import DERIVED
from .sources import Source

BATCH = 500
WRITTEN = (*RULES, *DERIVED, "version")
# What only one may have goes before it comes: rows that swap numbers would clash half-way.
_LET_GO = {"extension": "", "alias": "", "pbx_username": "", "numeric_user_id": ""}

T = TypeVar("T")


class PeopleChanged(Exception):
    """People were changed since the plan was made; nothing was done."""


def everybody() -> list[Existing]:
    """Return people as a plan needs them."""
    rows = User.objects.order_by("pk").values_list("public_id", "source", *RULES)
    return [
        Existing(row[0], values_from(row[2:]), is_fixed=row[1] == Source.CATCH_ALL)
        for row in rows.iterator(chunk_size=2000)
    ]


def values_of(person: User) -> dict[str, Value]:
    """Return a person's fields as a plan needs them."""
    return values_from([getattr(person, name) for name in RULES])


def values_from(row: Sequence[Value]) -> dict[str, Value]:
    """Return fields by name, from their values in the order of `RULES`."""
    values = dict(zip(RULES, row, strict=True))
    values["level"] = Level(int(values["level"]))
    return values


@transaction.atomic
def apply_plan(
    plan: Plan, *, revision: int, actor: Actor, source: Source | None = None, **told: object
) -> None:
    """Create and change people as planned, given the revision that was in force before planning.

    Raises PeopleChanged, having done nothing, where policy changed since. Where a source is named,
    the whole has an audit entry with what is `told`; each person has one of their own besides.
    """
    PolicyRevision.bump()  # first: whoever else changes people waits here
    if PolicyRevision.current() != revision + 1:
        raise PeopleChanged
    if source is not None:
        counts = {outcome.value: count for outcome, count in plan.counts.items()}
        actor.entry(Action.PEOPLE_IMPORTED, "", source=source.value, **counts, **told).save()
    _change(plan.of(Outcome.CHANGED), actor)
    _create(plan.of(Outcome.CREATED), actor, source or Source.HAND)


def _change(rows: Sequence[Planned], actor: Actor) -> None:
    people: dict[UUID, User] = {}
    for some in batches([row.person_id for row in rows if row.person_id]):
        people |= {one.public_id: one for one in User.objects.filter(public_id__in=some)}
    found = [(people[row.person_id], row) for row in rows if row.person_id]
    entries = [
        actor.entry(
            Action.PERSON_CHANGED,
            row.person_id,
            **detail_of(row.before, row.values, person.version + 1),
        )
        for person, row in found
    ]
    AuditEntry.objects.bulk_create(entries, batch_size=BATCH)
    _let_go(found)
    for person, row in found:
        _fill(person, row.values)
        person.version += 1
    User.objects.bulk_create(
        [person for person, _row in found],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=WRITTEN,
        batch_size=BATCH,
    )
    for gone in batches([person.pk for person, _row in found if not person.is_active]):
        end_access(gone)


def _let_go(found: Sequence[tuple[User, Planned]]) -> None:
    moving = [person.pk for person, row in found if _LET_GO.keys() & set(row.changed)]
    for some in batches(moving):
        User.objects.filter(pk__in=some).update(**_LET_GO)
    for person, row in found:
        if "username" in row.changed:  # only a source that knows people by more renames them
            User.objects.filter(pk=person.pk).update(username=f"~{person.public_id.hex}")


def _create(rows: Sequence[Planned], actor: Actor, source: Source) -> None:
    people = []
    for row in rows:
        person = User(public_id=uuid4(), source=source, password=make_password(None))
        _fill(person, row.values)
        people.append(person)
    entries = [
        actor.entry(Action.PERSON_CREATED, person.public_id, **detail_of({}, row.values, 1))
        for person, row in zip(people, rows, strict=True)
    ]
    AuditEntry.objects.bulk_create(entries, batch_size=BATCH)
    User.objects.bulk_create(people, batch_size=BATCH)


def _fill(person: User, values: Values) -> None:
    for name, value in values.items():
        setattr(person, name, value)
    person.derive()


def batches(items: Sequence[T], size: int = BATCH) -> Iterator[list[T]]:
    """Yield items by as many as a database takes at once."""
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some
