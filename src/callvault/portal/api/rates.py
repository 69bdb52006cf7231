"""How often one caller may ask: counted by the minute, in the database, right for all nodes."""

from dataclasses import dataclass

from django.db.models import Case, F, Value, When

from .models import RequestCount

A_MINUTE = 600


@dataclass(frozen=True, slots=True)
class Rate:
    """What a caller has left in this minute."""

    limit: int
    remaining: int
    resets_in_s: int

    @property
    def headers(self) -> dict[str, str]:
        """The headers that say so."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(max(self.remaining, 0)),
            "RateLimit-Reset": str(self.resets_in_s),
        }


def count(caller: str, *, now_s: float, limit: int = A_MINUTE) -> Rate:
    """Count a request; `remaining` is below zero when it is one too many.

    One statement that adds or begins anew, so that processes that count at once lose nothing.
    """
    minute = int(now_s // 60)
    row = RequestCount.objects.filter(caller=caller)
    requests = Case(When(minute=minute, then=F("requests") + 1), default=Value(1))
    if not row.update(requests=requests, minute=minute):
        RequestCount.objects.bulk_create(
            [RequestCount(caller=caller, minute=minute, requests=0)], ignore_conflicts=True
        )
        row.update(requests=requests, minute=minute)
    asked = row.values_list("requests", flat=True).get()
    return Rate(limit, limit - asked, 60 - int(now_s % 60))
