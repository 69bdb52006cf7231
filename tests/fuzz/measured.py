"""What one input costs: CPU time of this thread, measured again before it is called too much."""

import time
from collections.abc import Callable

LIMIT_S = 0.05
"""CPU time that an input of up to 1 MB may take, on a core of its own."""
_REFERENCE_S = 0.005  # for the sum below, on the machine where the limit was set


def seconds(read: Callable[[bytes], None], data: bytes, *, limit_s: float = LIMIT_S) -> float:
    """Return the least of up to eight readings; one below the limit is enough.

    What takes longer is taken for what it would be on the machine where the limit was set: others
    may share the core now.
    """
    least = float("inf")
    for _ in range(8):
        began = time.thread_time()
        read(data)
        spent_s = time.thread_time() - began
        if spent_s >= limit_s:
            spent_s /= max(1.0, _counting_s() / _REFERENCE_S)
        least = min(least, spent_s)
        if least < limit_s:
            break
    return least


def _counting_s() -> float:
    began = time.thread_time()
    assert sum(number % 7 for number in range(150_000)) > 0
    return time.thread_time() - began
