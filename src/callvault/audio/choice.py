"""Which source of a stream is heard when there is more than one.

A stream has one voice at a time. Capture journals every source, since latching live would let
the first stranger win; here, with the whole call at hand, the most continuous source that speaks
a known payload type is taken, and another only where that one is silent for a second or more
(a new SSRC after a transfer, another port after a resume).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from callvault.audio.codecs import PayloadKind, PayloadTable
from callvault.audio.survey import SECOND_NS, Marks, SourceSurvey
from callvault.audio.timeline import Placement, place, position_of
from callvault.rtp.batch import Booleans, Integers

RELATCH_NS = SECOND_NS
_SLACK_NS = 100_000_000  # reordered packets come this much after the last in order
_TALKS_OVER = 0.2  # of its own time: who talks over a better source so much is a stranger,
_TALKS_OVER_NS = 300_000_000  # but not for a moment in which one goes and another comes
_MIN_PACKETS = 3  # fewer are not a voice where another source is (RFC 3550, A.1: probation)

Key = TypeVar("Key")
Span = tuple[int, int]  # arrival, from and to (without), UTC ns


@dataclass(frozen=True, slots=True)
class Claims:
    """When a source is the one that is heard: spans of arrival time, in order."""

    spans: tuple[Span, ...]

    def cover(self, arrival_ns: Integers) -> Booleans:
        """Return for each packet whether it is heard."""
        starts, ends = np.array(self.spans, dtype=np.int64).T
        row = np.searchsorted(starts, arrival_ns, side="right") - 1
        is_heard: Booleans = (row >= 0) & (arrival_ns < ends[row])
        return is_heard


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the choice knows of a source."""

    survey: SourceSurvey
    marks: Marks
    kinds: Integers  # of its stream's payload types

    @property
    def rank(self) -> tuple[bool, int, int]:
        """Smallest first: a known payload type, then the longest active, then the earliest."""
        known = int(self.survey.by_payload_type[self.kinds != PayloadKind.UNKNOWN].sum())
        is_known = 2 * known >= self.survey.statistics.received
        active_ns = sum(end - start for start, end in active_spans(self.marks))
        # Sources that were heard about as long are equals: then the first one is the caller's.
        return (not is_known, -round(active_ns / SECOND_NS), int(self.marks.arrival_ns[0]))


@dataclass(frozen=True, slots=True)
class HeardSource:
    """A source that is heard, and where it goes."""

    survey: SourceSurvey
    placement: Placement
    claims: Claims
    origin_ns: int  # the wall-clock moment of position 0

    @property
    def last_position(self) -> int:
        """Where its last heard packet arrived."""
        return position_of(self.claims.spans[-1][1], self.origin_ns)


def hear(
    surveys: Mapping[Key, SourceSurvey], table: PayloadTable, *, origin_ns: int
) -> dict[Key, HeardSource]:
    """Return the sources of one stream that are heard, placed on the wall clock."""
    marks = {key: survey.marks() for key, survey in surveys.items()}
    candidates = {
        key: Candidate(survey, marks[key], table.kinds)
        for key, survey in surveys.items()
        if len(marks[key])
    }
    return {
        key: HeardSource(surveys[key], place(marks[key], origin_ns=origin_ns), claims, origin_ns)
        for key, claims in choose(candidates).items()
    }


def active_spans(marks: Marks) -> list[Span]:
    """Return when a source was heard, with silences of a second or more between."""
    starts = marks.arrival_ns
    ends = marks.last_arrival_ns
    breaks = np.flatnonzero(starts[1:] - ends[:-1] >= RELATCH_NS) + 1
    firsts = np.concatenate(([0], breaks))
    lasts = np.concatenate((breaks, [len(marks)])) - 1
    return [
        (int(starts[first]), int(ends[last]) + 1) for first, last in zip(firsts, lasts, strict=True)
    ]


def choose(candidates: Mapping[Key, Candidate]) -> dict[Key, Claims]:
    """Divide the time of a stream among its sources; who is never heard is left out."""
    taken: list[Span] = []
    claims: dict[Key, Claims] = {}
    for key, candidate in sorted(candidates.items(), key=lambda item: item[1].rank):
        if len(candidates) > 1 and candidate.survey.statistics.received < _MIN_PACKETS:
            continue
        wanted = active_spans(candidate.marks)
        free = [part for span in wanted for part in _without(span, taken)]
        if free and not _is_stranger(_length(wanted), _length(free)):
            ends = {end for _, end in wanted}
            claims[key] = Claims(
                tuple((start, end + _SLACK_NS * (end in ends)) for start, end in free)
            )
            taken = sorted([*taken, *free])
    return claims


def _is_stranger(active_ns: int, free_ns: int) -> bool:
    overlap_ns = active_ns - free_ns
    return overlap_ns > _TALKS_OVER_NS and overlap_ns > _TALKS_OVER * active_ns


def _length(spans: Sequence[Span]) -> int:
    return sum(end - start for start, end in spans)


def _without(span: Span, taken: Sequence[Span]) -> list[Span]:
    """Return the parts of a span that lie outside the taken ones."""
    parts = []
    start, end = span
    for taken_start, taken_end in taken:
        if taken_end <= start or taken_start >= end:
            continue
        if taken_start > start:
            parts.append((start, taken_start))
        start = max(start, taken_end)
    if start < end:
        parts.append((start, end))
    return parts
