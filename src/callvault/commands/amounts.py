"""Bytes, durations and what is left of a long task, worded for a terminal."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
_THOUSAND = 1000
_MINUTE_S, _HOUR_S = 60, 3600


def counted(count: int, thing: str) -> str:
    """Word a number of things: 1 journal, 2 journals."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def size(count: int) -> str:
    """Word a number of bytes: 999 B, 1.2 MB."""
    amount, unit = float(count), 0
    while amount >= _THOUSAND - 0.05 and unit < len(_UNITS) - 1:
        amount, unit = amount / _THOUSAND, unit + 1
    return f"{amount:.1f} {_UNITS[unit]}" if unit else f"{count} B"


def duration(seconds: float) -> str:
    """Word a time: less than 1 s, 8 s, 12 min, 3 h 5 min."""
    if seconds < 1:
        return "less than 1 s"
    whole = round(seconds)
    if whole < 2 * _MINUTE_S:
        return f"{whole} s"
    if whole < 2 * _HOUR_S:
        return f"{round(seconds / _MINUTE_S)} min"
    hours, rest = divmod(whole, _HOUR_S)
    return f"{hours} h {rest // _MINUTE_S} min"


@dataclass(slots=True)
class Advance:
    """How far a task with a known number of things is, and when it may be done."""

    things: str  # journals, recordings
    total: int
    total_bytes: int
    now: Callable[[], float] = time.monotonic
    done: int = 0
    done_bytes: int = 0
    _started_s: float = field(init=False)

    def __post_init__(self) -> None:
        self._started_s = self.now()

    def add(self, size_bytes: int) -> None:
        """Count one thing as done."""
        self.done += 1
        self.done_bytes += size_bytes

    @property
    def took_s(self) -> float:
        """How long it has been going on."""
        return self.now() - self._started_s

    def __str__(self) -> str:
        """Word it: 3 of 12 journals, 1.2 MB of 8.0 MB, about 20 s left."""
        said = f"{self.done} of {self.total} {self.things}, "
        said += f"{size(self.done_bytes)} of {size(self.total_bytes)}"
        if 0 < self.done_bytes < self.total_bytes:
            left_s = self.took_s * (self.total_bytes - self.done_bytes) / self.done_bytes
            said += f", about {duration(max(left_s, 1))} left"
        return said
