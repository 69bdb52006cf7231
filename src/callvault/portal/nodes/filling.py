"""How long the vault lasts, from what was recorded day by day."""

from datetime import datetime, timedelta

from django.utils import timezone

from callvault.portal.recordings.models import RecordingTally
from callvault.portal.tallies import QUARTER_S

from .forecast import Forecast, forecast
from .models import NodeReport
from .reports import is_fresh, read_report

FORECAST_FROM_DAYS = 14


def vault_forecast(now: datetime) -> Forecast | None:
    """Return how long the vault lasts; nodes may share it, so the fullest one counts."""
    reports = [read_report(row) for row in NodeReport.objects.all() if is_fresh(row, now=now)]
    free = [report.vault_free_bytes for report in reports if report.vault_total_bytes]
    return forecast(daily_bytes(now), free_bytes=min(free)) if free else None


def daily_bytes(now: datetime) -> list[int]:
    """Return the audio recorded on each of the last whole days, from the first that had any."""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    begins = [midnight - timedelta(days=back) for back in range(FORECAST_FROM_DAYS, -1, -1)]
    quarters = [int(one.timestamp()) // QUARTER_S for one in begins]
    sizes = [0] * FORECAST_FROM_DAYS
    rows = RecordingTally.objects.filter(quarter__gte=quarters[0], quarter__lt=quarters[-1])
    for quarter, size in rows.order_by("quarter").values_list("quarter", "size_bytes"):
        while quarter >= quarters[1]:
            quarters.pop(0)
        sizes[-len(quarters) + 1] += size
    first = next((number for number, size in enumerate(sizes) if size), len(sizes))
    return sizes[first:]
