"""Asking for exports: with each new recording, for those that were missed, and for past days."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Max, QuerySet
from django.http import HttpRequest

from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.people.gates import person_of
from callvault.portal.recordings.models import Recording
from callvault.portal.recordings.permissions import recordings_in_catalogue
from callvault.portal.retention.rule import system_zone

from .models import ExportBackfill, ExportSettings, ExportState, ExportTurn, RecordingExport

TURN = 1  # the one row
AT_ONCE = 500
OVERLAP = 1000
"""Record numbers that are looked at once more: transactions do not end in the order of numbers."""


def ask_for(recording: Recording, *, now: datetime) -> None:
    """Ask for the export of a recording just listed, if its call ended since export was enabled.

    Call it in the transaction that lists the recording.
    """
    settings = ExportSettings.load()
    if settings.is_off or settings.enabled_at is None:
        return
    if recording.ended_at >= settings.enabled_at:
        RecordingExport.objects.get_or_create(
            recording=recording, defaults={"asked_at": now, "next_try_at": now}
        )


def look_from_here() -> None:
    """Leave what is listed already to back-fills."""
    highest = recordings_in_catalogue().aggregate(highest=Max("record_number"))["highest"] or 0
    ExportTurn.objects.update_or_create(pk=TURN, defaults={"looked_until": highest})


def ask_missing(settings: ExportSettings, *, now: datetime) -> int:
    """Ask for those that have no row although they should, as after a restore."""
    if settings.enabled_at is None:
        return 0
    turn = ExportTurn.objects.get(pk=TURN)
    numbers = recordings_in_catalogue().filter(record_number__gt=turn.looked_until - OVERLAP)
    highest = numbers.aggregate(highest=Max("record_number"))["highest"] or turn.looked_until
    rows = numbers.filter(
        record_number__lte=highest, ended_at__gte=settings.enabled_at, export=None
    )
    found = list(rows.order_by("record_number")[:AT_ONCE])
    _add(found, now=now)
    looked_until = found[-1].record_number if len(found) == AT_ONCE else highest
    ExportTurn.objects.filter(pk=TURN).update(looked_until=looked_until)
    return len(found)


def recordings_of_days(first: date, last: date) -> QuerySet[Recording]:
    """Return recordings whose calls started on these days, in the system's zone, without a row."""
    zone = system_zone()
    return recordings_in_catalogue().filter(
        started_at__gte=_midnight(first, zone),
        started_at__lt=_midnight(last + timedelta(1), zone),
        export=None,
    )


@transaction.atomic
def begin_backfill(
    request: HttpRequest, first: date, last: date, *, now: datetime
) -> ExportBackfill:
    """Ask for recordings of past days; workers do it."""
    user = person_of(request)
    expected = recordings_of_days(first, last).count()
    record(
        request, Action.EXPORT_BACKFILLED, kind="export", first_day=first.isoformat(),
        last_day=last.isoformat(), recordings=expected,
    )  # fmt: skip
    return ExportBackfill.objects.create(
        asked_at=now,
        asked_by=user,
        asked_by_name=user.get_full_name() or user.username,
        first_day=first,
        last_day=last,
        expected=expected,
    )


def work_off_backfills(*, now: datetime) -> int:
    """Add rows for a bounded step of each back-fill; return how many."""
    return sum(_step(one, now=now) for one in ExportBackfill.objects.filter(ended_at=None)[:5])


@transaction.atomic
def _step(backfill: ExportBackfill, *, now: datetime) -> int:
    rows = recordings_of_days(backfill.first_day, backfill.last_day)
    rows = rows.filter(record_number__gt=backfill.reached, listed_at__lte=backfill.asked_at)
    found = list(rows.order_by("record_number")[:AT_ONCE])
    _add(found, now=now, is_backfill=True)
    if found:
        backfill.reached = found[-1].record_number
        backfill.added += len(found)
    if len(found) < AT_ONCE:
        backfill.ended_at = now
    backfill.save(update_fields=["reached", "added", "ended_at"])
    return len(found)


def try_now(rows: QuerySet[RecordingExport], *, now: datetime) -> int:
    """Have exports that wait or failed tried at once, as if they were new."""
    rows = rows.exclude(state=ExportState.DONE)
    rows.filter(state=ExportState.FAILED).update(state=ExportState.WAITING)
    count = rows.update(next_try_at=now, attempts=0)
    run_now()
    return count


def run_now() -> None:
    """Have the worker look at once, whatever it was waiting for."""
    ExportTurn.objects.get_or_create(pk=TURN)
    ExportTurn.objects.filter(pk=TURN).update(next_run_at=None)


def _add(found: list[Recording], *, now: datetime, is_backfill: bool = False) -> None:
    RecordingExport.objects.bulk_create(
        [
            RecordingExport(recording=one, asked_at=now, next_try_at=now, is_backfill=is_backfill)
            for one in found
        ],
        ignore_conflicts=True,  # listed, or asked for, just now
    )


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)
