"""What a list of recordings is filtered by: the form, and the query it stands for.

The form is read from the address, so that a search can be kept and sent. A field that cannot be
read is pointed out and left out of the query; the others hold.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from django import forms
from django.db import connection
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from callvault.policy.writings import writings
from callvault.portal.configuration.plan_reading import plan_reader

from .folding import folded, normal_form, number_in
from .models import DirectionChoice, Recording
from .note_search import notes_with
from .phrases import flag_titles

NO_GROUP = "-"  # in addresses: recordings whose owner had no group
WHOLE_NUMBER_DIGITS = 6  # from here on a number is looked up by its beginning, through its index


@dataclass(frozen=True, slots=True)
class Filter:
    """A search, as values. Empty fields do not restrict."""

    text: str = ""
    first_day: date | None = None
    last_day: date | None = None
    directions: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    owner: str = ""  # public id of a person
    over_s: int | None = None
    under_s: int | None = None
    note: str = ""  # text of notes
    preserved: str = ""  # yes, no
    hour: int | None = None  # of the one day
    remark: str = ""  # any, or one flag of the check at close

    def without(self, name: str) -> "Filter":
        """Return the search with one of its filters (`FILTERS`) taken away."""
        kept = {one: getattr(self, one) for one in self.__slots__ if one not in FILTERS[name]}
        return Filter(**kept)

    @property
    def told(self) -> dict[str, object]:
        """What restricts, for the audit log; the text is told apart."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "text"}

    @property
    def active(self) -> tuple[str, ...]:
        """Names of the filters that restrict, in the order in which they are shown."""
        return tuple(
            name
            for name, fields in FILTERS.items()
            if any(getattr(self, one) not in ("", (), None) for one in fields)
        )


FILTERS = {
    "text": ("text",),
    "start": ("first_day", "last_day", "hour"),
    "direction": ("directions",),
    "group": ("groups",),
    "owner": ("owner",),
    "duration": ("over_s", "under_s"),
    "note": ("note",),
    "preserved": ("preserved",),
    "remark": ("remark",),
}
PRESERVED = {"yes": _("Preserved"), "no": _("Not preserved")}


class DurationField(forms.Field):
    """A length of time: minutes ("2", "1.5"), or clock form ("2:30", "1:02:33")."""

    default_error_messages = {  # noqa: RUF012 - Django's fields declare it so
        "invalid": _("“%(value)s” is not a length of time. Write minutes, or 2:30.")
    }
    widget = forms.TextInput

    def to_python(self, value: Any) -> int | None:
        """Return seconds."""
        text = str(value or "").strip()
        if not text:
            return None
        try:
            return _seconds_of(text)
        except (ValueError, OverflowError) as unreadable:  # infinity overflows
            raise forms.ValidationError(
                self.error_messages["invalid"], params={"value": text}
            ) from unreadable


def _seconds_of(text: str) -> int:
    parts = text.split(":")
    if len(parts) == 1:
        seconds = round(float(text.replace(",", ".")) * 60)
    elif len(parts) <= 3 and all(part.isascii() and part.isdecimal() for part in parts):
        seconds = 0
        for part in parts:
            seconds = seconds * 60 + int(part)
    else:
        raise ValueError(text)
    if not 0 <= seconds <= 7 * 86_400:
        raise ValueError(text)
    return seconds


class DayField(forms.DateField):
    """A day, in the browser's own field, which speaks ISO whatever it shows.

    Its range leaves room for the day after it, in every time zone.
    """

    default_error_messages = {  # noqa: RUF012 - Django's fields declare it so
        "out_of_range": _("Write a year from 1970 to 2999.")
    }

    def __init__(self, *, label: Any) -> None:
        widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
        super().__init__(label=label, required=False, widget=widget)

    def to_python(self, value: Any) -> date | None:
        """Return the day."""
        day = super().to_python(value)
        if day is not None and not 1970 <= day.year <= 2999:
            raise forms.ValidationError(self.error_messages["out_of_range"], code="out_of_range")
        return day


