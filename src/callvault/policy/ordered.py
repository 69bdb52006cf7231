"""Recordings that a program ordered: who owns the call that comes to their number (CAP-4)."""

from collections.abc import Iterable
from uuid import UUID

import msgspec

DIGITS = 4


class Order(msgspec.Struct, frozen=True):
    """One recording ordered: the digits behind the pilot stand for it, once, for a time."""

    order_id: UUID
    digits: str
    user_id: UUID
    until_ns: int  # UTC


def by_digits(orders: Iterable[Order]) -> dict[str, Order]:
    """Return the orders by their digits; of two, the one that lasts longer."""
    return {one.digits: one for one in sorted(orders, key=lambda one: one.until_ns)}
