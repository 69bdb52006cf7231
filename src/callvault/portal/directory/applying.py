"""From a plan to people: in batches, each one transaction with its audit entries.

Who leaves goes first, so that their numbers are free. Where a number is still taken, the people
concerned are changed one by one, and those who hand numbers to each other together at the end:
all of these numbers are taken away, then given out.
"""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.db.models import F
from msgspec.structs import replace

from callvault.portal.configuration.capacity_room import UserRoom
from callvault.portal.configuration.models import PolicyRevision
from callvault.portal.configuration.pilot_claims import PilotGuard
from callvault.portal.people.leaving import end_access
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User
from callvault.portal.people.removal import remove

from .auditing import actor_of, record_people, told_of
from .models import DirectoryPerson, DirectoryRun
from .planning import Row, RowKind
from .runs import Claim

BATCH = 200
_UNIQUE = ("username", "pbx_username", "numeric_user_id", "extension", "alias")
"""What a person gives up before another gets it."""
_LEAVING = (RowKind.DELETE, RowKind.DEACTIVATE)
_CHANGING = (RowKind.CHANGE, RowKind.ADOPT)
_COLUMNS = frozenset(field.name for field in User._meta.get_fields())
_DERIVED = tuple(name for name in ("sort_name", "search_text") if name in _COLUMNS)


def apply_plan(claim: Claim, run: DirectoryRun, rows: Sequence[Row]) -> list[Row]:
    """Change people as planned; return rows that could not be, as errors.

    Raises ClaimLost where the run is no longer ours: what was done until then stays.
    """
    leaving = [row for row in rows if row.kind in _LEAVING]
    staying = [row for row in rows if row.kind in (RowKind.CREATE, *_CHANGING)]
    work = _Work(claim, run, total=len(leaving) + len(staying))
    later: list[Row] = []
    for batch in (*_slices(leaving), *_slices(staying)):
        later += work.apply_or_split(batch)
    return work.exchange(later) if later else []


class NobodyLeft(Exception):
    """There would be no active administrator any more."""


class _Work:
    def __init__(self, claim: Claim, run: DirectoryRun, *, total: int) -> None:
        self._claim = claim
        self._run = run
        self._done = 0
        claim.keep(total_count=total, done_count=0)

    def apply_or_split(self, rows: Sequence[Row]) -> list[Row]:
        """Change these people; return those whose numbers are still taken."""
        if self._is_applied(rows):
            return []
        return [row for row in rows if not self._is_applied([row])]

    def exchange(self, rows: Sequence[Row]) -> list[Row]:
        """Change people who hand numbers to each other; return errors where even that fails."""
        if self._is_applied(rows, is_exchange=True):
            return []
        return [
            replace(row, kind=RowKind.ERROR, reason=_reason(row), changes={}, removes=False)
            for row in rows
            if not self._is_applied([row])
        ]

    def _is_applied(self, rows: Sequence[Row], *, is_exchange: bool = False) -> bool:
        try:
            with transaction.atomic():
                self._claim.keep(done_count=self._done + len(rows))
                _apply(self._run, rows, is_exchange=is_exchange)
        except (IntegrityError, NobodyLeft):
            return False
        self._done += len(rows)
        return True


def _reason(row: Row) -> str:
    """Return why a row could not be applied: who only leaves stands in nobody's way."""
    leaves = row.kind in _LEAVING or set(row.changes) == {"is_active"}
    return "last_administrator" if leaves else "taken_meanwhile"


def _slices(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]


def _apply(run: DirectoryRun, rows: Sequence[Row], *, is_exchange: bool) -> None:
    """Write audit entries, then people and their links. In the caller's transaction.

    Raises NobodyLeft: the plan is of a while ago, and other administrators may be gone since.
    """
    PolicyRevision.bump()  # first: whoever else changes people waits here
    _refuse_new_pilots(rows)
    had_administrator, room = _has_administrator(), UserRoom.in_force()
    keyed = [(row, UUID(row.key) if row.key else uuid4()) for row in rows]
    record_people(run, [one for one in keyed if _is_written_down(one[0])])
    _delete(run, {key: row for row, key in keyed if row.kind == RowKind.DELETE})
    _deactivate([key for row, key in keyed if row.kind == RowKind.DEACTIVATE])
    changing = {key: row for row, key in keyed if row.kind in _CHANGING}
    people = {one.public_id: one for one in User.objects.select_for_update().filter(
        public_id__in=changing
    )}  # fmt: skip
    if is_exchange:
        _take_away(people, changing)
    _change(people, changing)
    _create(run, {key: row for row, key in keyed if row.kind == RowKind.CREATE})
    _link(run, people, changing)
    if had_administrator and not _has_administrator():
        raise NobodyLeft
    if UserRoom.in_force().is_more_crowded_than(room):
        raise IntegrityError("all places were taken meanwhile")


