"""The search in the global settings: by pages, labels and help of fields, in all languages.

An administrator may know a setting by the word of another language's manual; whatever the words
are found in, the result is told in the reader's own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.forms import BaseForm, Field
from django.forms.widgets import HiddenInput
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import override

from callvault.portal.access.settings_forms import ProviderForm, RulesForm
from callvault.portal.api.forms import ApiSettingsForm
from callvault.portal.backups.forms import BackupForm
from callvault.portal.directory.ldap_form import LdapForm
from callvault.portal.directory.webex_form import WebexForm
from callvault.portal.exports.forms import ExportForm
from callvault.portal.gadget.settings_page import GadgetForm
from callvault.portal.integrity.forms import StampForm
from callvault.portal.notifications.forms import MailSettingsForm
from callvault.portal.notifications.recording_forms import RecordingMailForm
from callvault.portal.recordings.folding import folded
from callvault.portal.storage.forms import BucketForm, ShareForm

from .capacity_form import CapacityForm
from .filter_forms import FilterForm
from .forms import SystemForm
from .menu import PAGES
from .mode_forms import ModesForm
from .pilot_forms import PilotForm
from .plan_views import PlanForm
from .rights_views import RightsForm
from .trunk_form import TrunkForm

MOST_FOUND = 30

FORMS: tuple[tuple[str, str, type[BaseForm]], ...] = (
    # page of the menu, page with the field, form
    ("configuration:general", "configuration:general", SystemForm),
    ("configuration:trunks", "configuration:create_trunk", TrunkForm),
    ("configuration:modes", "configuration:modes", ModesForm),
    ("configuration:filters", "configuration:filters", FilterForm),
    ("configuration:pilots", "configuration:pilots", PilotForm),
    ("configuration:plan", "configuration:plan", PlanForm),
    ("gadget:settings", "gadget:settings", GadgetForm),
    ("configuration:capacity", "configuration:capacity", CapacityForm),
    ("integrity:settings", "integrity:settings", StampForm),
    ("configuration:permissions", "configuration:permissions", RightsForm),
    ("access:settings", "access:settings", RulesForm),
    ("access:settings", "access:provider", ProviderForm),
    ("tokens:all", "tokens:all", ApiSettingsForm),
    ("exports:settings", "exports:settings", ExportForm),
    ("backups:index", "backups:index", BackupForm),
    ("notifications:mail", "notifications:mail", MailSettingsForm),
    ("notifications:recording_mail", "notifications:recording_mail", RecordingMailForm),
)
PAGE_OF_STORAGE = "storage:index"
STORAGE_FORMS = (ShareForm, BucketForm)
PAGE_OF_DIRECTORY = "directory:index"
DIRECTORY_FORMS = (LdapForm, WebexForm)
"""Directories and stores have pages of their own for each kind: their fields lead to the lists."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A page, or one field of it."""

    page: Promise | str
    label: Promise | str  # empty: the page itself
    help_text: Promise | str
    address: str  # name of the address
    field: str  # id in the page; empty: the page itself
    words: str  # folded, of all languages

    @property
    def url(self) -> str:
        """Where it is; the browser marks the field that the address names."""
        return reverse(self.address) + (f"#id_{self.field}" if self.field else "")

    @property
    def title(self) -> str:
        """What it is called, in the reader's language."""
        text = str(self.label or self.page)
        return text[:1].upper() + text[1:]


def found_settings(text: str) -> list[Setting]:
    """Return the settings in which all words of the text stand, those in whose name they do first.

    A word may stand anywhere: in the name of the page or field, or in what explains it.
    """
    words = folded(text).split()
    found = [one for one in _all() if all(word in one.words for word in words)]

    def rank(one: Setting) -> tuple[bool, bool]:
        in_name = all(word in folded(one.title) for word in words)
        return (not in_name, bool(one.field))

    once = {(one.url, one.title): one for one in sorted(found, key=rank, reverse=True)}
    return sorted(once.values(), key=rank)[:MOST_FOUND]


@cache
def _all() -> tuple[Setting, ...]:
    return (*_pages(), *_fields())


def _pages() -> Iterator[Setting]:
    for section, pages in PAGES:
        for label, address in pages:
            yield Setting(label, "", "", address, "", _in_all_languages(section, label))


def _fields() -> Iterator[Setting]:
    labels = {address: label for _section, pages in PAGES for label, address in pages}
    for page, address, form in FORMS:
        for name, field in _shown(form):
            yield _setting(labels[page], address, name, field)
    for page, forms in ((PAGE_OF_DIRECTORY, DIRECTORY_FORMS), (PAGE_OF_STORAGE, STORAGE_FORMS)):
        for several in forms:
            for _name, field in _shown(several):
                yield _setting(labels[page], page, "", field)


def _shown(form: type[BaseForm]) -> Iterator[tuple[str, Field]]:
    for name, field in form.base_fields.items():  # type: ignore[attr-defined]
        if field.label and not isinstance(field.widget, HiddenInput):
            yield name, field


def _setting(page: Promise | str, address: str, name: str, field: Field) -> Setting:
    label, told = field.label or "", field.help_text
    return Setting(page, label, told, address, name, _in_all_languages(page, label, told))


def _in_all_languages(*texts: Promise | str) -> str:
    found = []
    for code, _name in settings.LANGUAGES:
        with override(code):
            found += [folded(str(text)) for text in texts]
    return " ".join(found)
