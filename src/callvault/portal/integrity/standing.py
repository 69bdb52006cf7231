"""How a recording stands: unchanged since when, signed and time-stamped when, or changed, and how.

What costs little is compared each time the page is shown: the row with its line, the signature of
its day. Lines of a whole day, and the objects in the store, are compared by the worker, and at once
where somebody asks (`check_now`).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from callvault.portal.certificates.changing import key_folder
from callvault.portal.recordings.models import Recording
from callvault.portal.storage.places import store_at
from callvault.vault import (
    LogFinding,
    LogProblem,
    audit_keys,
    problem_of_signature,
)

from . import content, findings, recordings_check
from .checking import head_of, lines_of, stamp_problems, walk_before
from .entering import log_state
from .models import Head, IntegrityFinding, Line, Unentered
from .objects_check import check_objects

State = Literal["waiting", "entered", "signed", "changed"]


@dataclass(frozen=True, slots=True)
class Standing:
    """What is said of one recording."""

    state: State
    since: datetime | None = None  # it entered the log
    again_at: datetime | None = None  # it entered once more, since Callvault made it anew
    signed_at: datetime | None = None
    stamped_at: datetime | None = None
    stamped_by: str = ""
    problems: tuple[str, ...] = ()  # sentences; codes in `codes`
    codes: tuple[str, ...] = ()  # of LogProblem


def standing_of(recording: Recording) -> Standing:
    """Return how a recording stands."""
    lines = list(Line.objects.filter(recording_id=recording.recording_id).order_by("place"))
    head = head_of(lines[-1] if lines else None)
    codes = _kept_codes(recording, head)
    if not lines:
        waits = Unentered.objects.filter(recording_id=recording.recording_id).exists()
        codes |= set() if waits else {LogProblem.UNENTERED.value}
        state: State = "changed" if codes else "waiting"
        return Standing(state, problems=_told(codes), codes=_in_order(codes))
    line = lines[-1]
    problem = recordings_check.problem_of(line, recording)
    codes |= {problem.problem.value} if problem is not None else set()
    if head is not None:
        codes |= _head_codes(head)
    stamped = _stamped(head)
    return Standing(
        state="changed" if codes else "signed" if head is not None else "entered",
        since=_moment(lines[0].at),
        again_at=_moment(line.at) if len(lines) > 1 else None,
        signed_at=_moment(head.at) if head is not None else None,
        stamped_at=stamped.stamped_at if stamped is not None else None,
        stamped_by=stamped.stamped_by if stamped is not None else "",
        problems=_told(codes),
        codes=_in_order(codes),
    )


def check_now(recording: Recording) -> Standing:
    """Compare all there is: objects, row, lines of its day, signature, time stamp.

    Raises VaultError while the store cannot be read.
    """
    now = timezone.now()
    check_objects(recording, store_at(recording.location_id))
    head = head_of(recordings_check.last_line_of(recording.recording_id))
    if head is not None:
        findings.keep(_problems_of_day(head), now=now)
    return standing_of(recording)


def _problems_of_day(head: Head) -> list[LogFinding]:
    keys, log = audit_keys(key_folder()), str(log_state().log)
    walk = walk_before(head.number, log=log, keys=keys)
    found = list(walk.take(head.signed, [line.entry for line in lines_of(head)]))
    if head.key not in keys:  # of another node: its workers check the signature
        found = [one for one in found if one.problem is not LogProblem.SIGNATURE]
    return [*found, *stamp_problems(head)]


def _kept_codes(recording: Recording, head: Head | None) -> set[str]:
    """Return what was found of a recording by reading the store, and of its day."""
    of_day = Q(head=head.number) if head is not None else Q(pk=None)
    of_files = Q(recording_id=recording.recording_id, problem__in=findings.OF_OBJECTS)
    return set(IntegrityFinding.objects.filter(of_day | of_files).values_list("problem", flat=True))


def _head_codes(head: Head) -> set[str]:
    keys = audit_keys(key_folder())
    if head.key in keys and problem_of_signature(head.signed, keys):
        return {LogProblem.SIGNATURE.value}
    return set()


def _stamped(head: Head | None) -> Head | None:
    """Return the first day from this one on that has a time stamp: it is good for all before."""
    if head is None or head.stamp is not None:
        return head
    rows = Head.objects.filter(number__gte=head.number, stamp__isnull=False)
    return rows.order_by("number").first()


def _moment(text: str) -> datetime:
    return datetime.strptime(text, content.AT_FORMAT).replace(tzinfo=UTC)


def _in_order(codes: set[str]) -> tuple[str, ...]:
    return tuple(one.value for one in LogProblem if one.value in codes)


def _told(codes: set[str]) -> tuple[str, ...]:
    sentences = problem_sentences()
    return tuple(sentences[one] for one in _in_order(codes))


def problem_sentences() -> dict[str, str]:
    """Return what each problem means, in the reader's language."""
    return {
        LogProblem.FACTS.value: _(
            "What the catalogue says of it is not what was said when it was sealed."
        ),
        LogProblem.OBJECT.value: _("A file of it in the store is not the one that was sealed."),
        LogProblem.GONE.value: _("A file of it is not in the store."),
        LogProblem.MISSING.value: _("It went without being deleted by Callvault."),
        LogProblem.UNENTERED.value: _("It was never entered by a worker of Callvault."),
        LogProblem.RETURNED.value: _("It was deleted, and is listed again."),
        LogProblem.LINES.value: _("The lines of its day are not those that were signed."),
        LogProblem.HEADS.value: _("A signed day is missing, or does not follow the one before."),
        LogProblem.SIGNATURE.value: _("The signature of its day is not right."),
        LogProblem.STAMP.value: _("The time stamp of its day does not hold."),
        LogProblem.CUT_OFF.value: _("The end of the log is missing, or an older copy is here."),
    }
