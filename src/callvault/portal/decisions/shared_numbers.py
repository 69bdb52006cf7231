"""Calls that nobody got since several people share the number: told until mended (IDENT-4)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from callvault.policy.decision import Verdict
from callvault.portal.configuration.models import SystemCapacity

from .models import Call, NodeEvent

KIND = "owner_ambiguous"
TOLD_FOR = timedelta(hours=24)
_MOST_COUNTED = 1000


@dataclass(frozen=True, slots=True)
class SharedNumbers:
    """How many calls were discarded in the last 24 hours, and the latest."""

    count: int  # at most 1000
    latest: Call


def discarded_as_shared(now: datetime) -> SharedNumbers | None:
    """Return them; None: there are none, or a catch-all user owns what is nobody's by now."""
    events = NodeEvent.objects.filter(kind=KIND, at__gte=now - TOLD_FOR)
    journals = [
        one.get("journal", "") for one in events.values_list("values", flat=True)[:_MOST_COUNTED]
    ]
    if not journals or SystemCapacity.load().catch_all_id is not None:
        return None
    calls = Call.objects.filter(
        event_id__in=set(filter(None, map(_id_in, journals))), verdict=Verdict.DISCARDED
    )
    latest = calls.order_by("-at", "-id").first()
    return SharedNumbers(calls.count(), latest) if latest is not None else None


def _id_in(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
