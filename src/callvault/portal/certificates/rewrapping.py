"""Works off a re-sealing, in a worker: bounded batches, resumed where it was after a restart.

Repeat-safe: a recording that is sealed to the certificates already only has its row brought up to
date. What cannot be opened with the keys of this node is counted and told, and stays as it is.
"""

import time
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from callvault.errors import KeyUnavailable, ObjectMissing, VaultError
from callvault.portal.audit.log import record_own
from callvault.portal.audit.models import Action
from callvault.portal.recordings.deletion import is_deleted, sealed_too_late
from callvault.portal.recordings.models import Recording
from callvault.portal.recordings.permissions import recordings_in_catalogue
from callvault.portal.storage.places import store_at
from callvault.vault import Certificate, Keyring, Role, Store, rewrap

from .models import Rewrapping, State

LEASE = timedelta(minutes=2)
BATCH = 50
_FIELDS = ("record_number", "recording_id", "location")
LONGEST_TURN_S = 20.0


def work_off(store: Store, keyring: Keyring, *, now: datetime) -> int:
    """Go on with the re-sealing that runs, for some seconds; return how many were done."""
    row = Rewrapping.objects.filter(state=State.RUNNING).first()
    if row is None or not _is_mine(row, now):
        return 0
    try:
        certificates = _wanted(row, keyring)
        return _turn(row, store, keyring, certificates)
    except VaultError as away:
        _update(row, waits_for=str(away)[:500])
        raise
    finally:
        _update(row, lease_until=None)


def _is_mine(row: Rewrapping, now: datetime) -> bool:
    free = Rewrapping.objects.filter(pk=row.pk, lease_until=row.lease_until)
    if row.lease_until is not None and row.lease_until > now:
        return False
    return bool(free.update(lease_until=now + LEASE))


def _wanted(row: Rewrapping, keyring: Keyring) -> tuple[Certificate, ...]:
    """Return the certificates of the row. Raises VaultError if this node does not use them."""
    current = keyring.current(Role.ARCHIVE)
    if {one.info.fingerprint for one in current} != set(row.certificates):
        raise VaultError("other certificates are in use on this node than were chosen")
    return current


def _turn(
    row: Rewrapping, store: Store, keyring: Keyring, certificates: tuple[Certificate, ...]
) -> int:
    done, until_s = 0, time.monotonic() + LONGEST_TURN_S
    while time.monotonic() < until_s:
        rows = recordings_in_catalogue().filter(record_number__lte=row.at_number)
        batch = list(rows.order_by("-record_number").only(*_FIELDS)[:BATCH])
        if not batch:
            batch = _listed_meanwhile(row)
        if not batch:
            _end(row)
            return done
        for recording in batch:
            problem = _rewrap_one(recording, store, keyring, certificates)
            done += not problem
            if not _note(row, recording, problem):
                return done  # stopped meanwhile
    return done


def _listed_meanwhile(row: Rewrapping) -> list[Recording]:
    """Return recordings listed since the start that are sealed to others than was chosen.

    They were sealed before the choice, and listed after it: a long call, or one of another node.
    """
    later = recordings_in_catalogue().filter(record_number__gt=row.newest_number)
    later = later.order_by("record_number").only(*_FIELDS, "envelope_certificates")
    batch = list(later[:BATCH])
    if batch:
        row.newest_number = batch[-1].record_number
        _update(row, newest_number=row.newest_number)
    wanted = set(row.certificates)
    others = [one for one in batch if set(one.envelope_certificates) != wanted]
    return others or (_listed_meanwhile(row) if batch else [])


def _rewrap_one(
    recording: Recording, store: Store, keyring: Keyring, certificates: tuple[Certificate, ...]
) -> str:
    """Return why it could not be; empty: it is sealed to the certificates."""
    recording_id: UUID = recording.recording_id
    lies_at = recording.location_id
    try:
        place = store if lies_at is None else store_at(lies_at)
        sealed_to = rewrap(place, recording_id, keyring, certificates)
    except KeyUnavailable as locked:
        return f"{recording_id}: {', '.join(map(str, locked.certificates))}"
    except ObjectMissing as missing:
        if is_deleted(recording_id):
            return ""
        moved = recordings_in_catalogue().filter(recording_id=recording_id).only(*_FIELDS).first()
        if moved is not None and moved.location_id != lies_at:
            return _rewrap_one(moved, store, keyring, certificates)
        return f"{recording_id}: {missing}"
    except VaultError as broken:
        if not broken.permanent:
            raise
        return f"{recording_id}: {broken}"
    fingerprints = [one.fingerprint for one in sealed_to]
    rows = recordings_in_catalogue().filter(recording_id=recording_id)
    if rows.filter(location=lies_at).update(envelope_certificates=fingerprints):
        return ""
    moved = rows.only(*_FIELDS).first()
    if moved is not None:  # meanwhile, with the envelope that it had before
        return _rewrap_one(moved, store, keyring, certificates)
    sealed_too_late(recording_id)  # deleted meanwhile: its new envelope goes, too
    return ""


def _note(row: Rewrapping, recording: Recording, problem: str) -> bool:
    """Write down that one is over. False: somebody stopped it."""
    row.at_number = min(row.at_number, recording.record_number - 1)
    counted = {"failed": F("failed") + 1} if problem else {"done": F("done") + 1}
    told = {"problem": problem[:500]} if problem else {}
    running = Rewrapping.objects.filter(pk=row.pk, state=State.RUNNING)
    return bool(running.update(at_number=row.at_number, waits_for="", **counted, **told))


@transaction.atomic
def _end(row: Rewrapping) -> None:
    row.refresh_from_db()
    if row.state != State.RUNNING:
        return
    record_own(
        Action.REWRAPPING_ENDED,
        kind="rewrapping",
        object_id=row.public_id,
        certificates=row.certificates,
        done=row.done,
        failed=row.failed,
    )
    _update(row, state=State.DONE, ended_at=timezone.now(), waits_for="")


def _update(row: Rewrapping, **columns: object) -> None:
    Rewrapping.objects.filter(pk=row.pk).update(**columns)
