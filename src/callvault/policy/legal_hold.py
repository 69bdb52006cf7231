"""What a legal hold covers: of whom, and of calls with whom, nothing may be destroyed (DATA-4)."""

from dataclasses import dataclass
from uuid import UUID

from callvault.policy.decision import Assignment
from callvault.policy.numbers import normalise


@dataclass(frozen=True, slots=True)
class Held:
    """Standing holds, that cover calls to come as well as those recorded."""

    users: frozenset[UUID] = frozenset()
    numbers: frozenset[str] = frozenset()  # in every way of writing each

    def covers(self, assignment: Assignment) -> bool:
        """Whether a recording of this may not be destroyed."""
        if assignment.owner_id in self.users:
            return True
        return not self.numbers.isdisjoint(
            form for party in (assignment.remote, assignment.local) for form in _forms(party.number)
        )


NOTHING_HELD = Held()


def _forms(number: str) -> set[str]:
    user = number.removeprefix("sip:").removeprefix("tel:").partition("@")[0]
    return {number, user, normalise(user)} - {""}
