"""Reading recordings in the store again: a slice each night, so that all are read in four weeks.

It compares digests, so it needs no key. A store that is away passes: the night goes on later.
"""

import logging
import time
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from callvault.errors import ObjectMissing, SealBroken
from callvault.portal.audit import lease
from callvault.portal.recordings.models import Recording
from callvault.portal.recordings.permissions import recordings_in_catalogue
from callvault.portal.retention.rule import system_zone
from callvault.portal.storage.places import store_at
from callvault.vault import (
    LogFinding,
    LogProblem,
    ObjectKind,
    RecordingObjects,
    SealedObject,
    Store,
)

from . import findings
from .entering import log_state
from .models import LogState

logger = logging.getLogger(__name__)

FROM_HOUR, UNTIL_HOUR = 0, 6  # of the system's time zone
NIGHTS = 28
SMALLEST_SLICE = 200
LONGEST_TURN_S = 5.0  # other chores wait meanwhile


def check_slice(store: Store, *, now: datetime, holder: str) -> int:
    """Read on, at night, until this night's slice is done; return how many were read."""
    local = now.astimezone(system_zone())
    if not FROM_HOUR <= local.hour < UNTIL_HOUR or not lease.holds_lease(holder):
        return 0
    state = log_state()
    if state.objects_night != local.date().isoformat():
        _begin_night(state, local.date().isoformat(), now)
    done, until_s = 0, time.monotonic() + LONGEST_TURN_S
    while state.objects_left and time.monotonic() < until_s:
        rows = recordings_in_catalogue().filter(record_number__gt=state.objects_record)
        row = rows.order_by("record_number").first()
        if row is None:
            _end_pass(state, now)
            break
        check_objects(row, store if row.location_id is None else store_at(row.location_id))
        done += 1
        _update(
            state, objects_record=row.record_number, objects_left=state.objects_left - 1
        )  # fmt: skip
    return done


def _begin_night(state: LogState, night: str, now: datetime) -> None:
    count = recordings_in_catalogue().count()
    left = max(SMALLEST_SLICE, -(-count // NIGHTS))
    if state.objects_record == 0:
        last = state.objects_began_at
        if last is not None and last > now - timedelta(days=NIGHTS, hours=-12):
            left = 0  # all were read, and none is due again
        else:
            _update(state, objects_began_at=now)
    _update(state, objects_night=night, objects_left=left)


def _end_pass(state: LogState, now: datetime) -> None:
    logger.info("integrity: all recordings were read again and compared")
    _update(state, objects_record=0, objects_left=0, objects_checked_at=now)


def _update(state: LogState, **values: object) -> None:
    for name, value in values.items():
        setattr(state, name, value)
    LogState.objects.filter(pk=state.pk).update(**values)


def check_objects(recording: Recording, store: Store) -> list[LogFinding]:
    """Compare a recording's objects with their digests; keep and return what is wrong.

    Raises VaultError while the store cannot be read.
    """
    began_at = timezone.now()
    found = [
        one
        for fact in recording.objects_sealed
        for one in _object_problem(recording, fact, RecordingObjects(store))
    ]
    if found and not _is_as_before(recording):
        return []
    findings.keep(found, now=timezone.now())
    findings.forget_objects_of(recording.recording_id, seen_before=began_at)
    return found


def _object_problem(
    recording: Recording, fact: dict[str, object], objects: RecordingObjects
) -> list[LogFinding]:
    number, kind = f"{recording.record_number:06}", str(fact["kind"])
    recording_id: UUID = recording.recording_id
    try:
        sealed = SealedObject(ObjectKind(kind), int(str(fact["size_bytes"])), str(fact["sha256"]))
        objects.verify(recording_id, [sealed])
    except ObjectMissing:
        text, problem = f"{kind} of recording {number} is not in the store", LogProblem.GONE
    except SealBroken:
        text, problem = f"{kind} of recording {number} is not what was sealed", LogProblem.OBJECT
    else:
        return []
    return [LogFinding(problem, text, recording=str(recording_id))]


def _is_as_before(recording: Recording) -> bool:
    """Whether it is still listed with the same objects: else it was deleted, moved or made anew."""
    rows = recordings_in_catalogue().filter(pk=recording.pk)
    listed = rows.values_list("objects_sealed", "location_id").first()
    return listed == (recording.objects_sealed, recording.location_id)
