"""Keyset paging: Older and Newer, as fast on the last page as on the first.

A cursor names the row where a page ends by what the list is sorted by and by the row's random id,
so that addresses carry no sequential number, and a page stays where it is while rows are added.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet

CAP = 1000  # counts are exact up to here, then "more than 1,000"
PAGE_SIZES = (25, 50, 100)
DEFAULT_PAGE_SIZE = 50

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Order:
    """How a list is sorted: one column, then the primary key the same way round."""

    column: str
    key: str  # name of the primary key
    descending: bool

    @property
    def columns(self) -> tuple[str, str]:
        """The order_by of the list."""
        sign = "-" if self.descending else ""
        return sign + self.column, sign + self.key

    @property
    def turned(self) -> "Order":
        """The other way round."""
        return Order(self.column, self.key, descending=not self.descending)


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """Rows of one page, in the order of the list, and the cursors that lead off it."""

    rows: Sequence[M]
    older: UUID | None  # pass as `after`; None: this is the last page
    newer: UUID | None  # pass as `before`; None: this is the first page
    reached: object = None  # by the column of the order; beyond it nothing was looked at yet

    @property
    def is_short(self) -> bool:
        """Whether more may be found further on: the search ended before the page was full."""
        return self.reached is not None


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows match, counted no further than needed."""

    number: int
    at_least: bool = False  # not all was looked at: there may be more

    @property
    def capped(self) -> bool:
        """Whether there are more than `number` says."""
        return self.number > CAP

    @property
    def is_exact(self) -> bool:
        """Whether there are as many as `number` says."""
        return not (self.capped or self.at_least)

    def __add__(self, other: "Count") -> "Count":
        number = min(self.number + other.number, CAP + 1)
        return Count(number, at_least=number <= CAP and (self.at_least or other.at_least))


def counted(rows: QuerySet[M]) -> Count:
    """Count up to one more than the cap."""
    return Count(rows.order_by()[: CAP + 1].count())


def page_of(
    rows: QuerySet[M],
    order: Order,
    *,
    id_field: str,
    size: int = DEFAULT_PAGE_SIZE,
    after: UUID | None = None,
    before: UUID | None = None,
) -> Page[M]:
    """Read one page: the first, the one after a row, or the one before a row.

    A cursor whose row is gone (deleted, or filtered out of sight) leads to the first page.
    """
    anchor = _anchor(rows, order, id_field, after or before)
    if anchor is None:
        return _forward(rows, order, id_field, size, first=True)
    if after is not None:
        later = rows.filter(beyond(order, anchor, forward=True))
        return _forward(later, order, id_field, size, first=False)
    return _backward(rows.filter(beyond(order, anchor, forward=False)), order, id_field, size)


def neighbours_of(
    rows: QuerySet[M], order: Order, *, id_field: str, row_id: UUID
) -> tuple[UUID | None, UUID | None] | None:
    """Return the ids of the rows before and after one; None: it is not among the rows."""
    anchor = _anchor(rows, order, id_field, row_id)
    if anchor is None:
        return None
    before = rows.filter(beyond(order, anchor, forward=False)).order_by(*order.turned.columns)
    after = rows.filter(beyond(order, anchor, forward=True)).order_by(*order.columns)
    ids = (beside.values_list(id_field, flat=True).first() for beside in (before, after))
    previous, following = ids
    return previous, following


def rows_before(rows: QuerySet[M], order: Order, row: M) -> QuerySet[M]:
    """Return the rows that stand before one in a list."""
    anchor = (getattr(row, order.column), getattr(row, order.key))
    return rows.filter(beyond(order, anchor, forward=False))


def _anchor(
    rows: QuerySet[M], order: Order, id_field: str, row_id: UUID | None
) -> tuple[object, object] | None:
    if row_id is None:
        return None
    found = rows.filter(**{id_field: row_id}).values_list(order.column, order.key).first()
    return (found[0], found[1]) if found else None


def up_to(order: Order, edge: tuple[object, object], *, forward: bool) -> Q:
    """Rows before an edge in the direction of travel, and the edge itself."""
    comparison = "gt" if order.descending == forward else "lt"
    value, key = edge
    inside = Q(**{f"{order.column}__{comparison}": value}) | Q(
        **{order.column: value, f"{order.key}__{comparison}e": key}
    )
    return Q(**{f"{order.column}__{comparison}e": value}) & inside


def beyond(order: Order, anchor: tuple[object, object], *, forward: bool) -> Q:
    """Rows past the anchor. The outer bound on the column alone lets an index be walked."""
    comparison = "lt" if order.descending == forward else "gt"
    value, key = anchor
    inside = Q(**{f"{order.column}__{comparison}": value}) | Q(
        **{order.column: value, f"{order.key}__{comparison}": key}
    )
    return Q(**{f"{order.column}__{comparison}e": value}) & inside


def _forward(rows: QuerySet[M], order: Order, id_field: str, size: int, *, first: bool) -> Page[M]:
    found = list(rows.order_by(*order.columns)[: size + 1])
    page, more = found[:size], len(found) > size
    return Page(
        rows=page,
        older=getattr(page[-1], id_field) if more else None,
        newer=getattr(page[0], id_field) if page and not first else None,
    )


def _backward(rows: QuerySet[M], order: Order, id_field: str, size: int) -> Page[M]:
    found = list(rows.order_by(*order.turned.columns)[: size + 1])
    page, more = found[:size][::-1], len(found) > size
    return Page(
        rows=page,
        older=getattr(page[-1], id_field) if page else None,
        newer=getattr(page[0], id_field) if more else None,
    )
