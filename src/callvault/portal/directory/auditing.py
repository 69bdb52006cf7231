"""Audit entries of what happens without a request: runs, and each person that one changes."""

from collections.abc import Iterable
from uuid import UUID

from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.people.people_audit import Actor
from callvault.portal.storable import storable

from .models import DirectoryRun
from .planning import Row, RowKind

_ACTIONS = {
    RowKind.CREATE: Action.PERSON_CREATED,
    RowKind.ADOPT: Action.PERSON_CHANGED,
    RowKind.CHANGE: Action.PERSON_CHANGED,
    RowKind.DEACTIVATE: Action.PERSON_CHANGED,
}


def actor_of(run: DirectoryRun) -> Actor:
    """Return who asked for a run; nobody but Callvault where the schedule did."""
    return Actor(run.asked_by, run.asked_by.username if run.asked_by else "")


def told_of(run: DirectoryRun) -> dict[str, object]:
    """Return what each entry says of the run."""
    return {"directory": run.source.name, "run": str(run.public_id)}


def record_people(run: DirectoryRun, rows: Iterable[tuple[Row, UUID]]) -> None:
    """Write an entry a person, before they are changed; names of fields, never their values.

    Not for who is deleted: `people.removal` writes that.
    """
    actor, told = actor_of(run), told_of(run)
    AuditEntry.objects.bulk_create(
        [
            actor.entry(
                _ACTIONS[RowKind(row.kind)],
                key,
                **told,
                fields=sorted(row.changes),
                **({"reason": row.reason} if row.reason else {}),
            )
            for row, key in rows
        ]
    )


def record_run(run: DirectoryRun, action: Action, **detail: object) -> None:
    """Write that a run changed people, was stopped, or failed."""
    AuditEntry.objects.create(
        actor=run.asked_by,
        actor_name=run.asked_by.username if run.asked_by else "",
        action=action,
        object_kind="directory",
        object_id=str(run.source.public_id),
        detail=storable({"name": run.source.name, "run": str(run.public_id), **detail}),
    )
