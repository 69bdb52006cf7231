"""Calls in progress by the API: who is recorded, and what is asked of it (MODE-2 to 4, OPS-4)."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router, Status

from callvault.clock import utc_from_ns
from callvault.portal.live.calls import (
    Look,
    SeenCall,
    SeenEnded,
    control,
    look,
)
from callvault.portal.live.recorder import Deed, Outcome, Unreachable
from callvault.portal.people.gates import person_of

from .callers import using
from .errors import PROBLEMS
from .live_shapes import ControlIn, EndedCallOut, LiveCallOut
from .problems import Problem
from .scopes import Scope

SILENT = "Callvault-Silent-Nodes"
router = Router(tags=["Live calls"])


@router.get(
    "", response={200: list[LiveCallOut], **PROBLEMS}, **using(Scope.LIVE_READ),
    summary="List live calls",
)  # fmt: skip
def list_live_calls(request: HttpRequest, response: HttpResponse) -> list[dict[str, Any]]:
    """Return the calls in progress that the caller may see, those that began first in front.

    Of all nodes; the header `Callvault-Silent-Nodes` names those that do not answer just now,
    whose calls are not among them. 503 where none answers.
    """
    return [_told(one) for one in _look(request, response).calls]


@router.post(
    "/{uuid:call_id}/pause", response={204: None, **PROBLEMS}, **using(Scope.LIVE_CONTROL),
    summary="Pause a recording",
)  # fmt: skip
def pause(request: HttpRequest, call_id: UUID, asked: ControlIn) -> Status[None]:
    """Keep nothing of the call from now on; answered when that is on disk.

    A call that is paused already stays so. `reason` goes on the timeline of the recording.
    """
    return _done(request, Deed.PAUSE, call_id, asked.reason)


@router.post(
    "/{uuid:call_id}/resume", response={204: None, **PROBLEMS}, **using(Scope.LIVE_CONTROL),
    summary="Resume a recording",
)  # fmt: skip
def resume(request: HttpRequest, call_id: UUID, asked: ControlIn) -> Status[None]:
    """End a pause that somebody asked for; one that the phone system signalled goes on."""
    return _done(request, Deed.RESUME, call_id, asked.reason)


@router.post(
    "/{uuid:call_id}/start", response={204: None, **PROBLEMS}, **using(Scope.LIVE_CONTROL),
    summary="Start a recording on demand",
)  # fmt: skip
def start(request: HttpRequest, call_id: UUID, asked: ControlIn) -> Status[None]:
    """Record from now on; answered when that is on disk.

    Of those users of the call whom the caller may see and who are recorded on demand; 409 `mode`
    where there is none. Each piece from a start to a stop is a recording of its own.
    """
    return _done(request, Deed.START, call_id, asked.reason)


@router.post(
    "/{uuid:call_id}/stop", response={204: None, **PROBLEMS}, **using(Scope.LIVE_CONTROL),
    summary="Stop a recording on demand",
)  # fmt: skip
def stop(request: HttpRequest, call_id: UUID, asked: ControlIn) -> Status[None]:
    """Record nothing more; answered when that is on disk. It may be started again."""
    return _done(request, Deed.STOP, call_id, asked.reason)


@router.get(
    "/ended", response={200: list[EndedCallOut], **PROBLEMS}, **using(Scope.LIVE_READ),
    summary="List calls that may still be marked",
)  # fmt: skip
def list_ended_calls(request: HttpRequest, response: HttpResponse) -> list[dict[str, Any]]:
    """Return the calls in live-keep mode that are over and may still be marked, the last first.

    Of all nodes, as the calls in progress.
    """
    return [_ended_told(one) for one in _look(request, response).ended]


@router.post(
    "/{uuid:call_id}/keep", response={204: None, **PROBLEMS}, **using(Scope.LIVE_CONTROL),
    summary="Keep a call",
)  # fmt: skip
def keep(request: HttpRequest, call_id: UUID, asked: ControlIn) -> Status[None]:
    """Mark a call in live-keep mode, in progress or just ended: all of it is recorded.

    Of those users of the call whom the caller may see and who are recorded so; 409 `mode` where
    there is none. After the call a mark that keeps it is for good.
    """
    return _done(request, Deed.KEEP, call_id, asked.reason)


@router.post(
    "/{uuid:call_id}/drop", response={204: None, **PROBLEMS}, **using(Scope.LIVE_CONTROL),
    summary="Drop a call",
)  # fmt: skip
def drop(request: HttpRequest, call_id: UUID, asked: ControlIn) -> Status[None]:
    """Have a call in live-keep mode destroyed when marks are no longer taken."""
    return _done(request, Deed.DROP, call_id, asked.reason)


def _done(request: HttpRequest, deed: Deed, call_id: UUID, reason: str) -> Status[None]:
    try:
        outcome = control(request, deed, call_id, reason=reason)
    except Unreachable as away:
        raise _unreachable(away) from away
    if outcome is Outcome.OVER:
        raise Http404
    if outcome is Outcome.NOT_ON_DISK:
        raise Problem(503, "not_on_disk", _NOT_ON_DISK[deed])
    if outcome is Outcome.MODE:
        raise Problem(409, "mode", "The call is not recorded in a mode where that can be asked.")
    return Status(204, None)


_NOT_ON_DISK = {
    Deed.PAUSE: "Nothing is kept of the call now, but that is not on disk.",
    Deed.RESUME: "It stays paused.",
    Deed.START: "It is recorded now, but that is not on disk.",
    Deed.STOP: "It is not recorded any more, but that is not on disk.",
    Deed.KEEP: "The mark is not on disk.",
    Deed.DROP: "The mark is not on disk.",
}


def _look(request: HttpRequest, response: HttpResponse) -> Look:
    try:
        found = look(person_of(request))
    except Unreachable as away:
        raise _unreachable(away) from away
    if found.silent:
        response.headers[SILENT] = ", ".join(one.node for one in found.silent)
    return found


def _unreachable(away: Unreachable) -> Problem:
    detail = "The recorder does not answer." if away.is_running else "No recorder runs here."
    return Problem(503, "recorder_unreachable", detail, headers={"Retry-After": "5"})


def _told(seen: SeenCall) -> dict[str, Any]:
    call, owner = seen.call, seen.owner
    remote = owner.remote if owner else call.called
    return {
        "id": call.call_id,
        "node": seen.node,
        "trunk": call.trunk,
        "answered_at": utc_from_ns(call.answered_at_ns),
        "owner_id": owner.user_id if owner else None,
        "owner_name": owner.name if owner else "",
        "owner_extension": owner.extension if owner else "",
        "owner_group": owner.group if owner else "",
        "direction": owner.direction if owner else None,
        "remote_number": remote.number,
        "remote_name": remote.name,
        "mode": owner.mode if owner else "",
        "mark": owner.mark if owner else "",
        "state": _state(seen),
        "paused_by": call.paused_by if call.is_paused else "",
        "paused_at": utc_from_ns(call.paused_at_ns) if call.is_paused else None,
        "level_dbfs": owner.level_dbfs if owner else None,
        "remote_level_dbfs": owner.remote_level_dbfs if owner else None,
    }


def _ended_told(seen: SeenEnded) -> dict[str, Any]:
    call, owner = seen.call, seen.owner
    return {
        "id": call.call_id,
        "node": seen.node,
        "trunk": call.trunk,
        "answered_at": utc_from_ns(call.answered_at_ns),
        "ended_at": utc_from_ns(call.ended_at_ns),
        "marks_until": utc_from_ns(call.until_ns),
        "owner_id": owner.user_id,
        "owner_name": owner.name,
        "owner_extension": owner.extension,
        "owner_group": owner.group,
        "direction": owner.direction,
        "remote_number": owner.remote.number,
        "remote_name": owner.remote.name,
        "mark": owner.mark,
        "kept_unmarked": call.keeps_unmarked,
    }


def _state(seen: SeenCall) -> str:
    call = seen.call
    if seen.is_unstarted:
        return "not_started"
    if not call.may_keep:
        return "not_kept"
    if call.is_paused or call.is_paused_by_src:
        return "paused"
    return "held" if call.is_held else "recording"
