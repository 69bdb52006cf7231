"""What a list of recordings shows: rows, chips, counts and the ways on, all worded.

The list is the same for *My recordings* and *All recordings*; they differ in where rows start
from (the gate) and in which filters make sense.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Count as CountOf
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from callvault.policy.numbering_plan import PlanReader
from callvault.portal import wording
from callvault.portal.paging import CAP, DEFAULT_PAGE_SIZE, PAGE_SIZES, Count, Order, Page
from callvault.portal.people.models import User

from . import phrases
from .filters import NO_GROUP, PRESERVED, Filter, FilterForm, remark_choices
from .models import Note, Recording
from .page import Party
from .permissions import groups_to_choose
from .remote import remote_of

# Fields of the form that each filter is made of: what a chip removes from the address.
FORM_FIELDS = {
    "text": ("q",),
    "start": ("first", "last", "hour"),
    "direction": ("direction",),
    "group": ("group",),
    "owner": ("owner",),
    "duration": ("over", "under"),
    "note": ("note",),
    "preserved": ("preserved",),
    "remark": ("remark",),
    "trunk": ("trunk",),
}
SORTS = {"start": "started_at", "duration": "duration_ms"}


@dataclass(frozen=True, slots=True)
class Row:
    """One row."""

    recording_id: UUID
    url: str
    audio_url: str
    direction: str
    owner_name: str
    owner_extension: str
    remote: Party
    group: str
    started_at: datetime
    duration_ms: int
    size_bytes: int
    is_preserved: bool
    download_url: str  # empty: not for this reader
    marks: list[phrases.Mark]
    more_marks: int
    own_number: str
    trunk: str
    node: str


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter in the row of filters: set, or offered under *Add filter*."""

    name: str  # of `FILTERS`
    label: str
    value: str  # empty: not set
    remove_url: str


@dataclass(frozen=True, slots=True)
class SortHead:
    """Head of a column that the list can be sorted by."""

    url: str  # sorts by this column; if it is sorted by it already, the other way round
    state: Literal["", "ascending", "descending"]


@dataclass(frozen=True, slots=True)
class Sorting:
    """How the list is sorted: by start unless the address says otherwise, the newest first."""

    name: str = "start"
    descending: bool = True

    @classmethod
    def parse(cls, text: str) -> "Sorting":
        """Read `start`, `-start`, `duration` or `-duration`; anything else is the default."""
        name = text.removeprefix("-")
        return cls(name, text.startswith("-")) if name in SORTS else cls()

    @property
    def order(self) -> Order:
        """The order of rows."""
        return Order(SORTS[self.name], "record_number", descending=self.descending)

    def toggled(self, name: str) -> str:
        """Return the address's word for sorting by a column, or turning it round."""
        descending = not self.descending if name == self.name else True
        return ("-" if descending else "") + name

    def state(self, name: str) -> Literal["", "ascending", "descending"]:
        """Return the `aria-sort` of a column's head."""
        if name != self.name:
            return ""
        return "descending" if self.descending else "ascending"


def row_of(
    recording: Recording,
    *,
    reader: PlanReader,
    part: str = "",
    notes: int = 0,
    may_download: bool = False,
) -> Row:
    """Return what the list shows of a recording; `part`: which of its interaction it is."""
    found = phrases.marks_of(recording.flags, recording.quality)
    if recording.preserved_level is not None:
        found.insert(0, phrases.Mark(_("Preserved"), "shield-check", "accent"))
    if recording.is_held:
        found.insert(0, phrases.Mark(_("Legal hold"), "lock", "accent"))
    if notes:
        told = ngettext("%(count)s note", "%(count)s notes", notes) % {"count": notes}
        found.append(phrases.Mark(told, "note"))
    marks, more = phrases.marks_shown([*found, *([phrases.Mark(part, "route")] if part else [])])
    return Row(
        recording_id=recording.recording_id,
        url=reverse("recordings:recording", args=[recording.recording_id]),
        audio_url=reverse("recordings:audio", args=[recording.recording_id]),
        direction=recording.direction,
        owner_name=recording.owner_name,
        owner_extension=recording.owner_extension,
        remote=remote_of(recording, reader),
        group=recording.owner_group,
        started_at=recording.started_at,
        duration_ms=recording.duration_ms,
        size_bytes=recording.size_bytes,
        is_preserved=recording.preserved_level is not None,
        download_url=_download_url(recording) if may_download else "",
        marks=marks,
        more_marks=more,
        own_number=recording.local_number,
        trunk=recording.trunk_name,
        node=recording.node,
    )


def _download_url(recording: Recording) -> str:
    return reverse("recordings:download", args=[recording.recording_id])


def note_counts(recordings: Sequence[Recording]) -> dict[int, int]:
    """Return how many notes each of some recordings has, by record number."""
    rows = Note.objects.filter(recording__in=recordings).order_by().values_list("recording_id")
    return dict(rows.annotate(CountOf("pk")))


def address(
    path: str,
    data: QueryDict,
    *,
    without: tuple[str, ...] = (),
    changed: Mapping[str, str] | None = None,
) -> str:
    """Return the list's address with the same search, some fields removed, some set.

    The place in the paging is left out unless it is set: another search starts at its beginning.
    """
    changed = changed or {}
    dropped = {*without, *changed, "after", "before"}
    pairs = [
        (name, value)
        for name, values in data.lists()
        for value in values
        if name not in dropped and value
    ]
    pairs += [(name, value) for name, value in changed.items() if value]
    return f"{path}?{urlencode(pairs)}" if pairs else path


