"""How exports stand: in all for the settings, and of one recording for its page."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse

from callvault.portal.paging import Count, counted
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording

from .asking import TURN
from .models import (
    OPEN_STATES,
    ExportMode,
    ExportSettings,
    ExportState,
    ExportTurn,
    RecordingExport,
)
from .wording import explained

LATE = timedelta(minutes=10)
"""From when on a target that fails wants somebody: a restart of the server is over by then."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How exports stand in all."""

    turn: ExportTurn
    waiting: Count
    failed: Count
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class ExportLine:
    """What the page of a recording says of its export."""

    state: str
    label: str
    at: datetime | None  # of the export, or of the next try
    problem: str
    remedy: str
    try_url: str  # empty: not for this reader, or nothing to try


def standing() -> Standing:
    """Return how exports stand."""
    settings = ExportSettings.load()
    turn = ExportTurn.objects.filter(pk=TURN).first() or ExportTurn()
    rows = RecordingExport.objects.all()
    problem, remedy = explained(turn.problem, place=settings.place)
    return Standing(
        turn,
        counted(rows.filter(state__in=OPEN_STATES)),
        counted(rows.filter(state=ExportState.FAILED)),
        problem,
        remedy,
    )


def is_failing(now: datetime) -> bool:
    """Whether the target has failed for so long that somebody should look."""
    if ExportSettings.load().mode != ExportMode.ON:
        return False
    return ExportTurn.objects.filter(pk=TURN, failing_since__lte=now - LATE).exists()


def failed_count() -> int:
    """Return how many recordings cannot be exported, up to what is counted of a list."""
    return counted(RecordingExport.objects.filter(state=ExportState.FAILED)).number


def line_of(user: User, recording: Recording) -> ExportLine | None:
    """Return how a recording's export stands; None: it was never to be exported."""
    row = RecordingExport.objects.filter(recording=recording).first()
    if row is None:
        return None
    settings = ExportSettings.load()
    if row.state != ExportState.DONE and settings.is_off:
        return None
    problem, remedy = explained(row.problem, place=settings.place)
    is_open = row.state != ExportState.DONE
    may_try = is_open and user.is_administrator
    return ExportLine(
        row.state,
        str(row.get_state_display()),
        row.exported_at if not is_open else row.next_try_at,
        problem if user.is_administrator else "",
        remedy if user.is_administrator else "",
        reverse("exports:try_one", args=[row.public_id]) if may_try else "",
    )
