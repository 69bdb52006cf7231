"""What was recorded here in the last days, in the terms of a plan."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db.models import Count, Sum
from django.db.models.functions import TruncHour
from django.utils import timezone

from callvault.portal.people.models import User
from callvault.portal.recordings.permissions import recordings_visible_to

DAYS = 30
WORKING_DAY_SHARE = 0.2
"""A day with less than this share of the busiest day's calls is no working day."""
_REMEMBERED_S = 600


@dataclass(frozen=True, slots=True)
class MeasuredTraffic:
    """Traffic of the last days. Figures are of working days."""

    recordings: int
    users: int  # who had any
    calls_per_user: float  # a day
    mean_call_s: float
    working_days_per_month: float
    busiest_hour_share: float
    audio_kbit_s: float

    @property
    def mean_minutes(self) -> float:
        """Mean length of a call."""
        return self.mean_call_s / 60

    @property
    def busiest_percent(self) -> float:
        """Share of a day's calls in its busiest hour."""
        return self.busiest_hour_share * 100

    def query(self) -> dict[str, str]:
        """Return the fields of the calculator that hold this traffic."""
        return {
            "by": "users",
            "users": str(self.users),
            "calls": f"{self.calls_per_user:.1f}",
            "minutes": f"{max(self.mean_call_s / 60, 0.01):.2f}",
            "days": f"{self.working_days_per_month:.0f}",
            "busiest": f"{max(self.busiest_hour_share * 100, 1):.1f}",
            "kbit": f"{max(self.audio_kbit_s, 4):.0f}",
        }


def measured_traffic(administrator: User, now: datetime) -> MeasuredTraffic | None:
    """Return the traffic of the last whole days; None where nothing was recorded.

    Remembered for all administrators: each of them sees every recording.
    """
    key = f"measured-traffic-{timezone.localdate(now)}"
    known: MeasuredTraffic | None = cache.get(key)
    if known is None:
        known = _measure(administrator, now)
        if known is not None:
            cache.set(key, known, _REMEMBERED_S)
    return known


def _measure(administrator: User, now: datetime) -> MeasuredTraffic | None:
    today = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    of_days = recordings_visible_to(administrator).filter(
        started_at__gte=today - timedelta(days=DAYS), started_at__lt=today
    )
    hours = list(
        of_days.annotate(hour=TruncHour("started_at"))
        .values("hour")
        .annotate(calls=Count("pk"), length_ms=Sum("duration_ms"), size=Sum("size_bytes"))
        .order_by("hour")
    )
    calls = sum(one["calls"] for one in hours)
    length_ms = sum(one["length_ms"] for one in hours)
    if not calls or not length_ms:
        return None
    by_day: dict[object, list[int]] = {}
    for one in hours:
        by_day.setdefault(one["hour"].date(), []).append(one["calls"])
    most = max(map(sum, by_day.values()))
    working = [day for day in by_day.values() if sum(day) >= WORKING_DAY_SHARE * most]
    users = of_days.values("owner_id").distinct().count() or 1
    # The first recording may be younger than the days that are looked at.
    days_seen = (today.date() - hours[0]["hour"].date()).days
    calls_a_day = sum(map(sum, working)) / len(working)
    return MeasuredTraffic(
        recordings=calls,
        users=users,
        calls_per_user=calls_a_day / users,
        mean_call_s=length_ms / 1000 / calls,
        working_days_per_month=min(31.0, 30.4 * len(working) / max(days_seen, len(working))),
        busiest_hour_share=sum(map(max, working)) / sum(map(sum, working)),
        audio_kbit_s=sum(one["size"] for one in hours) * 8 / length_ms,
    )
