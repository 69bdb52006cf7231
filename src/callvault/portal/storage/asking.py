"""Asks for recordings to be moved, and keeps what is left of moves in order.

The row that asks is written in the transaction that makes it necessary.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from callvault.errors import VaultError
from callvault.portal.recordings.models import Recording

from .models import LeftCopy, Move, StorageLocation

STILL_FOR = timedelta(hours=1)


def ask_for_new(recording: Recording, node: str) -> None:
    """Have a recording that was just listed moved to where new ones go, if that is elsewhere."""
    target = StorageLocation.current()
    if target is None:
        return
    now = timezone.now()
    Move.objects.get_or_create(
        recording_id=recording.recording_id,
        defaults={"target": target, "node": node, "asked_at": now, "next_try_at": now},
    )


def send_new_to(target: StorageLocation | None) -> None:
    """Give new recordings that still wait on their nodes another place to go to.

    What was begun of a copy at the place before is taken away by workers.
    """
    waiting = Move.objects.filter(relocation=None, source=None)
    if target is None:
        waiting.delete()
    else:
        waiting.exclude(target=target).update(
            target=target, next_try_at=timezone.now(), claimed_by="", failures=0, problem="",
            has_failed=False,
        )  # fmt: skip


def forget_moves(recording_id: UUID) -> None:
    """Let a recording that is deleted move no more; what it left elsewhere goes now."""
    Move.objects.filter(recording_id=recording_id).delete()
    left = LeftCopy.objects.filter(recording_id=recording_id, is_coming=False)
    left.update(remove_at=timezone.now())


def leave(recording_id: UUID, location_id: int | None, node: str, *, remove_at: datetime) -> None:
    """Write down that objects lie where they do not belong, to be taken away."""
    LeftCopy.objects.update_or_create(
        recording_id=recording_id,
        location_id=location_id,
        defaults={"node": node, "remove_at": remove_at, "is_coming": False, "removed_by": ""},
    )


@contextmanager
def kept_still(recording_id: UUID) -> Iterator[None]:
    """Let nobody move a recording in this block, in which its objects are written anew.

    Raises VaultError while it is being moved.
    """
    far = timezone.now() + STILL_FOR
    row, is_new = Move.objects.get_or_create(
        recording_id=recording_id,
        defaults={"asked_at": timezone.now(), "next_try_at": far},
    )
    free = Move.objects.filter(pk=row.pk, claimed_by="")
    if not free.update(next_try_at=far):
        raise VaultError(f"{recording_id} is being moved to another store: try again later")
    try:
        yield
    finally:
        if is_new:
            Move.objects.filter(pk=row.pk).delete()
        else:
            Move.objects.filter(pk=row.pk).update(next_try_at=timezone.now())
