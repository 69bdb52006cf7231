"""Deleting recordings, in steps of which each can be repeated after a crash.

1. One transaction: audit entry, tombstone in place of the row. From then on nobody finds it.
2. A tombstone in the vault, so that a restored catalogue loses the recording, too.
3. Its objects leave the vault, keys first.
4. The tombstone says that they are gone.

Steps 2 to 4 are done after the commit, and again by the worker (`unfinished`) until they succeed.
"""

import json
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from callvault.errors import LegalHoldActive, VaultError
from callvault.policy.permissions import Deed
from callvault.portal.audit.log import record, record_own
from callvault.portal.audit.models import Action
from callvault.portal.integrity.asking import ask_for_line
from callvault.portal.people.gates import person_of
from callvault.portal.storage.asking import forget_moves, leave
from callvault.portal.storage.places import other_places, store_at
from callvault.vault import RecordingObjects, Store

from .models import Recording, Tombstone
from .permissions import recording_locked_for, recordings_in_catalogue, require

logger = logging.getLogger(__name__)

BY_HAND = "by_hand"
RESTORED = "restored"  # a catalogue was restored in which it was not deleted yet
FOLDER = "deleted/"
FIRST_TRY_AFTER = timedelta(minutes=2)  # the worker's, if whoever deletes dies
LONGEST_WAIT = timedelta(minutes=30)
AT_ONCE = 200


@transaction.atomic
def delete_recording(request: HttpRequest, recording: Recording) -> Tombstone:
    """Delete a recording by hand. Raises Refused, or Http404 for what is gone or hidden."""
    user = person_of(request)
    locked = recording_locked_for(user, recording.recording_id)
    require(user, locked, Deed.DELETE)
    return bury(request, locked, cause=BY_HAND)


def bury(
    request: HttpRequest | None, recording: Recording, *, cause: str, **told: object
) -> Tombstone:
    """Put a tombstone in a recording's place, whoever decided it; in the caller's transaction.

    `request` is None for what Callvault does by itself; the audit log says `told` besides. The row
    must be locked. Its objects leave the vault when the transaction is committed. Raises
    LegalHoldActive for what is held: this is the one way by which recordings go.
    """
    if recording.is_held:
        raise LegalHoldActive(f"recording {recording.recording_id} is under a legal hold")
    facts: dict[str, object] = {
        "cause": cause,
        "record_number": recording.record_number,
        "objects": recording.objects_sealed,
        "preserved_level": recording.preserved_level,
        **told,
    }
    object_id = recording.recording_id
    if request is None:
        record_own(Action.DELETED, kind="recording", object_id=object_id, **facts)
    else:
        record(request, Action.DELETED, kind="recording", object_id=object_id, actor=None, **facts)
    tombstone = Tombstone.objects.create(
        recording_id=recording.recording_id,
        record_number=recording.record_number,
        deleted_at=timezone.now(),
        cause=cause,
        location_id=recording.location_id,
        objects_sealed=recording.objects_sealed,
        next_try_at=timezone.now() + FIRST_TRY_AFTER,
    )
    recording.delete()
    ask_for_line(tombstone.recording_id)
    forget_moves(tombstone.recording_id)
    transaction.on_commit(partial(remove_objects, tombstone))
    return tombstone


def remove_objects(tombstone: Tombstone) -> bool:
    """Take what a tombstone stands for out of the vault; False: the worker tries again."""
    try:
        store = store_at(tombstone.location_id)
        put_tombstone(store, tombstone.recording_id, tombstone.deleted_at, tombstone.cause)
        RecordingObjects(store).delete(tombstone.recording_id)
        _delete_elsewhere(tombstone)
    except VaultError as error:
        logger.warning("objects of %s stay for now: %s", tombstone.recording_id, error)
        tombstone.failures += 1
        wait = min(FIRST_TRY_AFTER * 2**tombstone.failures, LONGEST_WAIT)
        tombstone.next_try_at = timezone.now() + wait
        tombstone.problem = str(error)[:500]
        tombstone.save(update_fields=("failures", "next_try_at", "problem"))
        return False
    tombstone.objects_gone_at, tombstone.problem = timezone.now(), ""
    tombstone.save(update_fields=("objects_gone_at", "problem"))
    return True


