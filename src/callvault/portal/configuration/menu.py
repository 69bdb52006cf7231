"""The menu beside the global settings: every page of them, by what it is about."""

from collections.abc import Iterator

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from callvault.portal.navigation import Entry, Section, mark_current

Page = tuple[Promise, str]  # label, name of the address

PAGES: tuple[tuple[Promise, tuple[Page, ...]], ...] = (
    (_("System"), ((_("General"), "configuration:general"),)),
    (
        _("Recording"),
        (
            (_("Trunks"), "configuration:trunks"),
            (_("Recording modes"), "configuration:modes"),
            (_("Recording filters"), "configuration:filters"),
            (_("Pilot numbers"), "configuration:pilots"),
            (_("Numbering plan"), "configuration:plan"),
            (_("Gadget"), "gadget:settings"),
            (_("Capacity"), "configuration:capacity"),
        ),
    ),
    (
        _("Data management"),
        (
            (_("Certificates"), "certificates:index"),
            (_("Storage"), "storage:index"),
            (_("Retention"), "retention:rule"),
            (_("Data export"), "exports:settings"),
            (_("Backup"), "backups:index"),
            (_("Integrity"), "integrity:settings"),
        ),
    ),
    (
        _("People"),
        (
            (_("Permissions"), "configuration:permissions"),
            (_("Sign-in"), "access:settings"),
            (_("Directory sync"), "directory:index"),
            (_("API tokens"), "tokens:all"),
            (_("Mail server (SMTP)"), "notifications:mail"),
            (_("Mail about recordings"), "notifications:recording_mail"),
        ),
    ),
)
"""Sections in the order of a call: recorded, kept, by and for people. A new page adds its line."""


def settings_menu(path: str) -> tuple[Section, ...]:
    """Return the menu with the page of `path` marked as current."""
    return mark_current(list(_sections()), path)


def _sections() -> Iterator[Section]:
    name = "configuration:index"
    yield Section("", (Entry(name, _now("Overview"), reverse(name), ""),))
    for label, pages in PAGES:
        entries = (Entry(name, str(text), reverse(name), "") for text, name in pages)
        yield Section(str(label), tuple(entries))
