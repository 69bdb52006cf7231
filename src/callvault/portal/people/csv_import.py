"""A file of people on its way in: looked at first, then applied exactly as it was looked at."""

from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from callvault.portal.configuration.capacity_room import most_enabled
from callvault.portal.configuration.models import PolicyRevision
from callvault.portal.configuration.pilot_claims import PilotGuard

from .applying import PeopleChanged, apply_plan, everybody
from .csv_reading import CsvFile, read_csv
from .people_audit import Actor
from .planning import Plan, plan
from .sources import Source

_TRIES = 3


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file would do, at one revision of policy."""

    file: CsvFile
    plan: Plan
    revision: int

    @property
    def digest(self) -> str:
        """Stands for all that would be done: the same for the same deeds."""
        total = sha256()
        for row in self.plan.rows:
            told = (row.place, row.outcome, row.person_id, row.changed, row.values)
            total.update(repr(told).encode("utf-8", "surrogatepass"))
        return total.hexdigest()


def look_at(content: bytes, *, editor: UUID | None = None) -> Preview:
    """Read a file and plan it. Raises CsvRefused."""
    file = read_csv(content)
    revision = PolicyRevision.current()
    guard = PilotGuard.in_force()
    found = plan(
        everybody(),
        file.rows,
        editor=editor,
        reserved=guard.refusal,
        most_enabled=most_enabled(),
    )
    return Preview(file, found, revision)


def bring_in(
    content: bytes, *, seen: str | None, actor: Actor, file_name: str
) -> tuple[Preview, bool]:
    """Apply a file, if it does what was `seen` (a digest; None: whatever it does).

    Returns what it does, and whether it was done: not where people changed since it was looked at.
    """
    editor = actor.person.public_id if actor.person else None
    for _try in range(_TRIES):
        preview = look_at(content, editor=editor)
        if seen is not None and preview.digest != seen:
            return preview, False
        try:
            apply_plan(
                preview.plan,
                revision=preview.revision,
                actor=actor,
                source=Source.CSV,
                file=file_name,
            )
        except PeopleChanged:
            continue  # policy changed between planning and writing: plan again
        return preview, True
    return preview, False
