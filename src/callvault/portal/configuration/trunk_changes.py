"""What a change of a trunk changed: for the audit log, and for who edits it meanwhile."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from callvault.portal.audit.models import AuditEntry
from callvault.portal.people.models import User

from .models import Trunk
from .trunk_form import TrunkForm

_FIELDS = TrunkForm.Meta.fields
_REMEMBERED = 20

Facts = dict[str, object]


@dataclass(frozen=True, slots=True)
class Change:
    """What somebody made of a trunk while it was being edited."""

    entry: AuditEntry
    who: str
    fields: tuple[str, ...]


def facts_of(trunk: Trunk) -> Facts:
    """Return a trunk's values as the audit log may hold them; of a password, a stamp only."""
    return {name: getattr(trunk, name) for name in _FIELDS} | {"password": trunk.digest_ha1_sha256}


def audit_detail(before: Facts, after: Facts) -> dict[str, object]:
    """Return the changed fields with their old and new values; passwords are never among them."""
    changed = sorted(name for name in before | after if before.get(name) != after.get(name))
    told = [name for name in changed if name != "password"]
    return {
        "fields": changed,
        "old": {name: before[name] for name in told if name in before},
        "new": {name: after[name] for name in told if name in after},
    }


def changes_since(public_id: UUID, version: int) -> list[Change]:
    """Return what others saved since this version, the latest first."""
    entries = AuditEntry.objects.filter(object_kind="trunk", object_id=str(public_id))
    latest = list(entries.select_related("actor").order_by("-at")[:_REMEMBERED])
    return [
        Change(entry, _name_of(entry), tuple(_fields_of(entry)))
        for entry in latest
        if entry.detail.get("version", 0) > version
    ]


def _name_of(entry: AuditEntry) -> str:
    actor = entry.actor
    return (actor.get_full_name() if isinstance(actor, User) else "") or entry.actor_name


def _fields_of(entry: AuditEntry) -> Iterator[str]:
    yield from (name for name in entry.detail.get("fields", ()) if isinstance(name, str))
