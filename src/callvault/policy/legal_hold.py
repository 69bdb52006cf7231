"""What a legal hold covers: of whom, and of calls with whom, nothing may be destroyed (DATA-4)."""

from dataclasses import dataclass
from uuid import UUID

from callvault.policy.decision import Assignment
from callvault.policy.numbers import normalise


@dataclass(frozen=True, slots=True)
class Held:
    """Standing holds, that cover calls to come as well as those recorded; and what users said."""

    users: frozenset[UUID] = frozenset()
    numbers: frozenset[str] = frozenset()  # in every way of writing each
    wishes: tuple[tuple[UUID, int], ...] = ()  # to keep a call: of which user, and when, UTC ns

    def covers(self, assignment: Assignment) -> bool:
        """Whether a recording of this may not be destroyed."""
        if assignment.owner_id in self.users:
            return True
        return not self.numbers.isdisjoint(
            form for party in (assignment.remote, assignment.local) for form in _forms(party.number)
        )

    def is_wished(self, owner_id: UUID, from_ns: int, until_ns: int) -> bool:
        """Whether a user wanted a call kept that marks could be given in that time.

        They said it to another node than the call's, which could not tell which call is meant.
        """
        return any(who == owner_id and from_ns <= at_ns < until_ns for who, at_ns in self.wishes)


NOTHING_HELD = Held()


def _forms(number: str) -> set[str]:
    user = number.removeprefix("sip:").removeprefix("tel:").partition("@")[0]
    return {number, user, normalise(user)} - {""}
