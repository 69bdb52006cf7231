"""Puts the packets of one source on the wall clock (docs/adr/0005-the-wall-clock-timeline.md).

A packet belongs where its timestamp says, and the timestamp belongs where the lower envelope of
arrivals says: jitter moves nothing, a clock that drifts is followed a sample at a time, and only
a step that lasts (a new timestamp base, a clock that stood still) starts a new segment. RTCP
sender reports are not used: recording clients often send none, or send those of another clock.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from callvault.audio.survey import SECOND_NS, Marks
from callvault.rtp.batch import Integers

TICK_HZ = 8000  # positions are counted in these; wideband samples are two to a position
STEP_NS = 60_000_000  # the envelope moved for good, not by jitter
PERSIST_NS = 2 * SECOND_NS  # jitter and stalls are over in this time
WINDOW_NS = 20 * SECOND_NS  # of the envelope: ±100 ppm bend it by 2 ms, congestion is shorter
DEAD_ZONE = 32  # positions (4 ms) of drift left alone, so that steady calls stay bit-exact
_SLOW_STEP = 10  # positions a mark: 10 a second are 1,250 ppm, inaudible and faster than drift
_FAR = 400  # positions: beyond this the correction hurries
_MIN_DRIFT_NS = 60 * SECOND_NS

Floats = npt.NDArray[np.float64]


def position_of(at_ns: int, origin_ns: int) -> int:
    """Return the position of a moment on the recorder's clock."""
    return round((at_ns - origin_ns) * TICK_HZ / SECOND_NS)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where packets of one source go: rows of (from which packet on, timestamp, position).

    Positions count 1/8000 s from an origin on the wall clock, and may be negative.
    """

    order: Integers
    ticks: Integers
    position: Integers
    drift_ppm: float  # of the source's clock against ours; positive: it runs fast

    def positions(self, order: Integers, ticks: Integers, clock_rate_hz: Integers) -> Integers:
        """Return the position of the first sample of each packet."""
        row = np.maximum(np.searchsorted(self.order, order, side="right") - 1, 0)
        elapsed = (ticks - self.ticks[row]) * TICK_HZ // clock_rate_hz
        return self.position[row] + elapsed


@dataclass(frozen=True, slots=True)
class _Envelope:
    """Lower envelope of a segment's lag: straight lines between anchors."""

    at_ns: Floats
    lag_ns: Floats

    def lag_at(self, arrival_ns: Integers) -> Floats:
        return np.interp(arrival_ns.astype(np.float64), self.at_ns, self.lag_ns)

    @property
    def drift_ppm(self) -> float:
        """Slope as the source's own rate: lag that grows means a slow source."""
        if len(self.at_ns) < 3 or self.at_ns[-1] - self.at_ns[0] < _MIN_DRIFT_NS:
            return 0.0
        slope = np.polyfit(self.at_ns - self.at_ns[0], self.lag_ns, 1)[0]
        return float(-slope * 1e6)


def place(marks: Marks, *, origin_ns: int) -> Placement:
    """Return where the packets of a source with these marks (at least one) go."""
    rows: list[tuple[int, int, int]] = []
    drift_ppm, longest = 0.0, 0
    for start, end in _segments(marks):
        envelope = _envelope(marks, start, end)
        rows.extend(_follow(marks, start, end, envelope, origin_ns))
        if end - start > longest:
            longest, drift_ppm = end - start, envelope.drift_ppm
    columns = np.array(rows, dtype=np.int64).T
    return Placement(columns[0], columns[1], columns[2], drift_ppm)


def _segments(marks: Marks) -> Iterator[tuple[int, int]]:
    """Yield the ranges of marks between steps of the lag that last."""
    start = 0
    for row in np.flatnonzero(marks.jumps).tolist():
        if row == start:
            continue
        at_ns = marks.arrival_ns[row]
        before = max(start, int(np.searchsorted(marks.arrival_ns, at_ns - PERSIST_NS)))
        behind = int(np.searchsorted(marks.arrival_ns, at_ns + PERSIST_NS, side="right"))
        old = marks.lag_ns[min(before, row - 1) : row].min()
        new = marks.lag_ns[row : max(behind, row + 1)].min()
        if abs(int(new - old)) > STEP_NS:
            yield start, row
            start = row
    yield start, len(marks)


def _envelope(marks: Marks, start: int, end: int) -> _Envelope:
    """Take the smallest lag of each window; a short rest belongs to the window before."""
    arrival, lag = marks.arrival_ns[start:end], marks.lag_ns[start:end]
    windows = max(1, round(int(arrival[-1] - arrival[0]) / WINDOW_NS))
    window = np.minimum((arrival - arrival[0]) // WINDOW_NS, windows - 1)
    anchors = [rows[np.argmin(lag[rows])] for rows in _groups(window)]
    return _Envelope(arrival[anchors].astype(np.float64), lag[anchors].astype(np.float64))


def _groups(labels: Integers) -> Iterator[Integers]:
    """Yield the row numbers of each run of equal labels."""
    edges = np.flatnonzero(np.diff(labels)) + 1
    yield from np.split(np.arange(len(labels)), edges)


def _follow(
    marks: Marks, start: int, end: int, envelope: _Envelope, origin_ns: int
) -> Iterator[tuple[int, int, int]]:
    """Yield a segment's rows: one at its start, and one for each sample that drift costs."""
    lag = envelope.lag_at(marks.arrival_ns[start:end])
    target = np.rint(lag * TICK_HZ / SECOND_NS).astype(np.int64)
    applied = int(target[0])
    ticks = int(marks.ticks[start])
    media = int(marks.media_ns[start]) - origin_ns
    base = round(media * TICK_HZ / SECOND_NS)
    yield int(marks.order[start]), ticks, base + applied
    is_correcting = False
    for mark in range(start + 1, end):
        error = int(target[mark - start]) - applied
        is_correcting = abs(error) > (0 if is_correcting else DEAD_ZONE)
        if not is_correcting:
            continue
        packets = int(marks.packets[mark])
        steps = min(abs(error), packets if abs(error) > _FAR else min(_SLOW_STEP, packets))
        for step in range(steps):
            applied += 1 if error > 0 else -1
            yield int(marks.order[mark]) + step * packets // steps, ticks, base + applied
