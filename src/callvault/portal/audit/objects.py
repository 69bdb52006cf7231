"""What an entry is about, as a name and an address where there still is one.

A capability that writes entries about a new kind of thing adds a line to `OBJECTS`. Names are
looked up for a whole page at once. Who may read the log may see all recordings, and no name of a
remote party or number is put here.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from callvault.portal.configuration.models import Trunk
from callvault.portal.directory.models import DirectorySource
from callvault.portal.people.models import User
from callvault.portal.recordings.permissions import recordings_visible_to

from .models import AuditEntry


@dataclass(frozen=True, slots=True)
class Named:
    """An object as people know it; an empty address: there is no page of it."""

    text: str
    url: str = ""


Names = dict[str, Named]
Resolver = Callable[[Collection[UUID], User], Names]


@dataclass(frozen=True, slots=True)
class ObjectKind:
    """A kind of thing that entries are about."""

    label: Promise | str  # "Recordings", for the filter
    one: Promise | str  # "recording %(id)s", where it is gone
    resolve: Resolver | None = None  # None: it has no page and no name of its own


def _recordings(ids: Collection[UUID], reader: User) -> Names:
    rows = recordings_visible_to(reader).filter(recording_id__in=ids)
    return {
        str(recording_id): Named(
            _("recording %(number)s") % {"number": f"{number:06}"},
            reverse("recordings:recording", args=[recording_id]),
        )
        for recording_id, number in rows.values_list("recording_id", "record_number")
    }


def _people(ids: Collection[UUID], reader: User) -> Names:
    return {
        str(person.public_id): Named(
            person.get_full_name(), reverse("people:person", args=[person.public_id])
        )
        for person in User.objects.filter(public_id__in=ids)
    }


def _trunks(ids: Collection[UUID], reader: User) -> Names:
    return {
        str(trunk.public_id): Named(
            _("trunk %(name)s") % {"name": trunk.name},
            reverse("configuration:trunk", args=[trunk.public_id]),
        )
        for trunk in Trunk.objects.filter(public_id__in=ids)
    }


def _directories(ids: Collection[UUID], reader: User) -> Names:
    return {
        str(source.public_id): Named(
            _("directory %(name)s") % {"name": source.name},
            reverse("directory:source", args=[source.public_id]),
        )
        for source in DirectorySource.objects.filter(public_id__in=ids)
    }


OBJECTS: dict[str, ObjectKind] = {
    "recording": ObjectKind(
        gettext_lazy("Recordings"), gettext_lazy("recording %(id)s, which is gone"), _recordings
    ),
    "person": ObjectKind(
        gettext_lazy("People"), gettext_lazy("a person who is gone (%(id)s)"), _people
    ),
    "trunk": ObjectKind(
        gettext_lazy("Trunks"), gettext_lazy("trunk %(id)s, which is gone"), _trunks
    ),
    "directory": ObjectKind(
        gettext_lazy("Directories"), gettext_lazy("directory %(id)s, which is gone"), _directories
    ),
    "mail": ObjectKind(gettext_lazy("Mail server"), gettext_lazy("the mail server")),
    "export": ObjectKind(gettext_lazy("Data export"), gettext_lazy("the data export")),
    "reset": ObjectKind(gettext_lazy("Forgotten passwords"), gettext_lazy("a forgotten password")),
    "token": ObjectKind(gettext_lazy("Access tokens"), gettext_lazy("an access token")),
    "attempt": ObjectKind(gettext_lazy("Sources without a trunk"), gettext_lazy("a source")),
    "settings": ObjectKind(gettext_lazy("Settings"), gettext_lazy("the settings")),
    "filter": ObjectKind(gettext_lazy("Recording filters"), gettext_lazy("a recording filter")),
    "capacity": ObjectKind(gettext_lazy("Capacity"), gettext_lazy("the capacity")),
    "modes": ObjectKind(gettext_lazy("Recording modes"), gettext_lazy("the recording modes")),
    "pilots": ObjectKind(gettext_lazy("Pilot numbers"), gettext_lazy("the pilot numbers")),
    "plan": ObjectKind(gettext_lazy("Numbering plan"), gettext_lazy("the numbering plan")),
    "integrity": ObjectKind(gettext_lazy("Integrity"), gettext_lazy("the time-stamp authority")),
    "node": ObjectKind(gettext_lazy("Nodes"), gettext_lazy("node %(id)s")),
    "search": ObjectKind(gettext_lazy("Searches"), gettext_lazy("search %(id)s")),
    "saved_search": ObjectKind(gettext_lazy("Saved searches"), gettext_lazy("a saved search")),
    "audit": ObjectKind(gettext_lazy("Audit log"), gettext_lazy("the audit log")),
    "backup": ObjectKind(gettext_lazy("Backups"), gettext_lazy("a backup")),
    "certificate": ObjectKind(gettext_lazy("Certificates"), gettext_lazy("a certificate (%(id)s)")),
    "rewrapping": ObjectKind(
        gettext_lazy("Sealing keys anew"), gettext_lazy("sealing keys anew (%(id)s)")
    ),
    "storage": ObjectKind(gettext_lazy("Storage"), gettext_lazy("a store of recordings")),
    "relocation": ObjectKind(
        gettext_lazy("Moving recordings"), gettext_lazy("moving recordings (%(id)s)")
    ),
    "hold": ObjectKind(gettext_lazy("Legal holds"), gettext_lazy("a legal hold (%(id)s)")),
    "journals": ObjectKind(
        gettext_lazy("Journals"), gettext_lazy("the journals of another machine")
    ),
    "cdr_import": ObjectKind(
        gettext_lazy("Imports of call records"), gettext_lazy("an import of call records")
    ),
    "completeness": ObjectKind(
        gettext_lazy("Settings of completeness"), gettext_lazy("the settings of completeness")
    ),
    "cdr_mapping": ObjectKind(
        gettext_lazy("Mappings of call records"), gettext_lazy("a mapping of call records")
    ),
    "call": ObjectKind(gettext_lazy("Call decisions"), gettext_lazy("call %(id)s")),
    "subject": ObjectKind(gettext_lazy("Data subjects"), gettext_lazy("data subject %(id)s")),
}


def names_of(entries: Iterable[AuditEntry], reader: User) -> dict[tuple[str, str], Named]:
    """Return names and addresses of what these entries are about, by kind and id."""
    wanted: dict[str, set[UUID]] = {}
    for entry in entries:
        object_id = _uuid(entry.object_id)
        if object_id is not None:
            wanted.setdefault(entry.object_kind, set()).add(object_id)
    found: dict[tuple[str, str], Named] = {}
    for kind, ids in wanted.items():
        known = OBJECTS.get(kind)
        if known is not None and known.resolve is not None:
            names = known.resolve(ids, reader)
            found |= {(kind, object_id): named for object_id, named in names.items()}
    return found


def name_of(entry: AuditEntry, found: dict[tuple[str, str], Named]) -> Named:
    """Return how a sentence calls what an entry is about."""
    key = (entry.object_kind, entry.object_id)
    if key in found:
        return found[key]
    told: Any = entry.detail.get("name") or entry.detail.get("peer")
    if isinstance(told, str) and told:
        return Named(told)
    number = entry.detail.get("record_number")
    if entry.object_kind == "recording" and isinstance(number, int):
        return Named(_("recording %(number)s") % {"number": f"{number:06}"})
    known = OBJECTS.get(entry.object_kind)
    if known is None:
        return Named(f"{entry.object_kind} {entry.object_id}".strip())
    if not entry.object_id and known.resolve is not None:
        return Named(_("somebody unknown") if entry.object_kind == "person" else str(known.label))
    return Named(str(known.one) % {"id": entry.object_id[:8]})


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
