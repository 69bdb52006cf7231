"""People as they are here, in the form that a plan compares; and what may stand in their fields."""

from typing import Any

from callvault.portal.configuration.capacity_room import most_enabled
from callvault.portal.configuration.pilot_claims import PilotGuard
from callvault.portal.people.fields import DEFAULTS, RULES, Value
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User
from callvault.portal.people.sources import Source

from .mapping import MAPPABLE
from .models import DirectoryPerson, DirectorySource
from .planning import Known, Rules

_COLUMNS = frozenset(field.name for field in User._meta.get_fields())
PERSON_FIELDS = tuple(name for name in MAPPABLE if name in _COLUMNS)
"""Fields that a directory may fill."""
COMPARED = (*PERSON_FIELDS, "level", "is_active")


_BLANK: dict[str, Value] = {name: DEFAULTS.get(name, "") for name in COMPARED}


def known_people(source: DirectorySource) -> list[Known]:
    """Return everybody, with who they are in this directory."""
    links = {
        link.person_id: link for link in DirectoryPerson.objects.select_related("source").all()
    }
    rows = User.objects.order_by("pk").values("pk", "public_id", "source", *COMPARED)
    return [_known(row, links.get(row["pk"]), source) for row in rows.iterator(2000)]


def _known(row: dict[str, Any], link: DirectoryPerson | None, source: DirectorySource) -> Known:
    is_ours = link is not None and link.source_id == source.pk
    name = f"{row['first_name']} {row['last_name']}".strip() or row["username"]
    return Known(
        key=str(row["public_id"]),
        name=name,
        values={field: row[field] for field in COMPARED},
        external_id=link.external_id if link and is_ours else "",
        reference=link.reference if link and is_ours else "",
        is_gone=bool(link and is_ours and link.is_gone),
        is_fixed=row["source"] == Source.CATCH_ALL,
        other_source=link.source.name if link and not is_ours else "",
    )


def rules_of(source: DirectorySource) -> Rules:
    """Return what a plan for a directory keeps to."""
    return Rules(
        check=checked,
        defaults={**_BLANK, "level": Level(source.new_level)},
        adopts=source.adopts,
        gone=source.gone,
        administrator=int(Level.ADMINISTRATOR),
        reserved=PilotGuard.in_force().refusal,
        most_enabled=most_enabled(),
    )


def checked(field: str, text: str) -> Value:
    """Return a value as it is kept. Raises ValueError with a sentence for the administrator.

    Directories hold languages as en-GB or it_IT; what is not one of ours is the system's. They
    have long names of departments, too: a longer one is cut.
    """
    if field == "language":
        return _language(text)
    if field == "department":
        text = text[:150]
    return RULES[field](text)


def _language(text: str) -> str:
    code = text.replace("_", "-").partition(",")[0].partition("-")[0].strip().lower()
    try:
        return str(RULES["language"](code))
    except ValueError:
        return ""
