"""How many recordings are made now, and whether one more may begin (CAP-8, channel-based).

Counted where the INVITE comes: a call is taken while fewer recordings are made than the system's
capacity allows. Whom a call belongs to may be known only later, so that a call of two users which
gets the last place makes one more than that: no recording in progress is ever cut short. What
other nodes make counts as they reported it some seconds ago; one that reports no more counts no
more, since a limit must never keep a node from recording on account of what nobody knows.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

from callvault.policy.capacity import CapacityRules
from callvault.policy.decision import Decision
from callvault.policy.modes import RecordingMode


def recordings_of(journal_id: UUID, decision: Decision | None) -> set[UUID]:
    """Return the recordings that a call makes now, by id: both legs of CUCM's name the same ones.

    A call that is not judged yet counts as one. One that is recorded on demand counts from its
    start to its stop; one of live keep from its beginning, since its audio is kept until it ends.
    """
    if decision is None:
        return {journal_id}
    live = [one for one in decision.offered if one.mode == RecordingMode.LIVE_KEEP]
    both = (*decision.assignments, *live)
    return {one.recording_id for one in both if not one.until_ns}


def is_shared(decision: Decision | None) -> bool:
    """Whether a call's number is several people's, with nothing to decide between them."""
    owner = next((one for one in decision.steps if one.code == "owner"), None) if decision else None
    return owner is not None and owner.values.get("reason") == "ambiguous"


@dataclass(slots=True)
class Channels:
    """The recordings of one node, as counted last, and those of the others."""

    elsewhere: Callable[[], int] = lambda: 0  # made by other nodes, as they reported last
    in_use: int = 0
    peak: int = 0  # since the recorder started

    def count(self, calls: Iterable[tuple[UUID, Decision | None]]) -> None:
        """Count the recordings of the calls in progress."""
        made: set[UUID] = set()
        for journal_id, decision in calls:
            made |= recordings_of(journal_id, decision)
        self.in_use = len(made)
        self.peak = max(self.peak, self.in_use)

    def refusal(self, rules: CapacityRules) -> str:
        """Why no call is taken: channels; empty: there is room."""
        most = rules.most_channels
        if most is None:
            return ""
        return "channels" if self.in_use + self.elsewhere() >= most else ""
