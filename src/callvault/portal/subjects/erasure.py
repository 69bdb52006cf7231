"""Erasing what is held of a data subject: previewed, asked for, worked off in small steps.

A recording that may not be deleted stays, and is counted by its reason. Each recording goes in a
transaction of its own, with its audit entry and tombstone; a worker that dies goes on where it
was. At the end the number is forgotten.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from callvault.policy.permissions import Deed, Refusal
from callvault.portal.audit.log import record, record_own
from callvault.portal.audit.models import Action
from callvault.portal.completeness.redacting import redact_record
from callvault.portal.configuration.rights import rights_in_force
from callvault.portal.decisions.models import Call
from callvault.portal.people.gates import person_of
from callvault.portal.people.models import User
from callvault.portal.recordings.deletion import bury
from callvault.portal.recordings.models import Recording
from callvault.portal.recordings.permissions import recording_locked_for, refusal_of

from . import held
from .models import Erasure
from .subject import Subject, number_subject, person_subject

logger = logging.getLogger(__name__)

CAUSE = "erasure"
RECORDINGS_A_STEP = 20
CALLS_A_STEP = 200
MOST_PREVIEWED = 2000

REASONS: dict[str, Promise | str] = {
    Refusal.NOBODY: _("The settings let nobody delete recordings."),
    Refusal.LEVEL: _("Whoever asked may not delete recordings."),
    Refusal.HELD: _("They are under a legal hold."),
    Refusal.PRESERVED_HIGHER: _("They are preserved by a higher level."),
    Refusal.NOT_SEEN: _("Whoever asked may no longer see them."),
}


def refusal_to_erase(user: User, recording: Recording) -> str | None:
    """Return why a recording must stay, as a code; None: it may go. A legal hold is asked here."""
    refusal = refusal_of(user, recording, Deed.DELETE, rights=rights_in_force())
    return refusal.value if refusal is not None else None


def reason_told(code: str) -> str:
    """Return a reason as a sentence."""
    return str(REASONS.get(code, code))


def preview(subject: Subject, user: User) -> dict[str, int]:
    """Count the recordings that would stay, by reason; of the first ones where there are many."""
    rights = rights_in_force()
    found: Counter[str] = Counter()
    for recording in held.recordings_of(subject, user)[:MOST_PREVIEWED].iterator():
        refusal = refusal_of(user, recording, Deed.DELETE, rights=rights)
        if refusal is not None:
            found[refusal.value] += 1
    return dict(found)


@transaction.atomic
def begin(request: HttpRequest, subject: Subject, *, expected: int) -> Erasure:
    """Ask for it; a worker does it."""
    user = person_of(request)
    erasure = Erasure(
        reference=subject.reference,
        number=subject.number,
        person=subject.person,
        asked_by=user,
        asked_by_name=user.get_full_name(),
        expected=expected,
    )
    record(
        request, Action.ERASURE_STARTED, kind="subject", object_id=subject.reference, actor=None,
        recordings=expected, erasure=str(erasure.public_id),
    )  # fmt: skip
    erasure.save()
    return erasure


def work_off(now: datetime) -> int:
    """Do a bounded step of each erasure that is under way; return how many recordings went."""
    under_way = Erasure.objects.filter(ended_at__isnull=True).order_by("pk")
    return sum(_step(erasure, now) for erasure in under_way[:10])


def _step(erasure: Erasure, now: datetime) -> int:
    asker = User.objects.filter(pk=erasure.asked_by_id or 0).first()
    subject = _subject_of(erasure)
    if asker is None or not asker.is_active or not asker.is_administrator or subject is None:
        _end(erasure, now, problem="whoever asked, or the person, is not there any more")
        return 0
    rows = held.recordings_of(subject, asker).filter(record_number__gt=erasure.reached)
    batch = list(rows[:RECORDINGS_A_STEP])
    gone = sum(_erase(erasure, subject, asker, recording) for recording in batch)
    if len(batch) < RECORDINGS_A_STEP and _redact_all(erasure, subject, asker):
        _end(erasure, now)
    return gone


def under_erasure(recordings: Sequence[Recording]) -> set[int]:
    """Return the numbers of those recordings that an erasure under way has not come to yet."""
    numbers = [recording.record_number for recording in recordings]
    found: set[int] = set()
    for erasure in Erasure.objects.filter(ended_at__isnull=True):
        asker = User.objects.filter(pk=erasure.asked_by_id or 0).first()
        subject = _subject_of(erasure)
        if asker is None or subject is None:
            continue
        rows = held.recordings_of(subject, asker).filter(record_number__gt=erasure.reached)
        rows = rows.filter(record_number__in=numbers)
        found.update(rows.values_list("record_number", flat=True))
    return found


def _subject_of(erasure: Erasure) -> Subject | None:
    if erasure.number:
        return number_subject(erasure.number)
    person = User.objects.filter(pk=erasure.person_id or 0).first()
    return person_subject(person) if person is not None else None


@transaction.atomic
def _erase(erasure: Erasure, subject: Subject, asker: User, recording: Recording) -> bool:
    """Delete one recording, or count why it stays. Two workers do not do it twice."""
    state = Erasure.objects.select_for_update().get(pk=erasure.pk)
    if state.reached >= recording.record_number:
        return False
    locked = recording_locked_for(asker, recording.recording_id)
    refusal = refusal_to_erase(asker, locked)
    if refusal is None:
        call = locked.call
        bury(None, locked, cause=CAUSE)
        state.deleted += 1
        if call is not None and not call.recordings.exists():
            state.redacted += _redact(call, subject)
    else:
        state.refused = {**state.refused, refusal: state.refused.get(refusal, 0) + 1}
    state.reached = recording.record_number
    state.save()
    return refusal is None


def _redact_all(erasure: Erasure, subject: Subject, asker: User) -> bool:
    """Take the subject out of what stays as statistics; return whether all is done."""
    are_done = _redact_records(erasure, subject)
    return _redact_calls(erasure, subject, asker) and are_done


@transaction.atomic
def _redact_records(erasure: Erasure, subject: Subject) -> bool:
    """Take the subject out of the phone system's records; their verdicts stay as they are."""
    rows = held.call_records_of(subject).select_for_update(of=("self",)).order_by("pk")
    batch = list(rows[:CALLS_A_STEP])
    for row in batch:
        redact_record(row, subject)
    if batch:
        told = {"kind": "subject", "object_id": subject.reference}
        record_own(Action.CALL_RECORDS_REDACTED, **told, records=len(batch))
        state = Erasure.objects.select_for_update().get(pk=erasure.pk)
        state.redacted += len(batch)
        state.save(update_fields=["redacted"])
    return len(batch) < CALLS_A_STEP


