"""Calls by the API: each with its one verdict and why, for administrators (FILT-4, OPS-6)."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone, translation
from ninja import Query, Router

from callvault.policy.decision import Verdict
from callvault.portal.audit.searches import record_search
from callvault.portal.configuration.models import SystemSettings
from callvault.portal.decisions import sentences
from callvault.portal.decisions.filters import matching_calls, of_person
from callvault.portal.decisions.models import Call
from callvault.portal.middleware import language_of
from callvault.portal.paging import Order, page_of
from callvault.portal.people.gates import person_of
from callvault.portal.people.models import User
from callvault.portal.recordings.permissions import recordings_visible_to

from .call_shapes import CallDetailOut, CallOut, CallQuery
from .callers import using
from .errors import PROBLEMS
from .queries import refuse_unknown
from .scopes import Scope
from .shapes import Page

router = Router(tags=["Calls"])


@router.get(
    "", response={200: Page[CallOut], **PROBLEMS}, **using(Scope.CALLS_READ),
    summary="List calls",
)  # fmt: skip
def list_calls(request: HttpRequest, query: Query[CallQuery]) -> dict[str, Any]:
    """Return every call that reached Callvault with its verdict, the newest first."""
    user = administrator_of(request)
    refuse_unknown(request, CallQuery)
    asked = query.model_dump(exclude={"q", "sort", "limit", "after"})
    record_search(request, "decisions", asked, text=query.q)
    with timezone.override(ZoneInfo(SystemSettings.load().zone)):
        rows = matching_calls(query.model_dump(exclude={"verdict"}))
    if query.verdict:
        rows = rows.filter(verdict__in=query.verdict)
    if query.since is not None:
        rows = rows.filter(at__gte=query.since)
    if query.until is not None:
        rows = rows.filter(at__lt=query.until)
    if query.username:
        rows = of_person(rows, query.username, recordings_visible_to(user))
    order = Order("at", "id", descending=query.sort == "-at")
    page = page_of(rows, order, id_field="event_id", size=query.limit, after=query.after)
    recordings = _recordings_of(user, page.rows)
    with translation.override(language_of(user)):
        return {"items": [told(row, recordings) for row in page.rows], "next": page.older}


@router.get(
    "/{uuid:call_id}", response={200: CallDetailOut, **PROBLEMS}, **using(Scope.CALLS_READ),
    summary="Read why a call was recorded or not",
)  # fmt: skip
def read_call(request: HttpRequest, call_id: UUID) -> dict[str, Any]:
    """Return one call with each rule that was asked: as code and values, and as a sentence."""
    user = administrator_of(request)
    row = get_object_or_404(Call, event_id=call_id)
    recordings = _recordings_of(user, [row])
    with translation.override(language_of(user)):
        return told(row, recordings) | {
            "steps": _steps_told(row),
            "policy_revision": row.decision.get("snapshot_revision", 0),
        }


def told(row: Call, recordings: Mapping[int, Sequence[UUID]]) -> dict[str, Any]:
    """Return a call as the API tells of it; `recordings` are ids by the call's primary key."""
    return {
        "id": row.event_id,
        "at": row.at,
        "verdict": row.verdict,
        "verdict_title": sentences.verdict_title(Verdict(row.verdict)),
        "reason": sentences.verdict_sentence(row),
        "caller": row.caller,
        "callee": row.callee,
        "trunk": row.trunk_name,
        "node": row.node,
        "peer": row.peer,
        "duration_ms": row.duration_ms,
        "sip_status": row.sip_status,
        "sip_call_id": row.sip_call_id,
        "recording_ids": recordings.get(row.pk, ()),
    }


def administrator_of(request: HttpRequest) -> User:
    """Return who asks. Calls are for administrators, as their page in the portal is."""
    person = person_of(request)
    if not person.is_administrator:
        raise PermissionDenied
    return person


def _recordings_of(user: User, rows: Sequence[Call]) -> dict[int, list[UUID]]:
    found: dict[int, list[UUID]] = {}
    visible = recordings_visible_to(user).filter(call__in=[row.pk for row in rows])
    for call, recording_id in visible.order_by("record_number").values_list(
        "call_id", "recording_id"
    ):
        if call is not None:
            found.setdefault(call, []).append(recording_id)
    return found


def _steps_told(row: Call) -> list[dict[str, Any]]:
    steps = row.decision.get("steps", [])
    views = sentences.steps_of(row)
    return [
        {
            "code": step["code"],
            "outcome": step["outcome"],
            "values": step.get("values") or {},
            "title": view.title,
            "text": view.text,
        }
        for step, view in zip(steps, views, strict=True)
    ]
