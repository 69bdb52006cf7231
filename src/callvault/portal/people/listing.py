"""The list of people: what it is searched, filtered and sorted by, and how its pages follow."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from callvault.policy.writings import forms_by, writings
from callvault.portal.configuration.plan_reading import plan_reader
from callvault.portal.paging import Order, Page, page_of
from callvault.portal.recordings.folding import folded, number_in

from .levels import Level
from .models import User
from .sources import Source

SORTS = {
    "name": "sort_name",
    "extension": "extension",
    "group": "group",
    "level": "level",
    "username": "username",
}
MOST_GROUPS = 500
MOST_WORDS = 6
LONGEST_TEXT = 100
NO_GROUP = "-"


class PeopleFilter(forms.Form):
    """What the list is narrowed by. What an address says wrongly is passed over."""

    q = forms.CharField(required=False)
    level = forms.ChoiceField(label=_("Level"), required=False)
    group = forms.ChoiceField(label=_("Group"), required=False)
    state = forms.ChoiceField(
        label=_("Active"),
        required=False,
        choices=[("", _("All")), ("active", _("Active")), ("inactive", _("Not active"))],
    )
    source = forms.ChoiceField(label=_("Source"), required=False)

    def __init__(self, data: QueryDict) -> None:
        asked = data.copy()
        asked["q"] = data.get("q", "").replace("\0", "")[:LONGEST_TEXT]  # PostgreSQL refuses it
        super().__init__(asked)
        fields: Any = self.fields
        groups = User.objects.exclude(group="").order_by("group").values_list("group", flat=True)
        named = [(name, name) for name in groups.distinct()[:MOST_GROUPS]]
        fields["level"].choices = [("", _("All")), *Level.choices]
        fields["group"].choices = [("", _("All")), (NO_GROUP, _("No group")), *named]
        fields["source"].choices = [("", _("All")), *Source.choices]
        self.is_valid()

    @property
    def active(self) -> dict[str, str]:
        """The filters that are set, by name."""
        cleaned = {name: str(self.cleaned_data.get(name) or "") for name in self.fields}
        return {name: text for name, text in cleaned.items() if text}

    def apply(self) -> QuerySet[User]:
        """Return those who match."""
        wanted, found = self.active, User.objects.all()
        if "level" in wanted:
            found = found.filter(level=int(wanted["level"]))
        if "group" in wanted:
            found = found.filter(group="" if wanted["group"] == NO_GROUP else wanted["group"])
        if "state" in wanted:
            found = found.filter(is_active=wanted["state"] == "active")
        if "source" in wanted:
            found = found.filter(source=wanted["source"])
        return matching(found, wanted.get("q", ""))


@dataclass(frozen=True, slots=True)
class Sorting:
    """How the list is sorted: by name unless the address says otherwise."""

    name: str = "name"
    descending: bool = False

    @classmethod
    def parse(cls, text: str) -> "Sorting":
        """Read `group` or `-group`; anything else is the default."""
        name = text.removeprefix("-")
        return cls(name, text.startswith("-")) if name in SORTS else cls()

    @property
    def text(self) -> str:
        """As an address says it."""
        return ("-" if self.descending else "") + self.name


@dataclass(frozen=True, slots=True)
class SortHead:
    """Head of a column that the list can be sorted by."""

    label: str
    url: str
    state: str  # of aria-sort; empty: sorted by another


def matching(found: QuerySet[User], text: str) -> QuerySet[User]:
    """Return those in whom every word is found, or the number, in any of its forms."""
    number = number_in(text.strip())
    if number:
        reader = plan_reader()
        written = {number, *forms_by(reader, number), *writings(reader, number)}
        either = Q()
        for form in sorted(written):
            either |= Q(search_text__contains=form)
        return found.filter(either)
    for word in folded(text).split()[:MOST_WORDS]:
        found = found.filter(search_text__contains=word)
    return found


def page_wanted(found: QuerySet[User], sorting: Sorting, asked: QueryDict) -> Page[User]:
    """Read the page that an address asks for."""
    order = Order(SORTS[sorting.name], "id", descending=sorting.descending)
    after, before = _row_id(asked.get("after")), _row_id(asked.get("before"))
    return page_of(found, order, id_field="public_id", after=after, before=before)


def heads(sorting: Sorting, wanted: dict[str, str]) -> dict[str, SortHead]:
    """Return the heads of the columns that sort, by name."""
    labels = {
        "name": _("Name"),
        "extension": _("Extension"),
        "group": _("Group"),
        "level": _("Level"),
        "username": _("User name"),
    }
    return {name: _head(name, str(label), sorting, wanted) for name, label in labels.items()}


def address(wanted: dict[str, str], sorting: Sorting, **more: object) -> str:
    """Return the query of the list with these filters, sorted so."""
    sort = {"sort": sorting.text} if sorting != Sorting() else {}
    return "?" + urlencode({**wanted, **sort, **{name: one for name, one in more.items() if one}})


def chips(form: PeopleFilter, sorting: Sorting) -> list[dict[str, str]]:
    """Return a chip for each filter that restricts, with the address of the list without it."""
    wanted = form.active
    fields: Any = form.fields
    return [
        {
            "label": str(fields[name].label),
            "value": str({str(key): text for key, text in fields[name].choices}[value]),
            "remove_url": address(_without(name, wanted), sorting),
        }
        for name, value in wanted.items()
        if name != "q"
    ]


def _without(name: str, wanted: dict[str, str]) -> dict[str, str]:
    return {one: text for one, text in wanted.items() if one != name}


def _head(name: str, label: str, sorting: Sorting, wanted: dict[str, str]) -> SortHead:
    is_by_it = sorting.name == name
    turned = Sorting(name, descending=is_by_it and not sorting.descending)
    state = ("descending" if sorting.descending else "ascending") if is_by_it else ""
    return SortHead(label, address(wanted, turned), state)


def _row_id(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
