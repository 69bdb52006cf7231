"""What the log is filtered by, and the query it stands for; the page and exports read the same.

Each filter has an index that ends in time, so a page is read by walking it. Free text has none:
it is looked for in a bounded number of entries at a time, and `Older` goes on from there.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import CharField, Q, QuerySet
from django.db.models.functions import Cast
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from callvault.portal.people.models import User
from callvault.portal.recordings.filters import DayField
from callvault.portal.recordings.folding import number_in
from callvault.portal.recordings.permissions import recordings_visible_to

from .log import address_in, number_reference
from .models import AuditEntry
from .objects import OBJECTS
from .sentences import action_choices

PAGE = 50
TEXT_WINDOW = 20_000  # entries that one page looks through for a text
PEOPLE_OFFERED = 500
NOBODY = "-"  # in addresses: entries of no person


class AuditFilterForm(forms.Form):
    """Read from the address, so that a view of the log can be kept and sent."""

    q = forms.CharField(label=_("Text or number"), required=False, max_length=100)
    action = forms.ChoiceField(label=_("Action"), required=False)
    person = forms.ChoiceField(label=_("Person"), required=False)
    first = DayField(label=_("From"))
    last = DayField(label=_("To"))
    kind = forms.ChoiceField(label=_("About"), required=False)
    object = forms.CharField(
        label=_("Recording number, or id"), required=False, max_length=64, strip=True
    )
    address = forms.CharField(label=_("Address"), required=False, max_length=64, strip=True)

    def __init__(self, data: QueryDict, *, reader: User) -> None:
        super().__init__(data)
        self._reader = reader
        self._choose("action", [("", _("All actions")), *action_choices()])
        kinds = [(kind, one.label) for kind, one in OBJECTS.items()]
        self._choose("kind", [("", _("Everything")), *kinds])
        everybody = [("", _("All people")), (NOBODY, _("Nobody: Callvault, or a command"))]
        self._choose("person", [*everybody, *_people(data.get("person", ""))])

    def _choose(self, name: str, choices: list[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - tells the type checker
        field.choices = choices

    def clean(self) -> dict[str, Any]:
        """Refuse a range that ends before it begins."""
        cleaned = super().clean() or {}
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and last < first:
            self.add_error("last", _("The last day is before the first."))
        return cleaned

    def clean_address(self) -> str:
        """Refuse what is no address."""
        text = str(self.cleaned_data["address"])
        address = address_in(text)
        if text and address is None:
            raise forms.ValidationError(_("This is not an address, such as 192.0.2.7."))
        return address or ""

    @property
    def asked(self) -> dict[str, str]:
        """What is filtered by, as an export and the audit log tell it; texts without numbers."""
        values = {name: str(value) for name, value in self.cleaned_data.items() if value}
        text = values.pop("q", "")
        return {**values, "text": safe_text(text)} if text else values

    def rows(self) -> QuerySet[AuditEntry]:
        """Return the entries asked for, but for the text."""
        return _filtered(self.cleaned_data, self._reader)

    @property
    def text(self) -> str:
        """The text asked for; empty: none."""
        return str(self.cleaned_data.get("q") or "").strip()


def safe_text(text: str) -> str:
    """Return what the log may hold of a text that somebody looked for: numbers by reference."""
    number = number_in(text)
    if number:
        return number_reference(number)
    digits = sum(letter.isdecimal() for letter in text)
    return text[:100] if digits < 4 else number_reference(text.strip().casefold())


def _people(chosen: str) -> list[tuple[str, str]]:
    people = list(User.objects.all()[:PEOPLE_OFFERED])
    offered = [(str(one.public_id), one.get_full_name()) for one in people]
    if len(people) == PEOPLE_OFFERED and chosen not in dict(offered):
        offered += [
            (str(one.public_id), one.get_full_name())
            for one in User.objects.filter(public_id__in=[chosen] if len(chosen) == 36 else [])
        ]
    return offered


def _filtered(read: dict[str, Any], reader: User) -> QuerySet[AuditEntry]:
    rows = AuditEntry.objects.all()
    if read.get("action"):
        rows = rows.filter(action=read["action"])
    if read.get("person"):
        rows = rows.filter(_by(read["person"]))
    if read.get("first"):
        rows = rows.filter(at__gte=_midnight(read["first"]))
    if read.get("last"):
        rows = rows.filter(at__lt=_midnight(read["last"] + timedelta(days=1)))
    if read.get("kind"):
        rows = rows.filter(object_kind=read["kind"])
    if read.get("object"):
        rows = rows.filter(_about(read["object"], read.get("kind") or "", reader))
    if read.get("address"):
        rows = rows.filter(address=read["address"])
    return rows


def _by(person: str) -> Q:
    if person == NOBODY:
        return Q(actor_id__isnull=True)
    row = User.objects.filter(public_id=person).first()
    return Q(actor_id=row.pk if row is not None else 0)


def _about(text: str, kind: str, reader: User) -> Q:
    """Return the condition for one object: a recording's number, or an id of any kind."""
    if text.isascii() and text.isdecimal() and len(text) < 19:
        row = recordings_visible_to(reader).filter(record_number=int(text)).first()
        object_id = str(row.recording_id) if row is not None else text
        return Q(object_kind="recording", object_id=object_id)
    kinds = [kind] if kind else list(OBJECTS)
    return Q(object_kind__in=kinds, object_id=text.casefold())


