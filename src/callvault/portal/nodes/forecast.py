"""How long a disk lasts, from what was added day by day: pure arithmetic."""

from collections.abc import Sequence
from dataclasses import dataclass

FARTHEST_DAYS = 3650
FEWEST_DAYS = 3
"""A trend is drawn from so many days; from fewer, the mean is taken."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is to be expected."""

    bytes_a_day: int  # tomorrow
    days_left: int | None  # None: ten years and more, or nothing to go by


def forecast(daily_bytes: Sequence[int], *, free_bytes: int) -> Forecast:
    """Return how long `free_bytes` last, if each day goes on as `daily_bytes` did, oldest first.

    A line is laid through the days (least squares). Days that shrink are not believed to go on
    shrinking: deletion is no plan to rely on.
    """
    if not any(daily_bytes):
        return Forecast(0, None)
    tomorrow, growth = _trend(daily_bytes)
    left, a_day = free_bytes, tomorrow
    for day in range(FARTHEST_DAYS):
        left -= int(a_day)
        if left < 0:
            return Forecast(int(tomorrow), day)
        a_day += growth
    return Forecast(int(tomorrow), None)


def _trend(daily_bytes: Sequence[int]) -> tuple[float, float]:
    """Return what tomorrow adds, and by how much each day adds more than the one before."""
    count = len(daily_bytes)
    mean = sum(daily_bytes) / count
    if count < FEWEST_DAYS:
        return mean, 0.0
    middle = (count - 1) / 2
    spread = sum((day - middle) ** 2 for day in range(count))
    slope = sum((day - middle) * (size - mean) for day, size in enumerate(daily_bytes)) / spread
    if slope <= 0:
        return mean, 0.0
    return mean + slope * (count - middle), slope
