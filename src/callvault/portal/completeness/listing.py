"""What the list of call records is filtered by, and its figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.db.models import Q, QuerySet, Sum
from django.urls import reverse
from django.utils import timezone

from callvault.policy.completeness import COUNTED, CdrVerdict, capture_rate
from callvault.portal.recordings.folding import number_in

from . import wording
from .models import CdrCall, CdrTally

QUARTER_S = 900


@dataclass(frozen=True, slots=True)
class CdrLine:
    """One record of the list."""

    row: CdrCall
    parties: str
    title: str
    text: str
    url: str  # of the call's decision; empty: no call was found, or it is gone


@dataclass(frozen=True, slots=True)
class Capture:
    """How many records of some days were to be recorded, and were."""

    counts: Mapping[CdrVerdict, int]

    @property
    def percent(self) -> float | None:
        """The share; None: none was to be recorded."""
        return capture_rate(self.counts)

    @property
    def recorded(self) -> int:
        """Those that were."""
        return self.counts.get(CdrVerdict.RECORDED, 0)

    @property
    def missing(self) -> int:
        """Those that never reached a recorder."""
        return self.counts.get(CdrVerdict.MISSING, 0)

    @property
    def wanted(self) -> int:
        """Those that were to be recorded."""
        return sum(self.counts.get(one, 0) for one in COUNTED)


def capture(first: datetime, end: datetime) -> Capture:
    """Return the figures of some whole quarters of an hour, from the tallies."""
    rows = CdrTally.objects.filter(
        quarter__gte=int(first.timestamp()) // QUARTER_S,
        quarter__lt=int(end.timestamp()) // QUARTER_S,
    ).exclude(verdict="")
    sums = rows.order_by().values_list("verdict").annotate(number=Sum("count"))
    return Capture({CdrVerdict(verdict): number for verdict, number in sums if number})


def matching(read: Mapping[str, Any]) -> QuerySet[CdrCall]:
    """Return the records that the form's values (`cleaned_data`) ask for."""
    rows = CdrCall.objects.select_related("call")
    if read.get("verdict"):
        rows = rows.filter(verdict=read["verdict"])
    if read.get("source"):
        rows = rows.filter(source__public_id=read["source"])
    if read.get("first"):
        rows = rows.filter(began_at__gte=_midnight(read["first"]))
    if read.get("last"):
        rows = rows.filter(began_at__lt=_midnight(read["last"] + timedelta(days=1)))
    return rows.filter(_party(read["q"])) if read.get("q") else rows


def line_of(row: CdrCall) -> CdrLine:
    """Return a record as the list shows it."""
    url = reverse("decisions:call", args=[row.call.event_id]) if row.call is not None else ""
    return CdrLine(
        row,
        wording.parties_of(row),
        wording.title_of(row.verdict),
        wording.sentence_of(row),
        url,
    )


def _party(text: str) -> Q:
    number = number_in(text)
    suffix, sought = ("_digits__contains", number) if number else ("__icontains", text)
    names = ("caller", "dialled", "callee")
    found = Q()
    for name in names:
        found |= Q(**{f"{name}{suffix}": sought})
    return found


def _midnight(day: Any) -> datetime:
    return datetime.combine(day, time.min, tzinfo=timezone.get_current_timezone())
