"""The sidebar: the pages that exist and that this person may open, nothing else."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from callvault.portal.people.levels import Level
from callvault.portal.people.models import User


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the sidebar."""

    name: str  # dashboard, mine, recordings, people, …: for tests and the phone bar
    label: str
    url: str
    icon: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """Lines under one heading; the first section has none."""

    label: str
    entries: tuple[Entry, ...]


def navigation_for(user: User, path: str) -> tuple[Section, ...]:
    """Return the sections of the sidebar, with the entry of `path` marked as current."""
    sections = [("", _recordings(user))]
    if user.is_administrator:
        sections.append((_("Oversight"), _oversight()))
        sections.append((_("Administration"), _administration()))
    return mark_current([Section(label, tuple(entries)) for label, entries in sections], path)


def mark_current(sections: list[Section], path: str) -> tuple[Section, ...]:
    """Return the sections that have entries, the entry of `path` marked as current."""
    current = _current_url([entry for section in sections for entry in section.entries], path)
    return tuple(
        Section(section.label, tuple(_marked(entry, current) for entry in section.entries))
        for section in sections
        if section.entries
    )


def _recordings(user: User) -> list[Entry]:
    entries = []
    if user.is_supervisor:
        entries.append(Entry("dashboard", _("Dashboard"), reverse("dashboard:index"), "activity"))
    if user.level >= Level.BASE:
        entries.append(Entry("mine", _("My recordings"), reverse("recordings:mine"), "user-circle"))
    if user.is_supervisor:
        entries.append(
            Entry("recordings", _("All recordings"), reverse("recordings:all"), "list-search")
        )
    entries.append(Entry("live", _("Live calls"), reverse("live:index"), "phone-call"))
    return entries


def _oversight() -> list[Entry]:
    return [
        Entry("decisions", _("Call decisions"), reverse("decisions:list"), "route"),
        Entry("completeness", _("Completeness"), reverse("completeness:list"), "circle-check"),
        Entry("audit", _("Audit log"), reverse("audit:log"), "shield-check"),
        Entry("subjects", _("Data subjects"), reverse("subjects:index"), "user-shield"),
        Entry("holds", _("Legal holds"), reverse("holds:index"), "lock"),
    ]


def _administration() -> list[Entry]:
    return [
        Entry("people", _("People"), reverse("people:list"), "users"),
        Entry(
            "settings",
            _("Global settings"),
            reverse("configuration:index"),
            "adjustments-horizontal",
        ),
        Entry("calculator", _("Storage calculator"), reverse("planning:index"), "calculator"),
        Entry("nodes", _("Service and nodes"), reverse("nodes:index"), "server-2"),
    ]


def _current_url(entries: list[Entry], path: str) -> str:
    """Return the longest address above the path: /recordings/mine/ wins over /recordings/."""
    under = [entry.url for entry in entries if path.startswith(entry.url)]
    return max(under, key=len, default="")


def _marked(entry: Entry, current: str) -> Entry:
    return Entry(entry.name, entry.label, entry.url, entry.icon, current=entry.url == current)
