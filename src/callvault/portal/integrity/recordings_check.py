"""Comparing recordings with the last line that the log has of each.

A recording that is listed anew or deleted just now waits to enter; what differs then is no finding.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from uuid import UUID

from django.db.models import Exists, Max, OuterRef

from callvault.portal.recordings.models import Recording, Tombstone
from callvault.portal.recordings.permissions import recordings_in_catalogue
from callvault.vault import EntryKind, LogFinding, LogProblem, content_digest

from . import content
from .models import Line, Unentered

AT_ONCE = 500


def problems_of(lines: Iterable[Line]) -> Iterator[LogFinding]:
    """Tell what is wrong with the recordings of these lines, of which each is the last line."""
    rest = iter(lines)
    while some := list(islice(rest, AT_ONCE)):
        yield from _problems_of_some(some)


def problem_of(line: Line, recording: Recording) -> LogFinding | None:
    """Tell what is wrong with a listed recording, whose last line this is."""
    found = _problem(line, recording, None)
    return found if found is not None and _is_settled(line) else None


def _problems_of_some(lines: list[Line]) -> Iterator[LogFinding]:
    latest = _latest({line.recording_id for line in lines})
    lines = [line for line in lines if latest.get(line.recording_id) == line.place]
    ids = [line.recording_id for line in lines]
    rows = recordings_in_catalogue().filter(recording_id__in=ids).only(*content.COLUMNS)
    listed = {row.recording_id: row for row in rows}
    graves = {row.recording_id: row for row in Tombstone.objects.filter(recording_id__in=ids)}
    for line in lines:
        found = _problem(line, listed.get(line.recording_id), graves.get(line.recording_id))
        if found is not None and _is_settled(line):
            yield found


def _problem(line: Line, row: Recording | None, grave: Tombstone | None) -> LogFinding | None:
    if line.kind == EntryKind.SEALED:
        if row is None:
            text = f"recording {line.recording_id} is gone, and was not deleted by Callvault"
            return _finding(LogProblem.MISSING, line, text)
        if content_digest(content.of_recording(row, bytes(line.salt))) != bytes(line.content):
            text = f"the row of recording {row.record_number:06} is not what was sealed"
            return _finding(LogProblem.FACTS, line, text)
        return None
    if row is not None:
        text = f"recording {row.record_number:06} is listed again after its deletion"
        return _finding(LogProblem.RETURNED, line, text)
    if grave is None:
        text = f"the tombstone of recording {line.recording_id} is gone"
        return _finding(LogProblem.MISSING, line, text)
    if content_digest(content.of_deletion(grave)) != bytes(line.content):
        text = f"the tombstone of recording {line.recording_id} was changed"
        return _finding(LogProblem.FACTS, line, text)
    return None


def _finding(problem: LogProblem, line: Line, text: str) -> LogFinding:
    return LogFinding(problem, text, recording=str(line.recording_id))


def _is_settled(line: Line) -> bool:
    """Whether nothing waits and nothing entered meanwhile. Asked in this order, for it enters."""
    if Unentered.objects.filter(recording_id=line.recording_id).exists():
        return False
    return not Line.objects.filter(recording_id=line.recording_id, place__gt=line.place).exists()


def _latest(ids: set[UUID]) -> dict[UUID, int]:
    rows = Line.objects.filter(recording_id__in=ids).values("recording_id")
    return dict(rows.annotate(last=Max("place")).values_list("recording_id", "last"))


def last_line_of(recording_id: UUID) -> Line | None:
    """Return the last line that the log has of a recording."""
    return Line.objects.filter(recording_id=recording_id).order_by("-place").first()


def never_entered(after: int, limit: int) -> tuple[list[LogFinding], int, bool]:
    """Look at listed recordings from a record number on; return which have no line, and how far."""
    rows = recordings_in_catalogue().filter(record_number__gt=after).order_by("record_number")
    numbers = list(rows.values_list("record_number", flat=True)[:limit])
    if not numbers:
        return [], after, True
    has_line = Exists(Line.objects.filter(recording_id=OuterRef("recording_id")))
    waits = Exists(Unentered.objects.filter(recording_id=OuterRef("recording_id")))
    loose = rows.filter(~waits, ~has_line, record_number__lte=numbers[-1])
    found = [
        LogFinding(
            LogProblem.UNENTERED,
            f"recording {number:06} is listed and never entered the log",
            recording=str(recording_id),
        )
        for number, recording_id in loose.values_list("record_number", "recording_id")
        if not Line.objects.filter(recording_id=recording_id).exists()  # entered meanwhile
    ]
    return found, numbers[-1], len(numbers) < limit


def lost_before_entering() -> Iterator[LogFinding]:
    """Tell of recordings that went before they entered, without a tombstone."""
    for one in Unentered.objects.filter(is_lost=True).order_by("pk")[:AT_ONCE]:
        text = f"recording {one.recording_id} went before it entered the log"
        yield LogFinding(LogProblem.MISSING, text, recording=str(one.recording_id))
