"""What is wrong, kept as rows: for pages, figures and the dashboard."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from callvault.portal.audit.keeper import keep_finding
from callvault.vault import LogFinding, LogProblem

from .models import IntegrityFinding

OF_OBJECTS = (LogProblem.OBJECT.value, LogProblem.GONE.value)
"""Found by reading the store, and gone only when that recording is read again."""


def keep(findings: Iterable[LogFinding], *, now: datetime) -> None:
    """Keep what was found."""
    for one in findings:
        about: dict[str, object] = {
            "recording_id": UUID(one.recording) if one.recording else None, "head": one.head,
        }  # fmt: skip
        keep_finding(
            IntegrityFinding, one.problem, one.text, about, now=now, name="integrity"
        )  # fmt: skip


def forget_older(began_at: datetime) -> None:
    """Forget what a whole check of the log did not find again."""
    rows = IntegrityFinding.objects.filter(seen_at__lt=began_at)
    rows.exclude(problem__in=OF_OBJECTS).delete()


def forget_objects_of(recording_id: UUID, *, seen_before: datetime) -> None:
    """Forget what reading a recording's objects did not find again."""
    rows = IntegrityFinding.objects.filter(recording_id=recording_id, problem__in=OF_OBJECTS)
    rows.filter(seen_at__lt=seen_before).delete()
