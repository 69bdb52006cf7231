"""From when to when a recording goes, and what of it was held or paused.

A recording begins when the call was answered and ends with it. Packets that came a little before
the answer was written down are kept: nothing that was said may be cut off. A journal without an
end goes as far as anything was received.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from callvault.finalise.reading import Cut
from callvault.finalise.survey import CallSurvey
from callvault.spool.entries import TimelineEvent

_BEFORE_ANSWER_NS = 2_000_000_000  # how long before the answer packets still belong to the call
_SET_BACK_NS = 2_000_000_000  # packets may arrive a little after the end, never so much
_PACKET_NS = 20_000_000
_SHORTEST_NS = 10_000_000  # a file has at least this much


@dataclass(frozen=True, slots=True)
class Interval:
    """A part of a call that was held or paused, by `event`."""

    start_ns: int
    end_ns: int
    event: TimelineEvent


@dataclass(frozen=True, slots=True)
class Window:
    """The span of a recording on the steady clock, and what was said to be silent in it."""

    start_ns: int
    end_ns: int
    signalled_ms: int  # from answer to end, as signalled; for a cut-off call: as received
    held: tuple[Interval, ...]
    paused: tuple[Interval, ...]
    cuts: tuple[Cut, ...] = ()  # the recorder was gone

    @property
    def samples_8k(self) -> int:
        """Length in 1/8000 s."""
        return round((self.end_ns - self.start_ns) * 8000 / 1_000_000_000)

    @property
    def duration_ms(self) -> int:
        """Length in milliseconds."""
        return round((self.end_ns - self.start_ns) / 1_000_000)

    def within(self, from_ns: int, until_ns: int) -> "Window":
        """Return the part from one moment to another; 0: as far as this window goes."""
        if not from_ns and not until_ns:
            return self
        start_ns = min(max(from_ns, self.start_ns), self.end_ns - _SHORTEST_NS)
        end_ns = min(until_ns, self.end_ns) if until_ns else self.end_ns
        end_ns = max(end_ns, start_ns + _SHORTEST_NS)
        return Window(
            start_ns,
            end_ns,
            round((end_ns - start_ns) / 1_000_000),
            _clipped(self.held, start_ns, end_ns),
            _clipped(self.paused, start_ns, end_ns),
            tuple(one for one in self.cuts if start_ns < one.end_ns and one.start_ns < end_ns),
        )

    def offset_ms(self, at_ns: int) -> int:
        """Return how far into the recording a moment lies; moments outside at its edge."""
        return round((min(max(at_ns, self.start_ns), self.end_ns) - self.start_ns) / 1_000_000)

    def quiet_ns(self, start_ns: int, end_ns: int) -> int:
        """Return how much of a span was held, paused or cut out by a restart."""
        spans = sorted(
            [(one.start_ns, one.end_ns) for one in (*self.held, *self.paused)]
            + [(one.start_ns, one.end_ns) for one in self.cuts]
        )
        total, done_ns = 0, start_ns
        for begin, end in spans:
            total += max(min(end, end_ns) - max(begin, done_ns), 0)
            done_ns = max(done_ns, min(end, end_ns))
        return total


def window_of(found: CallSurvey, *, opened_at_ns: int) -> Window | None:
    """Return the span of the call's recordings; None if it was never answered and sent nothing."""
    answered_ns = next((one.at_ns for one in found.timeline if one.kind == "answered"), None)
    first_ns, last_ns = found.first_arrival_ns, found.last_arrival_ns
    if answered_ns is None and first_ns is None:
        return None
    start_ns = answered_ns if answered_ns is not None else max(first_ns or 0, opened_at_ns)
    last_known_ns = max([start_ns, *(event.at_ns for event in found.timeline)])
    end_ns = max(last_known_ns, (last_ns or start_ns) + _PACKET_NS)
    # An end before what was received is a wall clock set back in a silence: no call has that.
    if found.ended is not None and found.ended.at_ns > (last_ns or start_ns) - _SET_BACK_NS:
        end_ns = found.ended.at_ns
    signalled_ms = round(max(end_ns - start_ns, 0) / 1_000_000)
    if first_ns is not None and start_ns - _BEFORE_ANSWER_NS <= first_ns < start_ns:
        start_ns = first_ns
    end_ns = max(end_ns, start_ns + _SHORTEST_NS)
    held = tuple(_intervals(found.timeline, "held", "resumed", end_ns))
    paused = tuple(_intervals(found.timeline, "paused", "unpaused", end_ns))
    cuts = tuple(one for one in found.cuts if start_ns < one.end_ns and one.start_ns < end_ns)
    return Window(start_ns, end_ns, signalled_ms, held, paused, cuts)


def _clipped(intervals: Sequence[Interval], start_ns: int, end_ns: int) -> tuple[Interval, ...]:
    """Return what of intervals lies in a span."""
    return tuple(
        replace(one, start_ns=max(one.start_ns, start_ns), end_ns=min(one.end_ns, end_ns))
        for one in intervals
        if start_ns < one.end_ns and one.start_ns < end_ns
    )


def _intervals(
    events: Sequence[TimelineEvent], begin: str, end: str, end_ns: int
) -> Iterator[Interval]:
    """Pair each beginning with the first end behind it that concerns the same streams."""
    for index, event in enumerate(events):
        if event.kind == begin:
            closing = next(
                (
                    one.at_ns
                    for one in events[index + 1 :]
                    if one.kind == end and _concern_each_other(event, one)
                ),
                end_ns,
            )
            yield Interval(event.at_ns, min(closing, end_ns), event)


def _concern_each_other(one: TimelineEvent, other: TimelineEvent) -> bool:
    return not one.streams or not other.streams or not set(one.streams).isdisjoint(other.streams)
