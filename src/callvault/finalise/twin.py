"""Two journals of one call read as one: each dialog carried one of its voices (CUCM).

The streams of the second journal get indexes of their own. Decisions of both say which streams
are the owner's; together they make one recording of two channels.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from math import inf

from msgspec.structs import replace

from callvault.finalise.reading import (
    Item,
    Locked,
    Meant,
    Reached,
    SourceBatch,
)
from callvault.policy.decision import Assignment, Decision, Verdict
from callvault.spool import PacketsBlock
from callvault.spool.entries import (
    Decided,
    DialogEnded,
    StreamDescription,
    StreamsChanged,
    TimelineEvent,
)

TWIN_STREAMS = 1024
"""Stream 0 of the second journal counts as this one; no session has as many lines."""
_OF_BOTH = frozenset({"answered", "paused", "unpaused", "started", "stopped", "kept", "dropped"})
"""Events that both journals tell of: those of the first are enough."""
_OF_PARTIES = frozenset({"transferred", "party_joined", "party_left"})
"""Events that both tell of, or one alone if the other leg was not updated."""
_TOGETHER_NS = 5_000_000_000
_MOST_REMEMBERED = 256


def read_as_one(first: Iterable[Item], second: Iterable[Item]) -> Iterator[Item]:
    """Yield the items of both journals about as they happened, and one end and decision for both.

    Each is read some seconds ahead of the other at most, so that nothing grows with the call.
    """
    joint = _Joint()
    readers = (joint.own(first), joint.others(second))
    reached = [0.0, 0.0]
    told = 0
    while min(reached) < inf:
        index = reached.index(min(reached))
        for item in readers[index]:
            if isinstance(item, Reached):
                reached[index] = max(reached[index], float(item.at_ns))
                break
            yield item
        else:
            reached[index] = inf
        if told < min(reached) < inf:
            told = int(min(reached))
            yield Reached(told)
    yield from joint.last_words()


def joined(first: Decision | None, second: Decision | None) -> Decision | None:
    """Return the decision of a call whose two dialogs were decided apart."""
    shifted = _shifted_decision(second) if second is not None else None
    if first is None or shifted is None:
        return first or shifted
    ours = {one.recording_id: one for one in (*first.offered, *first.assignments)}
    theirs = {one.recording_id: one for one in (*shifted.offered, *shifted.assignments)}
    both = ours | {
        name: _both(ours[name], one) if name in ours else one for name, one in theirs.items()
    }
    made = {one.recording_id for one in (*first.assignments, *shifted.assignments)}
    is_first = first.verdict is Verdict.RECORDED or shifted.verdict is not Verdict.RECORDED
    said = first if is_first else shifted
    return replace(
        said,
        assignments=tuple(one for name, one in both.items() if name in made),
        offered=tuple(one for name, one in both.items() if name not in made),
        keeping=first.keeping or shifted.keeping,
    )


class _Joint:
    """What is said of the end and of whose the call is, until both have been read."""

    def __init__(self) -> None:
        self._ends: list[tuple[TimelineEvent | None, DialogEnded]] = []
        self._decided: list[Decided | None] = [None, None]
        self._ending: TimelineEvent | None = None
        self._reached_ns = 0
        self._changes: deque[tuple[int, TimelineEvent]] = deque(maxlen=_MOST_REMEMBERED)

    def own(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yield the first journal's items, but for its end."""
        for item in items:
            yield from self._take(item, 0)

    def others(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yield the second journal's, with streams of their own."""
        for item in items:
            if not isinstance(item, TimelineEvent) or item.kind not in _OF_BOTH:
                yield from self._take(_shifted(item), 1)

    def last_words(self) -> Iterator[Item]:
        """Yield the decision for both, and the later end."""
        decided = [one for one in self._decided if one is not None]
        decision = joined(*(one.decision if one else None for one in self._decided))
        if decision is not None:
            yield Decided(max(one.at_ns for one in decided), decision)
        if self._ends:
            # The earlier one says why; the other leg only follows it, in a moment.
            reason, is_ours = self._first_end.reason, self._first_end.by_us
            told, end = max(self._ends, key=lambda one: one[1].at_ns)
            if told is not None:
                yield replace(told, detail=reason)
            yield replace(end, reason=reason, by_us=is_ours)
        yield Reached(self._reached_ns)

    @property
    def _first_end(self) -> DialogEnded:
        return min((end for _, end in self._ends), key=lambda one: one.at_ns)

    def _take(self, item: Item, index: int) -> Iterator[Item]:
        if isinstance(item, TimelineEvent) and item.kind == "ended":
            self._ending = item
            return
        if isinstance(item, TimelineEvent) and self._is_told_again(item, index):
            return
        if isinstance(item, DialogEnded):
            self._ends.append((self._ending, item))
            self._ending = None
            return
        if isinstance(item, Decided):
            self._decided[index] = item
        if isinstance(item, Reached):
            self._reached_ns = max(self._reached_ns, item.at_ns)
        yield item

    def _is_told_again(self, event: TimelineEvent, index: int) -> bool:
        """Whether the other journal tells of the same change of parties."""
        if event.kind not in _OF_PARTIES:
            return False
        for told in self._changes:
            before = told[1]
            is_same = (before.kind, before.who, before.detail) == (
                event.kind, event.who, event.detail,
            )  # fmt: skip
            if told[0] != index and is_same and abs(before.at_ns - event.at_ns) <= _TOGETHER_NS:
                self._changes.remove(told)
                return True
        self._changes.append((index, event))
        return False


def _both(first: Assignment, second: Assignment) -> Assignment:
    """Return one recording of the voices that two dialogs brought."""
    is_sure = first.confidence == second.confidence == "high"
    return replace(
        first,
        owner_streams=(*first.owner_streams, *second.owner_streams),
        remote_streams=(*first.remote_streams, *second.remote_streams),
        confidence="high" if is_sure else "low",
        conversation=tuple(dict.fromkeys((*first.conversation, *second.conversation))),
    )


def _shifted_decision(decision: Decision) -> Decision:
    return replace(
        decision,
        assignments=tuple(map(_shifted_assignment, decision.assignments)),
        offered=tuple(map(_shifted_assignment, decision.offered)),
    )


def _shifted_assignment(one: Assignment) -> Assignment:
    return replace(
        one,
        owner_streams=tuple(map(_index, one.owner_streams)),
        remote_streams=tuple(map(_index, one.remote_streams)),
    )


def _shifted(item: Item) -> Item:
    """Return an item with the streams that the second journal's have here."""
    match item:
        case SourceBatch():
            return SourceBatch(item.key._replace(stream=_index(item.key.stream)), item.packets)
        case PacketsBlock():
            return _shifted_block(item)
        case Locked():
            return Locked(_shifted_block(item.block), item.arrivals_ns)
        case Meant():
            return Meant(_shifted_streams(item.streams))
        case StreamsChanged():
            return replace(item, streams=_shifted_streams(item.streams))
        case TimelineEvent():
            return replace(item, streams=tuple(map(_index, item.streams)))
        case _:
            return item


def _shifted_streams(streams: Iterable[StreamDescription]) -> tuple[StreamDescription, ...]:
    return tuple(replace(one, index=_index(one.index)) for one in streams)


def _shifted_block(block: PacketsBlock) -> PacketsBlock:
    return PacketsBlock(
        block.realtime_ns,
        block.monotonic_ns,
        {(_index(stream), number): one for (stream, number), one in block.sources.items()},
        [one._replace(stream=_index(one.stream)) for one in block.packets],
    )


def _index(stream: int) -> int:
    return stream + TWIN_STREAMS
