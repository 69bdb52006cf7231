"""A part of a journal: what one recording is made of where it is not of the whole call.

A recording session may carry several conversations, one after the other or at a time, and a
transfer may give a call from one recorded user to another. Each recording then gets what belongs
to it, and nothing of the others: neither sound, nor signalling, nor events.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from uuid import UUID

import msgspec

from callvault.finalise.reading import Item, Locked, SourceBatch
from callvault.finalise.window import Window
from callvault.policy.decision import Assignment
from callvault.spool import PacketsBlock
from callvault.spool.entries import Decided, MetadataSeen, SignallingSeen, TimelineEvent

SAID_BEFORE_NS = 500_000_000
"""The message that begins a part came a moment before it."""
TOLD_BEFORE_NS = 50_000_000
"""So did the events of that message: ports may have had to be opened in between."""


@dataclass(frozen=True, slots=True)
class Part:
    """From when to when, UTC nanoseconds on the steady clock; 0: as far as the call goes."""

    from_ns: int
    until_ns: int
    owned: tuple[str, UUID] | None = field(default=None, compare=False)
    """Conversation and owner whose recording is made of it."""

    @classmethod
    def of(cls, assignment: Assignment, window: Window) -> "Part":
        """Return what of its journal an assignment is about.

        A session that ends with the call is no part: its last metadata may come in the BYE.
        """
        is_part = 0 < assignment.until_ns < window.end_ns - TOLD_BEFORE_NS
        from_ns = assignment.from_ns if assignment.from_ns > window.start_ns else 0
        return cls(from_ns, assignment.until_ns if is_part else 0, _owned(assignment))

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the call is left out."""
        return not self.from_ns and not self.until_ns

    def items(self, items: Iterable[Item]) -> Iterator[Item]:
        """Leave out what belongs to other parts."""
        if self.is_whole:
            yield from items
            return
        for item in items:
            kept = self._kept(item)
            if kept is not None:
                yield kept

    def _kept(self, item: Item) -> Item | None:
        match item:
            case SourceBatch():
                return self._of_batch(item)
            case PacketsBlock():
                return replace(item, packets=[p for p in item.packets if self.holds(p.arrival_ns)])
            case Locked():
                return self._of_locked(item)
            case TimelineEvent():
                return item if self._is_about(item.at_ns, TOLD_BEFORE_NS) else None
            case SignallingSeen() | MetadataSeen():
                return item if self._is_about(item.at_ns, SAID_BEFORE_NS) else None
            case Decided():
                return self._of_decision(item)
            case _:
                return item

    def _of_batch(self, item: SourceBatch) -> SourceBatch:
        arrival_ns = item.packets.arrival_ns
        kept = arrival_ns >= self.from_ns
        if self.until_ns:
            kept &= arrival_ns < self.until_ns
        return replace(item, packets=item.packets.take(kept))

    def _of_locked(self, item: Locked) -> Locked | None:
        """Leave out packets that no key opens by their arrival; None if that leaves none."""
        arrivals = item.arrivals_ns
        kept = [n for n, at_ns in enumerate(arrivals) if self.holds(at_ns)]
        packets = [item.block.packets[n] for n in kept]
        if not packets:
            return None
        return Locked(replace(item.block, packets=packets), [arrivals[n] for n in kept])

    def _of_decision(self, item: Decided) -> Decided:
        """Leave out the recordings of others: whom they spoke with, and when."""
        own = tuple(one for one in item.decision.assignments if _owned(one) == self.owned)
        decision = msgspec.structs.replace(item.decision, assignments=own, offered=())
        return Decided(item.at_ns, decision)

    def holds(self, at_ns: int) -> bool:
        """Whether a moment lies in it."""
        return at_ns >= self.from_ns and (not self.until_ns or at_ns <= self.until_ns)

    def _is_about(self, at_ns: int, before_ns: int) -> bool:
        """Whether a moment lies in it, or only a little before its beginning."""
        return self.holds(at_ns) or self.holds(at_ns + before_ns)


def _owned(assignment: Assignment) -> tuple[str, UUID]:
    return assignment.communication_session_id, assignment.owner_id
