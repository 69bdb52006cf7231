"""Which sources that no trunk allows are still to be decided on."""

from django.db.models import F, Q, QuerySet

from .models import Attempt


def open_attempts() -> QuerySet[Attempt]:
    """Return the sources to decide on: not dismissed, and not allowed since they last tried."""
    unsettled = Q(settled_at=None) | Q(last_seen_at__gt=F("settled_at"))
    return Attempt.objects.filter(unsettled, dismissed_at=None)
