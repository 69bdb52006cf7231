"""How the log of recordings is, for the settings page, the dashboard and the API."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from callvault.portal.audit import lease
from callvault.portal.people.models import User
from callvault.portal.recordings.permissions import recordings_visible_to

from .entering import log_state
from .models import Head, IntegrityFinding, StampSettings, Unentered
from .stamping import problem_told

SHOWN = 20
WAITING_CAP = 1000
SILENT_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class FindingTold:
    """One thing that is wrong."""

    problem: str
    text: str
    found_at: datetime
    recording_id: str  # empty: it concerns no recording that is listed


@dataclass(frozen=True, slots=True)
class LogStatus:
    """What is said of the log."""

    findings: list[FindingTold]  # the first few
    findings_count: int
    lines: int  # signed
    waiting: int  # capped
    first_day: str
    last_day: str
    signed_at: str
    stamped_at: datetime | None
    stamped_by: str
    stamp_problem: str
    stamp_next_at: datetime | None
    is_stamping: bool
    checked_at: datetime | None
    checked_lines: int
    objects_checked_at: datetime | None
    objects_began_at: datetime | None
    is_silent: bool  # no worker looks after it


def log_status(reader: User) -> LogStatus:
    """Read it. Only what a worker found out before: nothing is checked here."""
    state = log_state()
    heads = Head.objects.order_by("number")
    first, last = heads.first(), heads.last()
    stamped = heads.filter(stamp__isnull=False).last()
    settings = StampSettings.objects.first()
    held_until = lease.state().held_until
    return LogStatus(
        findings=_findings(reader),
        findings_count=IntegrityFinding.objects.count(),
        lines=last.first + last.size - 1 if last else 0,
        waiting=Unentered.objects.all()[: WAITING_CAP + 1].count(),
        first_day=first.day if first else "",
        last_day=last.day if last else "",
        signed_at=last.at if last else "",
        stamped_at=stamped.stamped_at if stamped else None,
        stamped_by=stamped.stamped_by if stamped else "",
        stamp_problem=problem_told(state.stamp_problem),
        stamp_next_at=state.stamp_next_at,
        is_stamping=bool(settings and settings.url),
        checked_at=state.checked_at,
        checked_lines=state.checked_lines,
        objects_checked_at=state.objects_checked_at,
        objects_began_at=state.objects_began_at if state.objects_record else None,
        is_silent=held_until is None or held_until < timezone.now() - SILENT_AFTER,
    )


def _findings(reader: User) -> list[FindingTold]:
    rows = list(IntegrityFinding.objects.all()[:SHOWN])
    wanted = [row.recording_id for row in rows if row.recording_id]
    seen = recordings_visible_to(reader).filter(recording_id__in=wanted)
    listed = set(seen.values_list("recording_id", flat=True))
    return [
        FindingTold(
            row.problem,
            row.text,
            row.found_at,
            str(row.recording_id) if row.recording_id in listed else "",
        )
        for row in rows
    ]
