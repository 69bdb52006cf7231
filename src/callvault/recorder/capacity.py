"""How much a node takes: calls at once, new calls a second, and how far it may lag behind.

Beyond a limit new calls are refused with 503 and those in progress lose nothing: to refuse a call
costs a fifth of taking it. Pure: time is a parameter, in seconds of the loop's clock.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from callvault.config.sections import CapacityConfig

BURST_S = 5.0
"""A node that was idle takes the calls of so many seconds at once: a fail-over brings them all."""
LAG_LOOKS = 2
"""Looks in a row that must find the loop late. One is a stall that is over when it is noticed;
what waited meanwhile is answered."""
FILES_PER_CALL = 5
"""Two streams of two sockets each, and the journal."""
FILES_FOR_OTHERS = 500
"""Connections, the database, the log: what calls leave free of the limit of open files."""

ONE_TRUNKS_SHARE = 0.9
"""Of the calls at once, where there are several trunks: one gone mad leaves room for the others."""

RETRY_AFTER_S = {"rate": 2, "lag": 5}
"""When a refused SRC may try again, where that is sooner than the agent's own default."""


@dataclass(slots=True)
class Capacity:
    """What stands against a new call on account of how many there are."""

    config: CapacityConfig
    open_file_limit: int = 0  # 0: not known
    _credit: float = field(init=False)  # calls that may come now
    _counted_at_s: float | None = None
    _late_looks: int = 0

    def __post_init__(self) -> None:
        self._credit = self.config.calls_per_second * BURST_S

    @property
    def max_calls(self) -> int:
        """Calls at once: as set, or as open files allow; 0: not known."""
        if self.config.max_calls:
            return self.config.max_calls
        return max(0, self.open_file_limit - FILES_FOR_OTHERS) // FILES_PER_CALL

    def standing_refusal(self, calls: int) -> str:
        """Why no call is taken for a while, told to OPTIONS too: calls, lag; empty: none."""
        if self.max_calls and calls >= self.max_calls:
            return "calls"
        return "lag" if self._late_looks >= LAG_LOOKS else ""

    def refusal(
        self, calls: int, *, now_s: float, of_trunk: Callable[[], int] | None = None
    ) -> str:
        """Why this call is not taken: calls, lag, trunk_calls, rate; empty: it is, and counted.

        `of_trunk` tells how many calls its trunk has; None: there is no other trunk.
        """
        share = self.max_calls * ONE_TRUNKS_SHARE
        if standing := self.standing_refusal(calls):
            return standing
        if of_trunk is not None and share and calls >= share and of_trunk() >= share:
            return "trunk_calls"
        return self._take_credit(now_s)

    def take_in(self, *, now_s: float) -> None:
        """Count a call that is taken whatever the rate: those after it wait for it."""
        if self._take_credit(now_s):
            self._credit -= 1

    def look(self, *, late_s: float) -> None:
        """Note by how much the loop was late for something that was due."""
        is_late = late_s * 1000 > self.config.max_lag_ms
        self._late_looks = self._late_looks + 1 if is_late else 0

    def _take_credit(self, now_s: float) -> str:
        rate = self.config.calls_per_second
        if not rate:
            return ""
        since_s = 0.0 if self._counted_at_s is None else max(0.0, now_s - self._counted_at_s)
        self._counted_at_s = now_s
        self._credit = min(self._credit + since_s * rate, rate * BURST_S)
        if self._credit < 1:
            return "rate"
        self._credit -= 1
        return ""
