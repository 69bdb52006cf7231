"""Data subjects by the API: what is held of a number or a person, handed over, erased.

Numbers are sent in bodies, never in addresses: logs of servers on the way keep addresses.
"""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema, Status
from pydantic import Field

from callvault.portal.configuration.models import SystemSettings
from callvault.portal.paging import Order, page_of
from callvault.portal.subjects import held
from callvault.portal.subjects.erasure import begin, preview, reason_told
from callvault.portal.subjects.models import Erasure
from callvault.portal.subjects.subject import (
    Subject,
    number_subject,
    person_subject,
    person_with,
)
from callvault.portal.subjects.views import export_of, note_look_up

from .callers import using
from .calls import administrator_of
from .errors import PROBLEMS
from .problems import Problem, invalid
from .queries import refuse_unknown
from .scopes import Scope
from .shapes import Moment, Page, Taken, Text

router = Router(tags=["Data subjects"])
Facts = dict[str, Any]
_ZIP = {"application/zip": {"schema": {"type": "string", "contentMediaType": "application/zip"}}}


class SubjectIn(Taken):
    """Who is meant: one of the two."""

    number: Text = Field("", max_length=100, description="In any written form.")
    person_id: UUID | None = None


class EraseIn(SubjectIn):
    """Whose data is to go, and of how many recordings the caller knows."""

    recordings: int = Field(ge=0, le=2**31 - 1, description="As looked up; 409 if it changed.")


class HeldOut(Schema):
    """What is held of a data subject."""

    forms: list[str] = Field(description="Written forms that are looked for.")
    recordings: int
    size_bytes: int
    calls: int
    call_records: int = Field(description="Records of the phone system that were imported.")
    notes: int
    people: int
    audit_entries: int
    copies_taken: int = Field(description="Downloads and exports that left the system.")
    would_stay: dict[str, int] = Field(description="Recordings that an erasure leaves, by reason.")


class ErasureOut(Schema):
    """An erasure, under way or done."""

    id: UUID
    asked_by: str
    asked_at: Moment
    recordings: int = Field(description="When it was asked for.")
    deleted: int
    redacted_calls: int
    stayed: dict[str, int] = Field(description="By reason.")
    reasons: dict[str, str] = Field(description="The same in words.")
    problem: str = Field(description="Why it does not get on.")
    ended_at: Moment | None


class ErasureQuery(Taken):
    """Where to go on."""

    limit: int = Field(50, ge=1, le=100)
    after: UUID | None = Field(None, description="`next` of the page before.")


@router.post(
    "/look-up", response={200: HeldOut, **PROBLEMS}, **using(Scope.SUBJECTS_READ),
    summary="Look up what is held",
)  # fmt: skip
def look_up(request: HttpRequest, subject: SubjectIn) -> Facts:
    """Count what is held of a number or a person; the audit log says that it was looked up."""
    user = administrator_of(request)
    found = _subject(subject)
    note_look_up(request, found)
    counts = held.counts_of(found, user)
    return {
        "forms": found.shown_forms,
        "recordings": counts.recordings,
        "size_bytes": counts.size_bytes,
        "calls": counts.calls,
        "call_records": counts.call_records,
        "notes": counts.notes,
        "people": counts.people,
        "audit_entries": counts.audit,
        "copies_taken": counts.left,
        "would_stay": preview(found, user),
    }


@router.post(
    "/export", response={200: None, **PROBLEMS},
    **using(
        Scope.SUBJECTS_READ,
        responses={200: {"description": "Everything, as a ZIP.", "content": _ZIP}},
    ),
    summary="Export what is held",
)  # fmt: skip
def export(request: HttpRequest, subject: SubjectIn) -> StreamingHttpResponse:
    """Stream all that is held as one ZIP: audio, facts, notes, decisions, audit entries."""
    administrator_of(request)
    zone = ZoneInfo(SystemSettings.load().zone)
    return export_of(request, _subject(subject), zone=zone)


@router.post(
    "/erasures", response={202: ErasureOut, **PROBLEMS}, **using(Scope.SUBJECTS_ERASE),
    summary="Erase what is held",
)  # fmt: skip
def erase(request: HttpRequest, subject: EraseIn) -> Status[Facts]:
    """Have a worker erase what may go. It cannot be undone, hence the number of recordings."""
    user = administrator_of(request)
    found = _subject(subject)
    count = held.recordings_of(found, user).count()
    if count != subject.recordings:
        raise Problem(409, "changed", f"There are {count} recordings now.", recordings=count)
    return Status(202, _told(begin(request, found, expected=count)))


@router.get(
    "/erasures", response={200: Page[ErasureOut], **PROBLEMS}, **using(Scope.SUBJECTS_READ),
    summary="List erasures",
)  # fmt: skip
def list_erasures(request: HttpRequest, query: Query[ErasureQuery]) -> Facts:
    """Return erasures, the latest first."""
    administrator_of(request)
    refuse_unknown(request, ErasureQuery)
    order = Order("asked_at", "id", descending=True)
    page = page_of(
        Erasure.objects.all(), order, id_field="public_id", size=query.limit, after=query.after
    )
    return {"items": [_told(row) for row in page.rows], "next": page.older}


@router.get(
    "/erasures/{uuid:erasure_id}", response={200: ErasureOut, **PROBLEMS},
    **using(Scope.SUBJECTS_READ), summary="Read an erasure",
)  # fmt: skip
def read_erasure(request: HttpRequest, erasure_id: UUID) -> Facts:
    """Return how far an erasure is, and its report afterwards."""
    administrator_of(request)
    return _told(get_object_or_404(Erasure, public_id=erasure_id))


def _subject(asked: SubjectIn) -> Subject:
    if bool(asked.number) == bool(asked.person_id):
        raise invalid([{"in": "body", "pointer": "/", "detail": "Give a number or a person_id."}])
    if asked.number:
        found = number_subject(asked.number)
        if found is None:
            detail = "This is no telephone number. Write it as it is dialled."
            raise invalid([{"in": "body", "pointer": "/number", "detail": detail}])
        return found
    person = person_with(str(asked.person_id))
    if person is None:
        detail = "There is no person of this id."
        raise invalid([{"in": "body", "pointer": "/person_id", "detail": detail}])
    return person_subject(person)


def _told(row: Erasure) -> Facts:
    return {
        "id": row.public_id,
        "asked_by": row.asked_by_name,
        "asked_at": row.asked_at,
        "recordings": row.expected,
        "deleted": row.deleted,
        "redacted_calls": row.redacted,
        "stayed": row.refused,
        "reasons": {code: reason_told(code) for code in row.refused},
        "problem": row.problem,
        "ended_at": row.ended_at,
    }
