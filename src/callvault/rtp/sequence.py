"""Sequence numbers and timestamps that no longer wrap (RFC 3550, appendix A.1).

The extended number orders the packets of one source; a timestamp's extended form is only good for
differences. Both are computed for whole columns; a loop is entered only where a source restarts.
"""

from dataclasses import dataclass

import numpy as np

from callvault.rtp.batch import Integers

MAX_MISORDER = 100  # packets; further back is a source that started anew (RFC 3550, A.1)
_SEQUENCE_CYCLE = 1 << 16
_TIMESTAMP_CYCLE = 1 << 32


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """Extended numbers of a batch, row by row, in order of arrival."""

    order: Integers  # extended sequence number; grows over wraps and restarts
    ticks: Integers  # extended timestamp
    order_gain: Integers  # over the highest before; 1: the next; ≤ 0: late or again


class SequenceTracker:
    """Extends the sequence numbers and timestamps of one source, batch after batch."""

    def __init__(self) -> None:
        self._highest: int | None = None  # extended
        self._ticks = 0

    def extend(self, sequence_number: Integers, timestamp: Integers) -> Unwrapped:
        """Return extended numbers of the next packets, given in order of arrival, at least one."""
        if self._highest is None:
            self._highest = int(sequence_number[0]) - 1
            self._ticks = int(timestamp[0])
        order = _unwrap(sequence_number, self._highest, _SEQUENCE_CYCLE)
        highest_before = _running_max(order, self._highest)
        if (order - highest_before < -MAX_MISORDER).any():
            order = self._extend_one_by_one(sequence_number, self._highest)
            highest_before = _running_max(order, self._highest)
        ticks = _unwrap(timestamp, self._ticks, _TIMESTAMP_CYCLE)
        self._highest = max(self._highest, int(order.max()))
        self._ticks = int(ticks[-1])
        return Unwrapped(order, ticks, order - highest_before)

    @staticmethod
    def _extend_one_by_one(sequence_number: Integers, highest: int) -> Integers:
        """Extend with restarts: a number too far back begins a new count above the old one."""
        order = np.empty(len(sequence_number), dtype=np.int64)
        for row, number in enumerate(sequence_number.tolist()):
            gain = (number - highest) % _SEQUENCE_CYCLE
            if gain >= _SEQUENCE_CYCLE - MAX_MISORDER:
                gain -= _SEQUENCE_CYCLE
            order[row] = highest + gain
            highest = max(highest, highest + gain)
        return order


def _unwrap(numbers: Integers, last: int, cycle: int) -> Integers:
    """Follow numbers that wrap at `cycle`, each step the shorter way, from the extended `last`."""
    before = np.concatenate(([last], numbers[:-1]))
    steps = (numbers - before + cycle // 2) % cycle - cycle // 2
    return last + np.cumsum(steps)


def _running_max(order: Integers, highest: int) -> Integers:
    """Return for each row the highest extended number before it."""
    return np.maximum.accumulate(np.concatenate(([highest], order[:-1])))
