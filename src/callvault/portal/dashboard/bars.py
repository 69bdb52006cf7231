"""The bar chart: places and labels, for a drawing of 720 by 200 that no script has to make."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 720, 200
_LINES = 4
_FILLED = 0.68  # of a bar's place


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: all of a place, and the part of it that wants a look."""

    label: str  # "14:00", "27 Nov"
    count: int
    marked: int  # of them, drawn apart
    url: str
    x: float
    width: float
    y: float
    height: float
    marked_height: float
    is_labelled: bool  # below the axis; all are in the table


@dataclass(frozen=True, slots=True)
class BarChart:
    """Bars and the lines across."""

    bars: tuple[Bar, ...]
    lines: tuple[int, ...]  # counts at the lines, from the top

    @property
    def total(self) -> int:
        """All that the bars count."""
        return sum(bar.count for bar in self.bars)


def draw(places: Sequence[tuple[str, int, int, str]], *, labels: int = 8) -> BarChart:
    """Return the chart of label, count, marked count and address of each place; from zero."""
    top = _round_up(max((count for _label, count, _marked, _url in places), default=0))
    slot = WIDTH / max(len(places), 1)
    every = math.ceil(len(places) / labels) or 1
    bars = tuple(
        Bar(
            label=label,
            count=count,
            marked=marked,
            url=url,
            x=round(slot * (number + (1 - _FILLED) / 2), 1),
            width=round(slot * _FILLED, 1),
            y=round(HEIGHT - HEIGHT * count / top, 1),
            height=round(HEIGHT * count / top, 1),
            marked_height=round(HEIGHT * marked / top, 1),
            is_labelled=number % every == 0,
        )
        for number, (label, count, marked, url) in enumerate(places)
    )
    return BarChart(bars, tuple(top * (_LINES - line) // _LINES for line in range(_LINES + 1)))


def _round_up(count: int) -> int:
    """Return a count whose quarters are whole and easily read, at least 4."""
    if count <= _LINES:
        return _LINES
    unit = 10 ** max(int(math.log10(count / _LINES)), 0)
    steps = (1, 2, 2.5, 5, 10)
    step = next(one * unit for one in steps if one * unit * _LINES >= count and one * unit % 1 == 0)
    return int(step * _LINES)
