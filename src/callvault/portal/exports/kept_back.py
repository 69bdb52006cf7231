"""What retention asks: which recordings wait for their export, and how long it waits for them."""

from datetime import datetime, timedelta

from callvault.portal.recordings.models import Recording

from .models import OPEN_STATES, ExportSettings, RecordingExport


def waiting_since(recordings: list[Recording]) -> dict[int, datetime]:
    """Return since when exports wait, by record number; none while export is off."""
    if not recordings or ExportSettings.load().is_off:
        return {}
    rows = RecordingExport.objects.filter(
        recording__in=[recording.pk for recording in recordings], state__in=OPEN_STATES
    )
    return dict(rows.values_list("recording_id", "asked_at"))


def wait_limit() -> timedelta:
    """Return how long retention waits beyond a recording's time."""
    return timedelta(hours=ExportSettings.load().wait_hours)
