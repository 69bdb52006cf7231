"""The chart of disk space over time: points and labels, for a drawing of 600 by 200."""

import math
from dataclasses import dataclass

from callvault.policy.planning import Needs, Plan

WIDTH, HEIGHT = 600, 200
_LINES = 4
_STEPS = 6
_SHOWN_ABOVE = 3.0
"""Free space that is more than so many times the plan's is told, not drawn: it would flatten it."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One line that rises until the retention is over, and one of what is free."""

    line: str  # points of a polyline
    area: str  # the same, closed along the bottom
    free_y: float | None  # None: not known, or far above
    sizes: tuple[float, ...]  # bytes at the lines across, from the top
    months: tuple[int, ...]  # at the marks below, from now


def draw(needs: Needs, plan: Plan, *, free_bytes: float | None) -> Chart | None:
    """Return the chart of a plan; None where it keeps nothing."""
    if needs.bytes_kept <= 0:
        return None
    months = _STEPS * max(1, math.ceil(plan.retention_months * 1.25 / _STEPS))
    is_free_drawn = free_bytes is not None and free_bytes <= _SHOWN_ABOVE * needs.bytes_kept
    highest = max(needs.bytes_kept, free_bytes if free_bytes and is_free_drawn else 0.0)
    top = _round_up(highest / _LINES) * _LINES

    def point(month: float) -> str:
        y = HEIGHT - HEIGHT * needs.bytes_after(month, plan) / top
        return f"{WIDTH * month / months:.1f},{y:.1f}"

    line = " ".join(map(point, (0.0, min(plan.retention_months, months), float(months))))
    return Chart(
        line=line,
        area=f"0,{HEIGHT} {line} {WIDTH},{HEIGHT}",
        free_y=HEIGHT - HEIGHT * free_bytes / top if free_bytes and is_free_drawn else None,
        sizes=tuple(top * (_LINES - index) / _LINES for index in range(_LINES + 1)),
        months=tuple(months * index // _STEPS for index in range(_STEPS + 1)),
    )


def _round_up(size: float) -> float:
    """Return the next of 1, 2, 2.5, 5 and 10 times a power of ten."""
    unit = 10.0 ** math.floor(math.log10(size))
    return next((unit * one for one in (1, 2, 2.5, 5) if size <= unit * one), unit * 10)
