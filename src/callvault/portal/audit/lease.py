"""Whose turn it is to chain: one worker of all nodes, for a minute at a time.

The lease spares work. What keeps the chain one is its table: no place is given twice.
"""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from .models import ChainState

HELD = timedelta(seconds=60)
RENEWED_BEFORE = timedelta(seconds=30)
STATE = 1  # the one row


def state() -> ChainState:
    """Return the row on the chain; the first who asks makes it."""
    return ChainState.objects.get_or_create(pk=STATE)[0]


def holds_lease(holder: str) -> bool:
    """Take or renew the lease, unless another worker has it."""
    now = timezone.now()
    row = state()
    if row.holder == holder and row.held_until and row.held_until > now + RENEWED_BEFORE:
        return True
    free = Q(holder=holder) | Q(held_until=None) | Q(held_until__lt=now)
    rows = ChainState.objects.filter(free, pk=STATE)
    return rows.update(holder=holder, held_until=now + HELD) == 1


def give_up_lease(holder: str) -> None:
    """Let another worker go on at once."""
    ChainState.objects.filter(pk=STATE, holder=holder).update(held_until=None)