def _delete_elsewhere(tombstone: Tombstone) -> None:
    """Delete what lies in other places: a restored catalogue may not know what moved since."""
    for place in other_places(tombstone.location_id):
        try:
            RecordingObjects(store_at(place)).delete(tombstone.recording_id)
        except VaultError as error:
            logger.warning("no look for %s elsewhere: %s", tombstone.recording_id, error)


def finish_deletions(now: datetime) -> int:
    """Do what is left of deletions that were interrupted; return how many are done now."""
    waiting = Tombstone.objects.filter(objects_gone_at__isnull=True, next_try_at__lte=now)
    done = 0
    for tombstone in waiting.order_by("next_try_at")[:AT_ONCE]:
        mine = waiting.filter(pk=tombstone.pk).update(next_try_at=now + FIRST_TRY_AFTER)
        done += bool(mine) and remove_objects(tombstone)
    return done


def is_deleted(recording_id: UUID) -> bool:
    """Whether a recording was deleted; it is never listed again."""
    return Tombstone.objects.filter(recording_id=recording_id).exists()


def sealed_too_late(recording_id: UUID, node: str = "") -> None:
    """Have the objects removed that a worker sealed of a recording that was deleted already.

    It seals on its `node`, wherever the recording was.
    """
    for row in Tombstone.objects.filter(recording_id=recording_id, location__isnull=False):
        leave(row.recording_id, None, node, remove_at=timezone.now())
    Tombstone.objects.filter(recording_id=recording_id).update(
        objects_gone_at=None, next_try_at=timezone.now()
    )


def put_tombstone(store: Store, recording_id: UUID, at: datetime, cause: str) -> None:
    """Write down in the vault that a recording was deleted; can be repeated."""
    said = {"recording_id": str(recording_id), "deleted_at": at.isoformat(), "cause": cause}
    with store.create(f"{FOLDER}{recording_id.hex[:2]}/{recording_id.hex}") as file:
        file.write(json.dumps(said).encode() + b"\n")


def uphold_tombstones(store: Store) -> int:
    """Delete what the catalogue lists although the vault has its tombstone; return how many.

    So it is after the catalogue was restored from a backup that is older than the deletion.
    """
    buried, found = 0, _in_vault(store)
    while some := list(islice(found, AT_ONCE)):
        known = Tombstone.objects.filter(recording_id__in=some)
        unknown = set(some) - set(known.values_list("recording_id", flat=True))
        buried += sum(bury_again(recording_id) for recording_id in unknown)
    return buried


def _in_vault(store: Store) -> Iterator[UUID]:
    for name in store.list(FOLDER):
        try:
            yield UUID(hex=name.rpartition("/")[2])
        except ValueError:
            logger.warning("%s is no tombstone", name)


@transaction.atomic
def bury_again(recording_id: UUID) -> bool:
    """Delete what was deleted before the catalogue was restored; return whether it was listed."""
    rows = recordings_in_catalogue().select_for_update(of=("self",))
    recording = rows.filter(recording_id=recording_id).first()
    if recording is not None and recording.is_held:
        logger.error("%s was deleted before the restore, and is held: it stays", recording_id)
        return False
    if recording is not None:
        logger.warning("%s was deleted before the catalogue was restored", recording_id)
        bury(None, recording, cause=RESTORED)
        return True
    now = timezone.now()
    Tombstone.objects.get_or_create(
        recording_id=recording_id,
        defaults={"deleted_at": now, "cause": RESTORED, "next_try_at": now},
    )
    return False