def _midnight(day: Any) -> datetime:
    return datetime.combine(day, time.min, tzinfo=timezone.get_current_timezone())


def with_text(rows: QuerySet[AuditEntry], text: str) -> QuerySet[AuditEntry]:
    """Keep entries that hold a text: user name, id, details; a number by its reference."""
    rows = rows.annotate(detail_text=Cast("detail", CharField()))
    number = number_in(text)
    if number and len(number) > 3:
        return rows.filter(detail_text__contains=number_reference(number))
    for word in text.split():
        rows = rows.filter(
            Q(actor_name__icontains=word)
            | Q(object_id__icontains=word)
            | Q(detail_text__icontains=word)
        )
    return rows


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Entries of a page, the newest first, and the cursors that lead off it."""

    rows: list[AuditEntry]
    older: int | None
    newer: int | None
    looked_through: int = 0  # entries searched for a text; 0: none was asked for


def read_page(
    rows: QuerySet[AuditEntry], text: str, *, after: int | None, before: int | None
) -> EntryPage:
    """Read one page: the first, the one after an entry, or the one before an entry."""
    if text:
        return _searched(rows, text, after)
    if before is not None and (anchor := _anchor(before)):
        newer = rows.filter(_beyond(anchor, "gt")).order_by("at", "id")[: PAGE + 1]
        found = list(newer)
        page = found[:PAGE][::-1]
        return EntryPage(
            page,
            older=page[-1].pk if page else None,
            newer=page[0].pk if len(found) > PAGE else None,
        )
    anchor = _anchor(after) if after is not None else None
    older = rows.filter(_beyond(anchor, "lt")) if anchor else rows
    found = list(older.order_by("-at", "-id")[: PAGE + 1])
    page = found[:PAGE]
    return EntryPage(
        page,
        older=page[-1].pk if len(found) > PAGE else None,
        newer=page[0].pk if page and anchor else None,
    )


def _searched(rows: QuerySet[AuditEntry], text: str, after: int | None) -> EntryPage:
    anchor = _anchor(after) if after is not None else None
    ahead = rows.filter(_beyond(anchor, "lt")) if anchor else rows
    ahead = ahead.order_by("-at", "-id")
    window = list(ahead.values_list("pk", flat=True)[TEXT_WINDOW - 1 : TEXT_WINDOW])
    end = _anchor(window[0]) if window else None
    within = ahead.filter(at__gte=end[0]) if end else ahead
    found = list(with_text(within, text)[: PAGE + 1])
    page = found[:PAGE]
    if len(found) > PAGE:
        return EntryPage(page, older=page[-1].pk, newer=None, looked_through=TEXT_WINDOW)
    return EntryPage(page, older=window[0] if window else None, newer=None,
                     looked_through=TEXT_WINDOW if window else 0)  # fmt: skip


def _anchor(entry_id: int) -> tuple[datetime, int] | None:
    return AuditEntry.objects.filter(pk=entry_id).values_list("at", "pk").first()


def _beyond(anchor: tuple[datetime, int], comparison: str) -> Q:
    """Entries past the anchor. The outer bound on time alone lets an index be walked."""
    at, pk = anchor
    inside = Q(**{f"at__{comparison}": at}) | Q(**{"at": at, f"pk__{comparison}": pk})
    return Q(**{f"at__{comparison}e": at}) & inside
