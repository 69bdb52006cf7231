"""Carries recordings from one store to another, in a worker.

For each recording: a note that a copy begins to exist (`LeftCopy`), the copy, read back and
compared; then one transaction says where the recording lies now, and that what is left at the old
place goes a while later. Whoever dies at any moment leaves rows that say what is to be done; and a
recording is in every moment whole at the place that its row names.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from callvault.errors import ObjectMissing, VaultError
from callvault.portal.nodes.models import NodeReport
from callvault.portal.nodes.reports import FRESH
from callvault.portal.recordings.models import Recording
from callvault.portal.recordings.permissions import recordings_in_catalogue
from callvault.vault import ObjectKind, RecordingObjects, Store
from callvault.vault.objects import name_of

from . import watching
from .asking import leave
from .copying import copy_recording
from .models import LeftCopy, Move, Relocation, State, StorageLocation
from .places import store_at

LEASE = timedelta(minutes=15)
GRACE = timedelta(minutes=5)
"""How long the old copy stays for those who read it."""
FIRST_RETRY, LAST_RETRY = timedelta(seconds=30), timedelta(minutes=30)
POSTPONED = timedelta(minutes=1)
LOOKED_AT = 8
LONGEST_TURN_S = 20.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Carrier:
    """Moves recordings for one node."""

    node: str
    open_store: Callable[[int | None], Store] = store_at
    grace: timedelta = GRACE
    threads: int = 1

    def begin(self) -> None:
        """Take up again what this node was at when it died."""
        now = timezone.now()
        Move.objects.filter(claimed_by=self.node).update(claimed_by="", next_try_at=now)
        LeftCopy.objects.filter(removed_by=self.node).update(removed_by="", remove_at=now)

    def turn(self, stop: threading.Event | None = None) -> int:
        """Move what is due, for some seconds; return how many recordings were moved."""
        over = stop or threading.Event()
        if self.threads == 1:
            return self._loop(over)
        counts: list[int] = []

        def work() -> None:
            try:
                counts.append(self._loop(over))
            except Exception:
                logger.exception("moving recordings failed, the next turn follows")
            finally:
                connection.close()

        workers = [threading.Thread(target=work, daemon=True) for _ in range(self.threads)]
        for one in workers:
            one.start()
        for one in workers:
            one.join()
        return sum(counts)

    def tidy(self, *, now: datetime) -> int:
        """Take away copies that are left; return how many recordings' were."""
        due = LeftCopy.objects.filter(self._reached(now), remove_at__lte=now)
        away = watching.troubled()
        done = 0
        for left in due.exclude(location__in=away).order_by("remove_at")[:100]:
            mine = LeftCopy.objects.filter(pk=left.pk, remove_at=left.remove_at)
            if mine.update(removed_by=self.node, remove_at=now + LEASE):
                done += self._take_away(left)
        return done

    def _loop(self, stop: threading.Event) -> int:
        done, until_s = 0, time.monotonic() + LONGEST_TURN_S
        while time.monotonic() < until_s and not stop.is_set():
            move = self._next()
            if move is None:
                break
            done += self._carry_one(move)
        return done

    def _reached(self, now: datetime) -> Q:
        """Return which rows are this node's: those of nodes that do not report are everybody's."""
        fresh = NodeReport.objects.filter(at__gte=now - FRESH)
        others = list(fresh.exclude(node=self.node).values_list("node", flat=True))
        return ~Q(node__in=others)

    def _next(self) -> Move | None:
        """Claim the move that is due next: new recordings go before old ones."""
        now, away = timezone.now(), watching.troubled()
        due = Move.objects.filter(self._reached(now), has_failed=False, next_try_at__lte=now)
        due = due.exclude(target__in=away).exclude(source__in=away)
        new, old = due.filter(relocation=None), due.filter(relocation__state__in=_GOING_ON)
        for rows in (new, old):
            for move in rows.order_by("next_try_at")[:LOOKED_AT]:
                if self._claim(move, now):
                    return move
        return None

    @transaction.atomic
    def _claim(self, move: Move, now: datetime) -> bool:
        mine = Move.objects.filter(pk=move.pk, next_try_at=move.next_try_at, has_failed=False)
        if not mine.update(next_try_at=now + LEASE, claimed_by=self.node):
            return False
        coming = {"node": move.node, "is_coming": True, "remove_at": now + LEASE}
        left, is_new = LeftCopy.objects.get_or_create(
            recording_id=move.recording_id, location_id=move.target_id, defaults=coming
        )
        if not is_new and not LeftCopy.objects.filter(pk=left.pk, removed_by="").update(**coming):
            # What was left there is being taken away: not into the hands that do it.
            Move.objects.filter(pk=move.pk).update(next_try_at=now + POSTPONED, claimed_by="")
            return False
        return True

    def _carry_one(self, move: Move) -> bool:
        """Move one recording; what goes wrong concerns that one only, or its stores."""
        try:
            return self._carry(move)
        except VaultError as error:
            self._failed(move, error)
        except Exception as error:
            logger.exception("moving %s failed", move.recording_id)
            self._failed(move, error)
        return False

    def _carry(self, move: Move) -> bool:
        rows = recordings_in_catalogue().filter(recording_id=move.recording_id)
        recording = rows.first()
        is_there = recording is not None and recording.location_id == move.target_id
        if recording is None or is_there or recording.location_id != move.source_id:
            self._give_up(move)
            return False
        source, target = self.open_store(move.source_id), self.open_store(move.target_id)
        try:
            copy_recording(source, target, move.recording_id, listed=_digests(recording))
        except ObjectMissing:
            # A restored catalogue asks for moves that were made since it was backed up.
            if not _is_whole(target, recording):
                raise
        is_moved = self._switch(move, recording)
        if not is_moved:
            self._give_up(move)
        return is_moved

    @transaction.atomic
    def _switch(self, move: Move, copied: Recording) -> bool:
        """Say that the recording lies at its new place; False: it is not what was copied."""
        rows = recordings_in_catalogue().select_for_update(of=("self",))
        row = rows.filter(recording_id=move.recording_id).first()
        mine = Move.objects.filter(
            pk=move.pk, claimed_by=self.node, target=move.target, source=move.source
        )
        coming = LeftCopy.objects.filter(
            recording_id=move.recording_id, location=move.target, is_coming=True, removed_by=""
        )
        is_same = row is not None and _fingerprint(row) == _fingerprint(copied)
        if row is None or not is_same or not mine.exists() or not coming.delete()[0]:
            return False
        recordings_in_catalogue().filter(pk=row.pk).update(location=move.target)
        removed_at = timezone.now() + self.grace
        leave(move.recording_id, move.source_id, move.node, remove_at=removed_at)
        mine.delete()
        if move.relocation_id is not None:
            Relocation.objects.filter(pk=move.relocation_id).update(done=F("done") + 1)
        return True

    @transaction.atomic
    def _give_up(self, move: Move) -> None:
        """Leave a recording where it is now: deleted, moved or changed meanwhile.

        One that was only changed is moved once more, by a row that still asks for it.
        """
        coming = LeftCopy.objects.filter(
            recording_id=move.recording_id, location=move.target, is_coming=True
        )
        if not coming.update(is_coming=False, remove_at=timezone.now()):
            # Somebody took it for left over, while objects were still written.
            leave(move.recording_id, move.target_id, move.node, remove_at=timezone.now())
        rows = recordings_in_catalogue().filter(recording_id=move.recording_id)
        mine = Move.objects.filter(pk=move.pk, claimed_by=self.node)
        if rows.filter(location=move.source).exists() and move.source_id != move.target_id:
            mine.update(claimed_by="", next_try_at=timezone.now() + POSTPONED)
        else:
            mine.delete()

    def _failed(self, move: Move, error: Exception) -> None:
        mine = Move.objects.filter(pk=move.pk, claimed_by=self.node)
        now, told = timezone.now(), str(error)[:500]
        if isinstance(error, VaultError) and error.permanent:
            logger.error("recording %s stays where it is: %s", move.recording_id, error)
            mine.update(claimed_by="", has_failed=True, problem=told)
        elif self._is_away(move):
            mine.update(claimed_by="", next_try_at=now)  # goes on when the store is back
        else:
            wait = min(FIRST_RETRY * 2**move.failures, LAST_RETRY)
            mine.update(
                claimed_by="", next_try_at=now + wait, failures=F("failures") + 1, problem=told
            )
        LeftCopy.objects.filter(
            recording_id=move.recording_id, location=move.target, is_coming=True
        ).update(remove_at=now + LEASE)

    def _is_away(self, move: Move) -> bool:
        """Whether it is a store that cannot be used at all; asked of the store itself."""
        wanted = (move.source_id, move.target_id)
        rows = StorageLocation.objects.filter(pk__in=[one for one in wanted if one is not None])
        return not all([watching.check(row, self.node) for row in rows])

    def _take_away(self, left: LeftCopy) -> bool:
        """Remove a copy, unless the recording lies there after all."""
        this = LeftCopy.objects.filter(pk=left.pk, removed_by=self.node)
        rows = recordings_in_catalogue().filter(recording_id=left.recording_id)
        if rows.filter(location=left.location).exists():
            this.delete()
            return False
        try:
            RecordingObjects(self.open_store(left.location_id)).delete(left.recording_id)
        except VaultError as error:
            wait = min(FIRST_RETRY * 2**left.failures, LAST_RETRY)
            this.update(
                removed_by="",
                remove_at=timezone.now() + wait,
                failures=F("failures") + 1,
                problem=str(error)[:500],
            )
            return False
        return bool(this.delete()[0])


_GOING_ON = (State.RUNNING, State.DONE)  # done: one that failed is tried again


def waiting_moves() -> QuerySet[Move]:
    """Return the new recordings that wait on their nodes for their store."""
    return Move.objects.filter(relocation=None, target__isnull=False, has_failed=False)


def _is_whole(store: Store, recording: Recording) -> bool:
    """Whether all that the catalogue lists of a recording lies in a store, unchanged."""
    found = RecordingObjects(store).stored(recording.recording_id)
    if found is None:
        return False
    there = {one.kind.value: one.sha256 for one in found.objects}
    return there == {str(one["kind"]): one["sha256"] for one in recording.objects_sealed}


def _digests(recording: Recording) -> dict[str, str]:
    """Return the digests that the catalogue lists, by the names of objects."""
    return {
        name_of(recording.recording_id, ObjectKind(fact["kind"])): str(fact["sha256"])
        for fact in recording.objects_sealed
    }


def _fingerprint(recording: Recording) -> tuple[object, ...]:
    """Return what of a row changes when its objects do."""
    return (
        recording.location_id,
        recording.objects_sealed,
        sorted(recording.envelope_certificates),
    )
