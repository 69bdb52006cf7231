"""What the list of calls is filtered by: verdict, days, number."""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from callvault.portal.people.models import User
from callvault.portal.recordings.filters import DayField, HourField, hour_of_day
from callvault.portal.recordings.folding import number_in
from callvault.portal.recordings.models import Recording

from .models import Call
from .sentences import VERDICT_TITLES

VERDICTS = [(verdict.value, title) for verdict, title in VERDICT_TITLES.items()]


class CallFilterForm(forms.Form):
    """Read from the address, so that a view of the list can be kept and sent."""

    verdict = forms.ChoiceField(
        label=_("Verdict"), required=False, choices=[("", _("All verdicts")), *VERDICTS]
    )
    first = DayField(label=_("From"))
    last = DayField(label=_("To"))
    q = forms.CharField(label=_("Number or address"), required=False, max_length=100)
    hour = HourField()
    trunk = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """Refuse a range that ends before it begins."""
        cleaned = super().clean() or {}
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and last < first:
            self.add_error("last", _("The last day is before the first."))
        return cleaned


def matching_calls(read: dict[str, Any]) -> QuerySet[Call]:
    """Return the calls that the form's values (`cleaned_data`) ask for."""
    rows = Call.objects.all()
    if read.get("verdict"):
        rows = rows.filter(verdict=read["verdict"])
    hour, first = read.get("hour"), read.get("first")
    if hour is not None and first and first == read.get("last"):
        begin, end = hour_of_day(first, hour, timezone.get_current_timezone())
        return _with_parties(rows.filter(at__gte=begin, at__lt=end), read)
    if read.get("first"):
        rows = rows.filter(at__gte=_midnight(read["first"]))
    if read.get("last"):
        rows = rows.filter(at__lt=_midnight(read["last"] + timedelta(days=1)))
    return _with_parties(rows, read)


def _with_parties(rows: QuerySet[Call], read: dict[str, Any]) -> QuerySet[Call]:
    if read.get("trunk"):
        rows = rows.filter(trunk_name=read["trunk"])
    if read.get("q"):
        rows = rows.filter(_party_condition(read["q"]))
    return rows


def of_person(
    rows: QuerySet[Call], username: str, recordings: QuerySet[Recording]
) -> QuerySet[Call]:
    """Return the calls of a user: those recorded for them, and those that were judged theirs.

    `recordings` are those that the reader may see.
    """
    judged = Call.objects.filter(owner_username=username).values("pk")
    owner = User.objects.filter(username=username).values_list("pk", flat=True).first()
    if owner is None:
        return rows.filter(pk__in=judged)
    theirs = recordings.filter(owner=owner, call__isnull=False).order_by().values("call")
    # A union, each part by its index: of two conditions no planner takes both.
    return rows.filter(pk__in=judged.union(theirs))


def _party_condition(text: str) -> Q:
    number = number_in(text)
    if number:
        return Q(caller_digits__contains=number) | Q(callee_digits__contains=number)
    return Q(caller__icontains=text) | Q(callee__icontains=text)


def _midnight(day: Any) -> datetime:
    return datetime.combine(day, time.min, tzinfo=timezone.get_current_timezone())
