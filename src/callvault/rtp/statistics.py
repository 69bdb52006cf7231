"""What was received of one source: counts and jitter (RFC 3550, appendices A.3 and A.8)."""

import numpy as np

from callvault.rtp.batch import Booleans, Integers
from callvault.rtp.sequence import Unwrapped

_REMEMBERED = 256  # extended numbers kept to know a duplicate in the next batch


class ReceptionStatistics:
    """Counts of one source, fed batch after batch in order of arrival.

    `expected` counts from the first number to the highest; the caller takes away what it knows
    was never sent to us (a paused recording, a source that restarted).
    """

    def __init__(self) -> None:
        self.received = 0  # without duplicates
        self.duplicates = 0
        self.reordered = 0  # came after one with a higher number
        self.jitter_ticks = 0.0
        self._first: int | None = None
        self._highest = 0
        self._remembered: Integers = np.empty(0, dtype=np.int64)
        self._last_transit: float | None = None

    @property
    def expected(self) -> int:
        """Packets from the first to the highest number, whether they came or not."""
        return 0 if self._first is None else self._highest - self._first + 1

    @property
    def lost(self) -> int:
        """Packets of that range that never came."""
        return max(0, self.expected - self.received)

    def add(self, numbers: Unwrapped) -> Booleans:
        """Count a batch; return for each row whether it came for the first time."""
        order = numbers.order
        lowest = int(order.min())
        self._first = lowest if self._first is None else min(self._first, lowest)
        self._highest = max(self._highest, int(order.max()))
        is_new = np.zeros(len(order), dtype=np.bool_)
        seen, first_rows = np.unique(order, return_index=True)
        is_new[first_rows] = ~np.isin(seen, self._remembered)
        self.received += int(is_new.sum())
        self.duplicates += int((~is_new).sum())
        self.reordered += int((is_new & (numbers.order_gain < 0)).sum())
        self._remembered = np.union1d(self._remembered, seen)[-_REMEMBERED:]
        return is_new

    def add_transit(self, arrival_ticks: Integers, ticks: Integers) -> None:
        """Take a batch into the jitter estimate: gain 1/16 a packet (section 6.4.1)."""
        transit = (arrival_ticks - ticks).astype(np.float64)
        if self._last_transit is not None:
            transit = np.concatenate(([self._last_transit], transit))
        for difference in np.abs(np.diff(transit)).tolist():
            self.jitter_ticks += (difference - self.jitter_ticks) / 16
        self._last_transit = float(transit[-1])
