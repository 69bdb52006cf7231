"""The figures: calls from their tallies, for administrators; recordings through the one gate."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import BigIntegerField, Count, Func, Q, QuerySet

from callvault.policy.decision import Verdict
from callvault.portal.decisions.models import CallTally
from callvault.portal.people.models import User
from callvault.portal.recordings.models import GroupTally, Recording, RecordingTally
from callvault.portal.recordings.permissions import (
    actor_of,
    own_recordings_of,
    recordings_visible_to,
)

from .span import Span

FLAGS_READ = 10_000
"""Remarks are told apart while no more recordings than these have one: each is read."""

Places = dict[tuple[date, int | None], int]


@dataclass(frozen=True, slots=True)
class CallFigures:
    """What became of the calls of some days."""

    verdicts: dict[Verdict, int]
    calls: Places
    failed: Places

    @property
    def total(self) -> int:
        """All calls that reached a recorder."""
        return sum(self.verdicts.values())

    @property
    def stored(self) -> int:
        """Those of which everything was stored that was to be."""
        return self.verdicts[Verdict.RECORDED]

    @property
    def to_be_stored(self) -> int:
        """Those that were to be recorded, as far as recorders heard of them."""
        return self.stored + self.verdicts[Verdict.FAILED]

    @property
    def captured_percent(self) -> float | None:
        """The share that is stored, cut rather than rounded: 100 is said of all alone."""
        if not self.to_be_stored:
            return None
        return int(self.stored * 10_000 / self.to_be_stored) / 100


def call_figures(span: Span) -> CallFigures:
    """Return what became of calls. For administrators: it counts all."""
    first, end = span.quarters
    rows = list(
        CallTally.objects.filter(quarter__gte=first, quarter__lt=end, count__gt=0).values_list(
            "quarter", "verdict", "count"
        )
    )
    verdicts = dict.fromkeys(Verdict, 0)
    for _quarter, verdict, count in rows:
        verdicts[Verdict(verdict)] += count
    failed = [(quarter, count) for quarter, verdict, count in rows if verdict == Verdict.FAILED]
    return CallFigures(
        verdicts=verdicts,
        calls=span.summed((quarter, count) for quarter, _verdict, count in rows),
        failed=span.summed(failed),
    )


class Quarter(Func):
    """The quarter of an hour since the epoch that a moment lies in, told by the database."""

    output_field = BigIntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """SQLite keeps moments as text, in UTC."""
        template = "CAST(strftime('%%%%s', %(expressions)s) AS INTEGER) / 900"
        return self.as_sql(compiler, connection, template=template, **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """PostgreSQL knows moments."""
        template = "FLOOR(EXTRACT(EPOCH FROM %(expressions)s) / 900)::bigint"
        return self.as_sql(compiler, connection, template=template, **context)


@dataclass(frozen=True, slots=True)
class RecordingFigures:
    """Recordings that somebody may see."""

    places: Places
    flagged: int  # with a remark of the check at close
    by_flag: list[tuple[str, int]]  # the most frequent first; empty: too many to count apart

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.places.values())


def recording_figures(person: User, span: Span) -> RecordingFigures:
    """Return the recordings of some days that the person may see, through the one gate.

    Administrators see all, supervisors those of their groups, which tallies count, and their own.
    """
    rows = list(_tallied(person, span))
    if not person.is_administrator:
        rows += _own_elsewhere(person, span)
    flagged = sum(marked for _quarter, _count, marked in rows)
    places = span.summed((quarter, count) for quarter, count, _marked in rows)
    return RecordingFigures(places, flagged, _by_flag(person, span, flagged))


def _tallied(person: User, span: Span) -> Iterable[tuple[int, int, int]]:
    first, end = span.quarters
    of_days = {"quarter__gte": first, "quarter__lt": end, "count__gt": 0}
    columns = ("quarter", "count", "flagged")
    if person.is_administrator:
        return RecordingTally.objects.filter(**of_days).values_list(*columns)
    groups = sorted(actor_of(person).groups_seen)
    of_groups = GroupTally.objects.filter(owner_group__in=groups, **of_days)
    return of_groups.values_list(*columns)


def _own_elsewhere(person: User, span: Span) -> list[tuple[int, int, int]]:
    """Return the person's own recordings that no group counts which the person supervises."""
    rows = _of_days(span, own_recordings_of(person))
    rows = rows.exclude(owner_group__in=sorted(actor_of(person).groups_seen))
    found = rows.order_by().annotate(quarter=Quarter("started_at")).values("quarter")
    counted = found.annotate(
        count=Count("pk"), flagged_count=Count("pk", filter=Q(is_flagged=True))
    )
    return list(counted.values_list("quarter", "count", "flagged_count"))


def _of_days(span: Span, rows: QuerySet[Recording]) -> QuerySet[Recording]:
    return rows.filter(started_at__gte=span.begin, started_at__lt=span.end)


def _by_flag(person: User, span: Span, flagged: int) -> list[tuple[str, int]]:
    if not 0 < flagged <= FLAGS_READ:
        return []
    rows = _of_days(span, recordings_visible_to(person)).filter(is_flagged=True)
    found = rows.order_by().values_list("flags", flat=True)
    return Counter(flag for flags in found for flag in flags).most_common()
