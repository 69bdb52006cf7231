"""What a search finds, and the way to it: chosen here, since planners choose the wrong one.

Two ways. Where some filter leaves few recordings (a number, a note, a rare name), their keys are
read and sorted in memory: pages, counts and neighbours are exact. Otherwise the list is walked in
its own order, part by part of what the reader may see, each along its own index, and merged. A
walk looks at so many recordings and no more; where it ends before a page is full, the reader is
told, and goes on from there.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from typing import Any, Protocol

from django.db.models import Q, QuerySet

from callvault.portal.paging import CAP, Count, Order, beyond, up_to

from .models import Recording

Key = tuple[Any, int]  # what the list is sorted by, and the record number

MOST_LOOKED_AT = 20_000
"""Recordings that are looked at for a page, in all parts together."""
MOST_COUNTED_AMONG = 8_000
"""Those that are looked at to count; of more it is said that there are at least so many."""
FIRST_STEP, GROWTH = 1_000, 4


@dataclass(frozen=True, slots=True)
class Stretch:
    """Keys of recordings, in the order that was asked for."""

    keys: list[Key]
    edge: Key | None = None  # what was looked at last; None: as far as was asked for, or the end


class Found(Protocol):
    """What a search finds."""

    def past(self, anchor: Key | None, size: int, *, forward: bool) -> Stretch:
        """Return the first so many past a key (None: from the end), away from it."""

    def counted(self, anchor: Key | None = None, *, forward: bool = True) -> Count:
        """Count those past a key."""


@dataclass(frozen=True, slots=True)
class Few:
    """All of it in memory."""

    keys: Sequence[Key]  # in the order of the list
    order: Order

    @classmethod
    def of(cls, rows: QuerySet[Recording], order: Order) -> "Few":
        """Read the keys of rows."""
        found = rows.order_by().values_list(order.column, order.key)
        return cls(sorted(found, reverse=order.descending), order)

    def past(self, anchor: Key | None, size: int, *, forward: bool) -> Stretch:
        """Cut them out."""
        keys = self._past(anchor, forward=forward)
        return Stretch(list(keys[:size] if forward else keys[::-1][:size]))

    def counted(self, anchor: Key | None = None, *, forward: bool = True) -> Count:
        """Count them: exactly."""
        return Count(len(self._past(anchor, forward=forward)))

    def _past(self, anchor: Key | None, *, forward: bool) -> Sequence[Key]:
        """Return the keys on one side of a key, in the order of the list."""
        if anchor is None:
            return self.keys
        falling = self.order.descending
        rising = self.keys[::-1] if falling else self.keys
        if forward == falling:
            side = rising[: bisect_left(rising, anchor)]
        else:
            side = rising[bisect_right(rising, anchor) :]
        return side[::-1] if falling else side


@dataclass(frozen=True, slots=True)
class Walk:
    """One part of a list: rows along an index, in its order, and those of them that match."""

    along: QuerySet[Recording]
    matching: QuerySet[Recording]
    order: Order
    is_whole: bool  # all along it match

    def past(self, anchor: Key | None, size: int, *, forward: bool, most: int) -> Stretch:
        """Look at `most` rows past a key, in windows that grow, until `size` match."""
        keys: list[Key] = []
        edge: Key | None = None
        for rows, reached in self._windows(anchor, size, most, forward=forward):
            edge = reached
            found = rows.order_by(*self._turned(forward).columns)
            keys += found.values_list(self.order.column, self.order.key)[: size - len(keys)]
            if len(keys) >= size:
                return Stretch(keys)
        return Stretch(keys, edge)

    def counted(self, anchor: Key | None, *, forward: bool, most: int) -> Count:
        """Count those that match, up to one more than the cap, among `most` rows."""
        number = 0
        edge: Key | None = None
        for rows, reached in self._windows(anchor, CAP + 1, most, forward=forward):
            edge = reached
            number += rows.order_by()[: CAP + 1 - number].count()
            if number > CAP:
                return Count(number)
        return Count(number, at_least=edge is not None)

    def _windows(
        self, anchor: Key | None, size: int, most: int, *, forward: bool
    ) -> Iterator[tuple[QuerySet[Recording], Key | None]]:
        """Yield matching rows, window by window, and the last key of each; None: the end."""
        if self.is_whole:
            yield _cut(self.matching, self.order, anchor, None, forward=forward), None
            return
        looked_at, step = 0, FIRST_STEP
        while looked_at < most:
            step = min(step, most - looked_at)
            edge = self._edge(anchor, step, forward=forward)
            yield _cut(self.matching, self.order, anchor, edge, forward=forward), edge
            if edge is None:
                return
            looked_at, step, anchor = looked_at + step, step * GROWTH, edge

    def _edge(self, anchor: Key | None, step: int, *, forward: bool) -> Key | None:
        rows = _cut(self.along, self.order, anchor, None, forward=forward)
        keys = rows.order_by(*self._turned(forward).columns)
        found = keys.values_list(self.order.column, self.order.key)[step - 1 : step]
        return next(iter(found), None)

    def _turned(self, forward: bool) -> Order:  # noqa: FBT001 - private
        return self.order if forward else self.order.turned


@dataclass(frozen=True, slots=True)
class Many:
    """Walked, part by part."""

    walks: tuple[Walk, ...]
    order: Order
    most: int = MOST_LOOKED_AT
    most_counted: int = MOST_COUNTED_AMONG

    def past(self, anchor: Key | None, size: int, *, forward: bool) -> Stretch:
        """Merge the walks, as far as all of them have looked."""
        share = self.most // max(len(self.walks), 1)
        ways = [walk.past(anchor, size, forward=forward, most=share) for walk in self.walks]
        falling = self.order.descending == forward
        merged = merge(*(way.keys for way in ways), reverse=falling)
        edges = [way.edge for way in ways if way.edge is not None]
        if not edges:
            return Stretch(list(islice(merged, size)))
        edge = max(edges) if falling else min(edges)
        keys = [key for key in merged if (key >= edge if falling else key <= edge)]
        return Stretch(keys[:size], edge if len(keys) < size else None)

    def counted(self, anchor: Key | None = None, *, forward: bool = True) -> Count:
        """Add up the walks."""
        share = self.most_counted // max(len(self.walks), 1)
        total = Count(0)
        for walk in self.walks:
            total += walk.counted(anchor, forward=forward, most=share)
            if total.capped:
                break
        return total


def _cut(
    rows: QuerySet[Recording], order: Order, anchor: Key | None, edge: Key | None, *, forward: bool
) -> QuerySet[Recording]:
    """Return rows past the anchor, up to the edge; None: no bound."""
    condition = beyond(order, anchor, forward=forward) if anchor is not None else Q()
    if edge is not None:
        condition &= up_to(order, edge, forward=forward)
    return rows.filter(condition)