def _redact_calls(erasure: Erasure, subject: Subject, asker: User) -> bool:
    """Take the number out of decisions without recordings; return whether all are done."""
    if subject.person is not None:
        return True  # a person's calls are those of their recordings, and went with them
    calls = held.calls_of(subject, asker).filter(recordings__isnull=True).order_by("pk")
    batch = list(calls[:CALLS_A_STEP])
    done = 0
    for call in batch:
        with transaction.atomic():
            done += _redact(call, subject)
    state = Erasure.objects.get(pk=erasure.pk)
    state.redacted += done
    state.save(update_fields=["redacted"])
    return len(batch) < CALLS_A_STEP


def _redact(call: Call, subject: Subject) -> bool:
    """Replace what names the subject; verdict, moment and rule stay."""
    record_own(Action.CALL_REDACTED, kind="call", object_id=call.event_id)
    for side in ("caller", "callee"):
        digits = getattr(call, f"{side}_digits")
        if subject.is_meant(getattr(call, side)) or digits in subject.forms:
            setattr(call, side, "")
            setattr(call, f"{side}_digits", "")
    call.decision = subject.redacted(call.decision)
    call.problem = str(subject.redacted(call.problem))
    call.save(
        update_fields=["caller", "callee", "caller_digits", "callee_digits", "decision", "problem"]
    )
    return True


@transaction.atomic
def _end(erasure: Erasure, now: datetime, *, problem: str = "") -> None:
    state = Erasure.objects.select_for_update().get(pk=erasure.pk)
    if state.ended_at is not None:
        return
    record_own(
        Action.ERASURE_ENDED, kind="subject", object_id=state.reference,
        erasure=str(state.public_id), deleted=state.deleted, redacted=state.redacted,
        refused=state.refused, problem=problem,
    )  # fmt: skip
    state.number, state.problem, state.ended_at = "", problem, now or timezone.now()
    state.save()
    logger.info("erasure %s: %d recordings deleted", state.public_id, state.deleted)
