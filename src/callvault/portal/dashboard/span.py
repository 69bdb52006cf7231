"""The days that the dashboard shows, and the bars that they are told by. Pure but for words."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

QUARTER_S = 900
RANGES: dict[str, tuple[int, int]] = {  # first and last day, counted back from today
    "today": (0, 0),
    "yesterday": (1, 1),
    "week": (6, 0),
    "month": (29, 0),
}


@dataclass(frozen=True, slots=True)
class Span:
    """Whole days in the zone of whoever looks."""

    first: date
    last: date
    zone: tzinfo

    @classmethod
    def of(cls, name: str, *, today: date, zone: tzinfo) -> "Span":
        """Return the days of a range by its name."""
        back_first, back_last = RANGES[name]
        return cls(today - timedelta(days=back_first), today - timedelta(days=back_last), zone)

    @property
    def is_one_day(self) -> bool:
        """Whether it is told by the hour, rather than by the day."""
        return self.first == self.last

    @property
    def begin(self) -> datetime:
        """The first moment."""
        return datetime.combine(self.first, time.min, tzinfo=self.zone)

    @property
    def end(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.last + timedelta(days=1), time.min, tzinfo=self.zone)

    @property
    def quarters(self) -> tuple[int, int]:
        """The first quarter of an hour since the epoch, and the first after it."""
        return quarter_of(self.begin), quarter_of(self.end)

    def places(self) -> list[tuple[date, int | None]]:
        """Return day and hour of each bar; no hour: the whole day."""
        if self.is_one_day:
            return [(self.first, hour) for hour in range(24)]
        days = (self.last - self.first).days + 1
        return [(self.first + timedelta(days=number), None) for number in range(days)]

    def summed(self, counts: Iterable[tuple[int, int]]) -> dict[tuple[date, int | None], int]:
        """Return how many there were in each bar, of counts by quarter.

        An hour that the clock repeats is one bar; one that it skips is empty.
        """
        places = self.places()
        begins = [quarter_of(self._begin_of(day, hour)) for day, hour in places]
        first, end = self.quarters
        sums = [0] * len(places)
        for quarter, count in counts:
            if first <= quarter < end:
                sums[bisect_right(begins, quarter) - 1] += count
        return dict(zip(places, sums, strict=True))

    def _begin_of(self, day: date, hour: int | None) -> datetime:
        return datetime.combine(day, time(hour or 0), tzinfo=self.zone)

    def query(self, hour: int | None = None, day: date | None = None) -> dict[str, str]:
        """Return the fields of a list's search that stand for it, or for one bar of it."""
        first, last = (day, day) if day is not None else (self.first, self.last)
        found = {"first": first.isoformat(), "last": last.isoformat()}
        return found | ({"hour": str(hour)} if hour is not None else {})


def quarter_of(moment: datetime) -> int:
    """Return the quarter of an hour since the epoch; zones begin on such."""
    return int(moment.timestamp()) // QUARTER_S