def _refuse_new_pilots(rows: Sequence[Row]) -> None:
    """Raise IntegrityError, as for any number taken meanwhile, if a number became a pilot's."""
    guard = PilotGuard.in_force()
    names = ("extension", "alias")
    new = [row.changes[name][1] for row in rows for name in names if name in row.changes]
    if any(guard.refusal(str(number)) for number in new):
        raise IntegrityError("a number became a pilot's")


def _has_administrator() -> bool:
    return User.objects.filter(is_active=True, level=Level.ADMINISTRATOR).exists()


def _is_written_down(row: Row) -> bool:
    """Whether a row has its audit entry from here: a deletion writes its own."""
    if row.kind == RowKind.DELETE:
        return False
    return row.kind != RowKind.CHANGE or bool(row.changes)


def _delete(run: DirectoryRun, rows: dict[UUID, Row]) -> None:
    by_reason: dict[str, list[User]] = {}
    for person in User.objects.filter(public_id__in=rows) if rows else ():
        by_reason.setdefault(rows[person.public_id].reason, []).append(person)
    for reason, people in by_reason.items():
        remove(people, actor_of(run), **told_of(run), **({"reason": reason} if reason else {}))


def _deactivate(keys: Sequence[UUID]) -> None:
    people = User.objects.filter(public_id__in=keys)
    people.update(is_active=False, **_next_version())
    end_access(list(people.values_list("pk", flat=True)))
    DirectoryPerson.objects.filter(person__public_id__in=keys).update(is_gone=True)


def _take_away(people: dict[UUID, User], rows: dict[UUID, Row]) -> None:
    """Free whatever these people are about to give up, so that none waits for another."""
    for key, person in people.items():
        freed = {name: "" for name in _UNIQUE if name in rows[key].changes}
        if "username" in freed:
            freed["username"] = f"~{key.hex}"
        if freed:
            User.objects.filter(pk=person.pk).update(**freed)


def _change(people: dict[UUID, User], rows: dict[UUID, Row]) -> None:
    fields: set[str] = set()
    for key, person in people.items():
        for name, (_before, after) in rows[key].changes.items():
            setattr(person, name, after)
            fields.add(name)
        _prepare(person)
    if not fields:
        return
    if "version" in _COLUMNS:
        fields.add("version")
        for person in people.values():
            person.version += 1
    User.objects.bulk_update(people.values(), [*fields, *_DERIVED])
    end_access([person.pk for person in people.values() if not person.is_active])


def _create(run: DirectoryRun, rows: dict[UUID, Row]) -> None:
    people = []
    for key, row in rows.items():
        values: dict[str, Any] = {name: after for name, (_none, after) in row.changes.items()}
        if "source" in _COLUMNS:
            values["source"] = run.source.kind
        person = User(public_id=key, password=make_password(None), **values)
        _prepare(person)
        people.append(person)
    User.objects.bulk_create(people)
    DirectoryPerson.objects.bulk_create(
        [_new_link(run, person, rows[person.public_id]) for person in people]
    )


def _prepare(person: User) -> None:
    """Work out what a row is sorted and found by, which `save` does for a single one."""
    derive = getattr(person, "derive", None)
    if derive is not None:
        derive()


def _next_version() -> dict[str, Any]:
    return {"version": F("version") + 1} if "version" in _COLUMNS else {}


def _link(run: DirectoryRun, people: dict[UUID, User], rows: dict[UUID, Row]) -> None:
    """Note who people are in the directory, and where they stand there now."""
    known = DirectoryPerson.objects.filter(person__in=people.values()).in_bulk(
        field_name="person_id"
    )
    adopted = [one for one in people.values() if one.pk not in known]
    DirectoryPerson.objects.bulk_create(
        [_new_link(run, person, rows[person.public_id]) for person in adopted]
    )
    for person in people.values():
        link = known.get(person.pk)
        reference = rows[person.public_id].reference[:1000]
        if link is not None and (link.reference != reference or link.is_gone):
            link.reference, link.is_gone = reference, False
            link.save(update_fields=["reference", "is_gone"])


def _new_link(run: DirectoryRun, person: User, row: Row) -> DirectoryPerson:
    return DirectoryPerson(
        person=person,
        source=run.source,
        external_id=row.external_id,
        reference=row.reference[:1000],
    )
