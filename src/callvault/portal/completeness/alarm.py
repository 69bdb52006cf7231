"""Whether enough is captured: the rate of the last days, against the level that was set."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from callvault.portal.dashboard.span import Span

from .listing import Capture, capture
from .models import CompletenessSettings


@dataclass(frozen=True, slots=True)
class Standing:
    """The last days, what of them was captured, and how much should be."""

    span: Span
    capture: Capture
    least_percent: float | None  # None: nobody wants to be told

    @property
    def days(self) -> int:
        """How many days they are, today among them."""
        return (self.span.last - self.span.first).days + 1

    @property
    def is_below(self) -> bool:
        """Whether less is captured than should be."""
        percent = self.capture.percent
        return percent is not None and percent < (self.least_percent or 0.0)


def standing(now: datetime) -> Standing:
    """Return how it stands: in whole days of the zone of whoever looks, so that lists count so."""
    row = CompletenessSettings.load()
    today = timezone.localdate(now)
    span = Span(today - timedelta(days=row.days - 1), today, timezone.get_current_timezone())
    least = float(row.least_percent) if row.least_percent is not None else None
    return Standing(span, capture(span.begin, span.end), least)
