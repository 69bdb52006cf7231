"""What a change of people says in the audit log: values old and new, numbers by field only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.http import HttpRequest

from callvault.portal.audit.log import COMMAND_LINE, address_of, system_user
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.storable import storable

from .fields import RULES, Value
from .models import User

BY_NAME_ONLY = frozenset(
    {"extension", "alias", "pbx_username", "numeric_user_id", "numeric_partition_id"}
)
KIND = "person"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does it: a person of ours, a user of the system, or nobody but Callvault."""

    person: User | None = None
    name: str = ""
    address: str | None = None
    told: Mapping[str, object] = field(default_factory=dict)  # in the detail of each entry

    @classmethod
    def of_request(cls, request: HttpRequest) -> "Actor":
        """Return the signed-in person."""
        person = request.user if isinstance(request.user, User) else None
        name = person.username if person else ""
        told = getattr(request, "audit_detail", {})  # by which token the API is used
        return cls(person, name, address_of(request), told)

    @classmethod
    def of_command(cls) -> "Actor":
        """Return who runs a command."""
        return cls(name=system_user()[:150], told={COMMAND_LINE: True})

    def entry(self, action: Action, object_id: object, **detail: object) -> AuditEntry:
        """Return an entry, not yet written."""
        return AuditEntry(
            actor=self.person,
            actor_name=self.name,
            address=self.address,
            action=action,
            object_kind=KIND if object_id else "",  # none: it is about many
            object_id=str(object_id),
            detail=storable({**self.told, **detail}),
        )


def detail_of(
    before: Mapping[str, Value], after: Mapping[str, Value], version: int
) -> dict[str, object]:
    """Return the changed fields, with their values where those are no numbers."""
    changed = [name for name in RULES if before.get(name) != after.get(name)]
    if not before:
        changed = [name for name in changed if after[name] != ""]
    return {
        "fields": sorted(changed),
        "version": version,
        "old": _told(before, changed),
        "new": _told(after, changed),
    }


def _told(values: Mapping[str, Value], names: Sequence[str]) -> dict[str, Value]:
    return {name: values[name] for name in names if name in values and name not in BY_NAME_ONLY}
