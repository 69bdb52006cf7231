"""Timers without a clock: a queue of callbacks, and the intervals of RFC 3261, table 4."""

import heapq
from collections.abc import Callable

T1_S = 0.5  # round-trip estimate
T2_S = 4.0  # longest retransmit interval of non-INVITE requests and INVITE responses
T4_S = 5.0  # how long a message may stay in the network
GIVE_UP_S = 64 * T1_S  # timers B, F, H, J, L and M


class Timer:
    """One armed callback."""

    __slots__ = ("action", "when")

    def __init__(self, when: float, action: Callable[[float], None]) -> None:
        self.when = when
        self.action: Callable[[float], None] | None = action

    def cancel(self) -> None:
        """Make it never run. Cancelling twice, or after it ran, does nothing."""
        self.action = None


class TimerQueue:
    """Callbacks in order of their time; those armed first run first at equal times."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer]] = []
        self._armed = 0
        self._compact_at = 1024

    def arm(self, when: float, action: Callable[[float], None]) -> Timer:
        """Call `action(now)` in the first `run` at or after `when`."""
        timer = Timer(when, action)
        self._armed += 1
        heapq.heappush(self._heap, (when, self._armed, timer))
        if len(self._heap) > self._compact_at:
            self._compact()
        return timer

    def _compact(self) -> None:
        """Drop cancelled timers, so that memory follows what is armed, not what once was."""
        self._heap = [entry for entry in self._heap if entry[2].action is not None]
        heapq.heapify(self._heap)
        self._compact_at = max(1024, 2 * len(self._heap))

    def next(self) -> float | None:
        """When the first timer is due; None if none is armed."""
        while self._heap and self._heap[0][2].action is None:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def run(self, now: float) -> None:
        """Call all that are due."""
        while self._heap and self._heap[0][0] <= now:
            timer = heapq.heappop(self._heap)[2]
            action, timer.action = timer.action, None
            if action is not None:
                action(now)
