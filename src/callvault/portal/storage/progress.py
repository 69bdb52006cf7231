"""What the page, the API and metrics tell of stores, of what waits for them, and of moves."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Min, Sum
from django.utils import timezone

from callvault.monitoring import Sample
from callvault.policy.storage_advice import advises_external, expected_recordings
from callvault.portal.nodes.filling import FORECAST_FROM_DAYS
from callvault.portal.nodes.models import NodeReport
from callvault.portal.nodes.reports import FRESH
from callvault.portal.recordings.models import RecordingTally
from callvault.portal.recordings.permissions import recordings_in_catalogue
from callvault.portal.retention.rule import rule_in_force
from callvault.portal.tallies import QUARTER_S

from .models import Move, StorageLocation
from .moving import waiting_moves
from .saving import is_needed

MOST_COUNTED = 100_000


@dataclass(frozen=True, slots=True)
class PlaceView:
    """One place of recordings; `row` is None for the folders of nodes."""

    row: StorageLocation | None
    recordings: int  # counted up to MOST_COUNTED, and one more
    is_current: bool
    may_be_removed: bool = False

    @property
    def is_more(self) -> bool:
        """Whether there are more than were counted."""
        return self.recordings > MOST_COUNTED


@dataclass(frozen=True, slots=True)
class Backlog:
    """New recordings that wait on their nodes."""

    count: int
    oldest_at: datetime | None


def places() -> list[PlaceView]:
    """Return where recordings lie, the nodes' folders first."""
    rows = list(StorageLocation.objects.all())
    local = PlaceView(None, _count(None), is_current=not any(row.is_current for row in rows))
    return [
        local,
        *(
            PlaceView(row, _count(row), row.is_current, may_be_removed=not is_needed(row))
            for row in rows
        ),
    ]


def _count(row: StorageLocation | None) -> int:
    return recordings_in_catalogue().filter(location=row)[: MOST_COUNTED + 1].count()


def holds_recordings(row: StorageLocation) -> bool:
    """Whether any recording lies there."""
    return recordings_in_catalogue().filter(location=row).exists()


def backlog() -> Backlog:
    """Return what waits."""
    rows = waiting_moves()
    return Backlog(rows.count(), rows.aggregate(Min("asked_at"))["asked_at__min"])


def failed_moves() -> list[Move]:
    """Return recordings that could not be moved and stay where they are; the first of them."""
    return list(Move.objects.filter(has_failed=True).order_by("asked_at")[:20])


def slow_moves() -> list[Move]:
    """Return recordings whose move is tried again later, with the reason."""
    rows = Move.objects.filter(has_failed=False).exclude(problem="")
    return list(rows.order_by("-failures")[:5])


def daily_recordings(now: datetime) -> float:
    """Return how many recordings are made a day, from the last whole days that had any."""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    first = int((midnight - timedelta(days=FORECAST_FROM_DAYS)).timestamp()) // QUARTER_S
    last = int(midnight.timestamp()) // QUARTER_S
    rows = RecordingTally.objects.filter(quarter__gte=first, quarter__lt=last, count__gt=0)
    found = rows.aggregate(total=Sum("count"), begin=Min("quarter"))
    if not found["total"]:
        return 0.0
    days = max(1.0, (last - found["begin"]) * QUARTER_S / 86_400)
    daily: float = found["total"] / days
    return daily


def advised(now: datetime) -> int:
    """Return how many recordings are expected, if that many want an external store; else 0."""
    if StorageLocation.current() is not None:
        return 0
    nodes = NodeReport.objects.filter(at__gte=now - FRESH).count()
    daily, period = daily_recordings(now), rule_in_force(now).period
    return expected_recordings(daily, period) if advises_external(daily, period, nodes=nodes) else 0


def samples() -> list[Sample]:
    """Return what a worker shows of stores."""
    current = StorageLocation.current()
    shown = [
        Sample("callvault_storage_waiting_recordings", waiting_moves().count()),
        Sample("callvault_storage_failed_moves", Move.objects.filter(has_failed=True).count()),
    ]
    if current is not None:
        shown.append(Sample("callvault_storage_ready", int(not current.trouble)))
    return shown
