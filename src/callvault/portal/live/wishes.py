"""Wishes to keep a call on a node that did not answer: left by a recorder, found by workers."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import close_old_connections

from callvault.clock import ns_from_utc
from callvault.monitoring import live_calls

from .models import KeepWish

KEPT_FOR = timedelta(days=90)
"""A node that was away for longer finishes its calls without them."""


def leave(wish: live_calls.KeepWish) -> None:
    """Keep a wish. For processes that called `django.setup()`; not for requests."""
    close_old_connections()
    KeepWish.objects.create(owner=wish.owner_id, at_ns=wish.at_ns)


def standing() -> tuple[tuple[UUID, int], ...]:
    """Return them all: whose, and when they were said."""
    return tuple(KeepWish.objects.values_list("owner", "at_ns"))


def forget_old(now: datetime) -> int:
    """Forget those whose node has been away for long; return how many."""
    old = KeepWish.objects.filter(at_ns__lt=ns_from_utc(now - KEPT_FOR))
    return old.delete()[0]