def chips_of(form: FilterForm, wanted: Filter, path: str, data: QueryDict) -> list[Chip]:
    """Return a chip for each filter but the text, which has its own field."""
    labels = {
        "start": _("Start"),
        "direction": _("Direction"),
        "group": _("Group"),
        "owner": _("Owner"),
        "duration": _("Duration"),
        "note": _("Note"),
        "preserved": _("Preserved"),
        "remark": _("Quality"),
        "trunk": _("Trunk"),
    }
    values = {
        "start": _days(wanted),
        "direction": _chosen(form, "direction", wanted.directions),
        "group": _chosen(form, "group", wanted.groups),
        "owner": _chosen(form, "owner", (wanted.owner,) if wanted.owner else ()),
        "duration": _length(wanted),
        "note": f"“{wanted.note}”" if wanted.note else "",
        "preserved": str(PRESERVED.get(wanted.preserved, "")),
        "remark": str(dict(remark_choices())[wanted.remark]) if wanted.remark else "",
        "trunk": wanted.trunk,
    }
    return [
        Chip(name, label, values[name], address(path, data, without=FORM_FIELDS[name]))
        for name, label in labels.items()
        if name in form.offered
    ]


def presets(path: str, data: QueryDict) -> list[tuple[str, str]]:
    """Return ranges of days that are often wanted, in the reader's zone, and their addresses."""
    today = timezone.localdate()
    monday, first = today - timedelta(days=today.weekday()), today.replace(day=1)
    before = first - timedelta(days=1)
    ranges = [
        (_("Today"), today, today),
        (_("Yesterday"), today - timedelta(days=1), today - timedelta(days=1)),
        (_("This week"), monday, today),
        (_("Last 7 days"), today - timedelta(days=6), today),
        (_("This month"), first, today),
        (_("Last month"), before.replace(day=1), before),
    ]
    return [
        (
            label,
            address(
                path, data, without=("hour",), changed={"first": str(since), "last": str(until)}
            ),
        )
        for label, since, until in ranges
    ]


def _days(wanted: Filter) -> str:
    language = wording.language_named(get_language())
    first, last = wanted.first_day, wanted.last_day
    if first and first == last and wanted.hour is not None:
        day = wording.written_date(first, "day", language=language)
        return f"{day}, {wanted.hour:02}:00 – {wanted.hour + 1:02}:00"  # noqa: RUF001 - a range
    if first and last:
        return wording.date_range(first, last, language=language)
    if first:
        day = wording.written_date(first, "day", language=language)
        return _("from %(day)s") % {"day": day}
    if last:
        day = wording.written_date(last, "day", language=language)
        return _("until %(day)s") % {"day": day}
    return ""


def _chosen(form: FilterForm, field: str, values: tuple[str, ...]) -> str:
    """Join what was chosen by commas; from the fourth on only its number."""
    labels = {str(value): str(label) for value, label in form.choices_of(field)}
    names = [labels.get(value, value) for value in values]
    shown = ", ".join(names[:3] if len(names) <= 3 else names[:2])
    return shown if len(names) <= 3 else f"{shown} +{len(names) - 2}"


def _length(wanted: Filter) -> str:
    over, under = wanted.over_s, wanted.under_s
    told = {
        "over": wording.duration_prose((over or 0) * 1000),
        "under": wording.duration_prose((under or 0) * 1000),
    }
    if over is not None and under is not None:
        return _("%(over)s to %(under)s") % told
    if over is not None:
        return _("over %(over)s") % told
    return _("under %(under)s") % told if under is not None else ""


def number_told(count: Count) -> str:
    """Write a count: exact up to the cap, then "more than 1,000"."""
    language = wording.language_named(get_language())
    if count.capped:
        return _("more than %(number)s") % {"number": wording.grouped(CAP, language=language)}
    if count.at_least:
        number = wording.grouped(count.number, language=language)
        return _("at least %(number)s") % {"number": number}
    return wording.grouped(count.number, language=language)


def head_line(count: Count, *, searched: bool, scope: str) -> str:
    """Return the line under the page's title: how many, and of whom."""
    if count.number == 0 and not searched:
        return _("Nothing recorded yet")
    number = number_told(count)
    if searched:
        line = ngettext(
            "%(number)s recording matches.", "%(number)s recordings match.", count.number
        )
    else:
        line = ngettext("%(number)s recording.", "%(number)s recordings.", count.number)
    return f"{_sentence_start(line % {'number': number})} {scope}".strip()


def _sentence_start(text: str) -> str:
    return text[:1].upper() + text[1:]


def foot_line(page: Page[Recording], count: Count, *, sorting: Sorting) -> str:
    """Return the foot's line: "Newest 50 of 412", or how far the search has come."""
    if page.is_short:
        return _told_so_far(page, sorting)
    told = {"shown": str(len(page.rows)), "count": number_told(count)}
    if page.newer is None and sorting == Sorting():
        return _("Newest %(shown)s of %(count)s") % told
    return _("%(shown)s of %(count)s") % told


def _told_so_far(page: Page[Recording], sorting: Sorting) -> str:
    told = {"shown": str(len(page.rows))}
    if not isinstance(page.reached, datetime):
        return _("%(shown)s found so far. Older looks further.") % told
    day = timezone.localdate(page.reached)
    told["day"] = wording.written_date(day, "day", language=wording.language_named(get_language()))
    if sorting.descending:
        return _("%(shown)s found back to %(day)s. Older looks further back.") % told
    return _("%(shown)s found up to %(day)s. Older looks further on.") % told


def page_size(text: str) -> int:
    """Read how many rows a page has; 50 unless it is one of the sizes offered."""
    return next((size for size in PAGE_SIZES if text == str(size)), DEFAULT_PAGE_SIZE)


def group_choices(user: User) -> list[tuple[str, str]]:
    """Return the groups to choose from: those a supervisor sees, or all that occur."""
    return [(name or NO_GROUP, name or _("No group")) for name in groups_to_choose(user)]
