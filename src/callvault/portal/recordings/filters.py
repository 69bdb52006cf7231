"""What a list of recordings is filtered by: the form, and the query it stands for.

The form is read from the address, so that a search can be kept and sent. A field that cannot be
read is pointed out and left out of the query; the others hold.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.http import QueryDict
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .models import DirectionChoice
from .phrases import flag_titles

NO_GROUP = "-"  # in addresses: recordings whose owner had no group


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
    trunk: str = ""  # as it was called then
    since: datetime | None = None  # to the moment, as programs ask
    until: datetime | None = None

    def without(self, name: str) -> "Filter":
        """Return the search with one of its filters (`FILTERS`) taken away."""
        kept = {one: getattr(self, one) for one in self.__slots__ if one not in FILTERS[name]}
        return Filter(**kept)

    def span(self, zone: tzinfo) -> tuple[datetime | None, datetime | None]:
        """Return between which moments recordings started; days are days in a zone."""
        begins = [midnight(self.first_day, zone)] if self.first_day else []
        ends = [midnight(self.last_day + timedelta(days=1), zone)] if self.last_day else []
        if self.hour is not None and self.first_day and self.first_day == self.last_day:
            begin, end = hour_of_day(self.first_day, self.hour, zone)
            begins, ends = [begin], [end]
        begins += [self.since] if self.since else []
        ends += [self.until] if self.until else []
        return max(begins, default=None), min(ends, default=None)

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
    "start": ("first_day", "last_day", "hour", "since", "until"),
    "direction": ("directions",),
    "group": ("groups",),
    "owner": ("owner",),
    "duration": ("over_s", "under_s"),
    "note": ("note",),
    "preserved": ("preserved",),
    "remark": ("remark",),
    "trunk": ("trunk",),
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


class LongSelect(forms.Select):
    """A list of hundreds, written in one go: Django renders a template for each."""

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        """Return the control."""
        chosen = {str(one) for one in self.format_value(value)}
        options = format_html_join(
            "\n",
            '<option value="{}"{}>{}</option>',
            ((key, mark_safe(" selected") if str(key) in chosen else "", label)
             for key, label in self.choices),
        )  # fmt: skip
        written = flatatt({"name": name, **self.build_attrs(self.attrs, attrs)})
        return format_html("<select{}>{}</select>", written, options)


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
    return begin, midnight(day + timedelta(days=1), zone)


def midnight(day: date, zone: tzinfo) -> datetime:
    """Return the moment at which a day begins."""
    return datetime.combine(day, time.min, tzinfo=zone)


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
    owner = forms.ChoiceField(label=_("Owner"), required=False, widget=LongSelect)
    over = DurationField(label=_("Longer than"), required=False)
    under = DurationField(label=_("Shorter than"), required=False)
    note = forms.CharField(label=_("Text of notes"), required=False, max_length=100, strip=True)
    preserved = forms.ChoiceField(
        label=_("Preserved"), required=False, choices=[("", _("Either")), *PRESERVED.items()]
    )
    hour = HourField()
    remark = forms.ChoiceField(label=_("Quality"), required=False, choices=remark_choices)
    trunk = forms.CharField(
        label=_("Trunk"),
        required=False,
        max_length=64,
        strip=True,
        help_text=_("Its whole name, as it was then."),
    )

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
        always = {"text", "start", "direction", "duration", "note", "preserved", "remark", "trunk"}
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
            trunk=read.get("trunk") or "",
        )
