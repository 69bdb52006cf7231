"""Whether one more person may be enabled (user-based capacity, CAP-8)."""

from dataclasses import dataclass

from callvault.portal.people.models import User
from callvault.portal.people.places import no_room_told

from .capacity_models import Limited, SystemCapacity


@dataclass(frozen=True, slots=True)
class UserRoom:
    """How many people may be enabled, and how many are."""

    most: int | None  # None: as many as there are
    enabled: int

    @classmethod
    def in_force(cls) -> "UserRoom":
        """Read it; in the transaction of a change, after its `PolicyRevision.bump`."""
        most = most_enabled()
        return cls(most, 0 if most is None else User.objects.filter(is_active=True).count())

    @property
    def refusal(self) -> str:
        """Why nobody more can be enabled; empty: somebody can."""
        if self.most is None or self.enabled < self.most:
            return ""
        return no_room_told(self.most)

    def is_more_crowded_than(self, before: "UserRoom") -> bool:
        """Whether more people are enabled than before, and more than there are places."""
        return self.most is not None and self.enabled > max(self.most, before.enabled)


def most_enabled() -> int | None:
    """Return how many people may be enabled; None: as many as there are."""
    row = SystemCapacity.load()
    return row.most_users if row.model == Limited.USERS else None
