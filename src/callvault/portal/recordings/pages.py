"""Pages of what a search finds, its count, and what stands beside a recording in it."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from callvault.portal.paging import DEFAULT_PAGE_SIZE, Count, Order, Page

from .finding import Asked, find
from .found import Found, Key, Stretch
from .models import Recording

FURTHER_WALKS = 5
"""Walks one behind the other on the way to the recording beside one."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside a recording in a search."""

    previous: UUID | None
    next: UUID | None
    before: Count  # how many stand before it
    count: Count


class Pages:
    """A search in one order; looked for once, for its page and its count."""

    def __init__(self, asked: Asked, order: Order) -> None:
        self._asked = asked
        self._order = order
        self._found: Found = find(asked, order)

    def count(self) -> Count:
        """How many match, counted no further than needed."""
        return self._found.counted()

    def page(
        self,
        *,
        size: int = DEFAULT_PAGE_SIZE,
        after: UUID | None = None,
        before: UUID | None = None,
    ) -> Page[Recording]:
        """Read the first page, the one after a recording, or the one before it.

        A recording that is gone leads to the first page. One that does not match holds its place.
        """
        anchor = self._key_of(after or before)
        if anchor is None:
            return self._forward(None, size, None)
        if after is not None:
            return self._forward(anchor, size, after)
        return self._backward(anchor, size)

    def beside(self, recording: Recording) -> Beside | None:
        """Return what stands beside a recording; None: the search does not hold it."""
        if not self._asked.matching.filter(pk=recording.pk).exists():
            return None
        key = (getattr(recording, self._order.column), recording.pk)
        ways = [self._on_and_on(key, 1, forward=forward).keys for forward in (False, True)]
        previous, following = (self._id_of(keys[0]) if keys else None for keys in ways)
        before = self._found.counted(key, forward=False)
        return Beside(previous, following, before, self.count())

    def _forward(self, anchor: Key | None, size: int, after: UUID | None) -> Page[Recording]:
        stretch = self._found.past(anchor, size + 1, forward=True)
        rows = self._rows(stretch.keys[:size])
        older = rows[-1].recording_id if len(stretch.keys) > size and rows else None
        newer = rows[0].recording_id if rows and after else after
        if stretch.edge is None:
            return Page(rows, older, newer if rows else None)
        return Page(rows, self._id_of(stretch.edge), newer, reached=stretch.edge[0])

    def _backward(self, anchor: Key, size: int) -> Page[Recording]:
        stretch = self._on_and_on(anchor, size + 1, forward=False)
        rows = self._rows(stretch.keys[:size][::-1])
        if not rows:
            return self._forward(None, size, None)
        is_first = len(stretch.keys) <= size and stretch.edge is None
        return Page(rows, rows[-1].recording_id, None if is_first else rows[0].recording_id)

    def _on_and_on(self, anchor: Key, size: int, *, forward: bool) -> Stretch:
        """Walk on from where a walk ended, until there is anything."""
        stretch = self._found.past(anchor, size, forward=forward)
        for _ in range(FURTHER_WALKS):
            if stretch.keys or stretch.edge is None:
                break
            stretch = self._found.past(stretch.edge, size, forward=forward)
        return stretch

    def _rows(self, keys: list[Key]) -> list[Recording]:
        numbers = [number for _value, number in keys]
        found: QuerySet[Recording] = self._asked.rows.select_related("owner")
        rows = {row.pk: row for row in found.filter(record_number__in=numbers)}
        return [rows[number] for number in numbers if number in rows]

    def _key_of(self, recording_id: UUID | None) -> Key | None:
        if recording_id is None:
            return None
        rows = self._asked.rows.filter(recording_id=recording_id)
        return rows.values_list(self._order.column, self._order.key).first()

    def _id_of(self, key: Key) -> UUID | None:
        rows = self._asked.rows.filter(record_number=key[1])
        return rows.values_list("recording_id", flat=True).first()