class HourField(forms.IntegerField):
    """An hour of the one day, as the dashboard's bars ask for it; no field that people see."""

    def __init__(self) -> None:
        widget = forms.HiddenInput
        super().__init__(required=False, min_value=0, max_value=23, widget=widget)


def hour_of_day(day: date, hour: int, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return begin and end of an hour of a day; twice as long where the clock is put back."""
    begin = datetime.combine(day, time(hour), tzinfo=zone)
    if hour < 23:
        return begin, datetime.combine(day, time(hour + 1), tzinfo=zone)
    return begin, _midnight(day + timedelta(days=1), zone)


def remark_choices() -> list[tuple[str, str]]:
    """Return what the check at close may have found, as a search by it is told."""
    return [("", gettext("Any")), ("any", gettext("With a remark")), *flag_titles().items()]


class FilterForm(forms.Form):
    """The fields of the search. Choices of groups and owners are those the reader may see."""

    q = forms.CharField(label=_("Number, name or note"), required=False, max_length=100, strip=True)
    first = DayField(label=_("From"))
    last = DayField(label=_("To"))
    direction = forms.MultipleChoiceField(
        label=_("Direction"),
        required=False,
        choices=DirectionChoice.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    group = forms.MultipleChoiceField(
        label=_("Group"), required=False, widget=forms.CheckboxSelectMultiple
    )
    owner = forms.ChoiceField(label=_("Owner"), required=False)
    over = DurationField(label=_("Longer than"), required=False)
    under = DurationField(label=_("Shorter than"), required=False)
    note = forms.CharField(label=_("Text of notes"), required=False, max_length=100, strip=True)
    preserved = forms.ChoiceField(
        label=_("Preserved"), required=False, choices=[("", _("Either")), *PRESERVED.items()]
    )
    hour = HourField()
    remark = forms.ChoiceField(label=_("Quality"), required=False, choices=remark_choices)

    def __init__(
        self,
        data: QueryDict,
        *,
        groups: list[tuple[str, str]] | None,
        owners: list[tuple[str, str]] | None,
    ) -> None:
        """Offer these groups and owners; None: the list is not filtered by them."""
        super().__init__(data)
        self._labels = {"direction": [(str(v), str(label)) for v, label in DirectionChoice.choices]}
        self._offer("group", groups)
        self._offer("owner", owners)

    def _offer(self, name: str, choices: list[tuple[str, str]] | None) -> None:
        offered = self.fields[name]
        if choices and isinstance(offered, forms.ChoiceField):
            anyone = [] if isinstance(offered, forms.MultipleChoiceField) else [("", _("Anyone"))]
            offered.choices = [*anyone, *choices]
            self._labels[name] = choices
        else:
            del self.fields[name]

    @property
    def offered(self) -> set[str]:
        """Names of the filters (`FILTERS`) that this list has."""
        always = {"text", "start", "direction", "duration", "note", "preserved", "remark"}
        return always | ({"group", "owner"} & {*self.fields})

    def choices_of(self, name: str) -> list[tuple[str, str]]:
        """Return value and label of what a field offers; nothing where the list has it not."""
        return self._labels.get(name, [])

    def clean(self) -> dict[str, Any]:
        """Refuse ranges that end before they begin."""
        cleaned = super().clean() or {}
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and last < first:
            self.add_error("last", _("The last day is before the first."))
        over, under = cleaned.get("over"), cleaned.get("under")
        if over is not None and under is not None and under < over:
            self.add_error("under", _("No recording is both longer and shorter than that."))
        return cleaned

    def filter(self) -> Filter:
        """Return what could be read as a search; call after `is_valid`."""
        read = self.cleaned_data
        return Filter(
            text=read.get("q") or "",
            first_day=read.get("first"),
            last_day=read.get("last"),
            directions=tuple(read.get("direction") or ()),
            groups=tuple(read.get("group") or ()),
            owner=read.get("owner") or "",
            over_s=read.get("over"),
            under_s=read.get("under"),
            note=read.get("note") or "",
            preserved=read.get("preserved") or "",
            hour=read.get("hour"),
            remark=read.get("remark") or "",
        )


def apply(rows: QuerySet[Recording], wanted: Filter) -> QuerySet[Recording]:
    """Restrict rows that the reader may see to the search. Days are days in the current zone."""
    zone = timezone.get_current_timezone()
    conditions = [
        _text_condition(wanted.text),
        _start_condition(wanted, zone),
        _choice_condition("direction", wanted.directions),
        _group_condition(wanted.groups),
        Q(owner__public_id=wanted.owner) if wanted.owner else Q(),
        _duration_condition(wanted),
        _note_condition(wanted.note),
        Q(preserved_level__isnull=wanted.preserved == "no") if wanted.preserved else Q(),
        Q(is_flagged=True) if wanted.remark else Q(),
    ]
    if wanted.remark not in ("", "any"):
        rows = rows.annotate(flags_text=Cast("flags", TextField()))
        conditions.append(Q(flags_text__contains=f'"{wanted.remark}"'))
    for condition in conditions:
        if condition:
            rows = rows.filter(condition)
    return rows


def _choice_condition(column: str, values: tuple[str, ...]) -> Q:
    return Q(**{f"{column}__in": values}) if values else Q()


def _group_condition(groups: tuple[str, ...]) -> Q:
    return _choice_condition("owner_group", tuple("" if g == NO_GROUP else g for g in groups))


def _start_condition(wanted: Filter, zone: tzinfo) -> Q:
    if wanted.hour is not None and wanted.first_day and wanted.first_day == wanted.last_day:
        begin, end = hour_of_day(wanted.first_day, wanted.hour, zone)
        return Q(started_at__gte=begin, started_at__lt=end)
    condition = Q()
    if wanted.first_day is not None:
        condition &= Q(started_at__gte=_midnight(wanted.first_day, zone))
    if wanted.last_day is not None:
        condition &= Q(started_at__lt=_midnight(wanted.last_day + timedelta(days=1), zone))
    return condition


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone)


def _duration_condition(wanted: Filter) -> Q:
    """Longer and shorter include the second named: durations are shown cut to seconds."""
    condition = Q()
    if wanted.over_s is not None:
        condition &= Q(duration_ms__gte=wanted.over_s * 1000)
    if wanted.under_s is not None:
        condition &= Q(duration_ms__lt=wanted.under_s * 1000 + 1000)
    return condition


def _text_condition(text: str) -> Q:
    number = number_in(text)
    if number:
        return _number_condition(number) | _note_condition(text)
    condition = Q()
    for word in folded(text).split():
        condition &= Q(names_folded__contains=word)
    return condition | _note_condition(text) if condition else condition


def _note_condition(text: str) -> Q:
    """Find recordings by a note in which all words stand."""
    return Q(pk__in=notes_with(text).values("recording")) if text.split() else Q()


def _number_condition(number: str) -> Q:
    """Look for a number however it was dialled: as typed, and in each writing of the plan.

    Long international numbers are found by their beginning, through the index; others by a part.
    """
    condition = Q()
    kept = {normal_form(one) for one in writings(plan_reader(), number)}  # as rows have it
    for text in sorted(kept | {number}):
        if len(text) > WHOLE_NUMBER_DIGITS:
            condition |= _begins_with(text)
    if number.startswith("+") and len(number) > WHOLE_NUMBER_DIGITS:
        return condition
    condition |= Q(remote_normalised__contains=number) | Q(owner_extension__startswith=number)
    if number.startswith("00"):  # the beginning of a number that is kept with a plus
        condition |= Q(remote_normalised__startswith=f"+{number[2:]}")
    return condition


def _begins_with(number: str) -> Q:
    if connection.vendor == "sqlite":  # its LIKE walks; ":" comes next after the digits
        return Q(remote_normalised__gte=number, remote_normalised__lt=number + ":")
    return Q(remote_normalised__startswith=number)
