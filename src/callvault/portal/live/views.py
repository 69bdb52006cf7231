"""Live calls: who is being recorded now, how loud, and what is asked of each."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from callvault.clock import ns_from_utc, utc_from_ns
from callvault.monitoring.live_calls import EndedCall, LiveCall, LiveParty
from callvault.policy.modes import RecordingMode
from callvault.portal.configuration.models import RecordingModes
from callvault.portal.people.gates import person_of
from callvault.portal.recordings import phrases
from callvault.portal.recordings.page import Party

from .calls import SeenCall, SeenEnded, control, look
from .listening import listened_owner
from .recorder import Deed, Outcome, Unreachable

MOST_SHOWN = 200
QUIETEST_DBFS = -60
"""Where a level meter begins."""


@dataclass(frozen=True, slots=True)
class Row:
    """One call of the page."""

    call: LiveCall
    name: str  # whose call it is; empty: nobody's
    detail: str  # extension and group
    remote: Party
    direction: str
    since: datetime
    length_ms: int
    level: int | None  # 0 to 60
    remote_level: int | None
    level_unknown: str  # codecs whose level cannot be told; "…": too many calls to measure
    paused_at: datetime | None
    state: str  # as `_state` says
    can_start: bool
    can_stop: bool
    can_pause: bool
    can_keep: bool
    can_drop: bool
    can_listen: bool
    mark: str | None  # of a call in live-keep mode: kept, dropped, or empty
    node: str  # where it is; empty: there is but one


@dataclass(frozen=True, slots=True)
class EndedRow:
    """One call of the page that is over, and may still be marked."""

    call: EndedCall
    name: str
    detail: str
    remote: Party
    direction: str
    ended: datetime
    length_ms: int
    until: datetime
    can_keep: bool
    can_drop: bool
    mark: str
    node: str


@require_safe
@never_cache
def index(request: HttpRequest) -> HttpResponse:
    """Show the calls in progress that the person may see."""
    return render(request, "live/index.html", _context(request))


@require_safe
@never_cache
def table(request: HttpRequest) -> HttpResponse:
    """Show them anew, every two seconds. Is no use of the session (access.sessions)."""
    return render(request, "live/_table.html", _context(request))


@require_POST
def act(request: HttpRequest, call_id: UUID, deed: str) -> HttpResponse:
    """Do something with a call, and show what is now."""
    trouble = trouble_of(request, Deed(deed), call_id)
    if request.headers.get("HX-Request"):
        return render(request, "live/_table.html", _context(request) | {"trouble": trouble})
    if trouble:
        return render(request, "live/index.html", _context(request) | {"trouble": trouble})
    return redirect("live:index")


def trouble_of(
    request: HttpRequest, deed: Deed, call_id: UUID, *, is_own_only: bool = False, reason: str = ""
) -> str:
    """Do it; say what went wrong."""
    try:
        outcome = control(request, deed, call_id, reason=reason, is_own_only=is_own_only)
    except Http404:
        outcome = Outcome.OVER
    except Unreachable:
        return _("The recorder does not answer; nothing was changed, as far as can be told.")
    if outcome is Outcome.OVER:
        return _("This call is over.")
    if outcome is Outcome.DONE:
        return ""
    if outcome is Outcome.MODE:
        return _("This call is not recorded in a mode in which that can be asked for.")
    if deed is Deed.PAUSE:
        return _("Nothing is kept of the call now, but the disk did not take the pause.")
    if deed is Deed.RESUME:
        return _("The disk did not take it: the recording stays paused.")
    return _("It is done, but the disk did not take it: a restarted recorder may not know.")


def _context(request: HttpRequest) -> dict[str, object]:
    now = timezone.now()
    user = person_of(request)
    try:
        found = look(user)
    except Unreachable as away:
        is_told = len(away.silent) > 1 or any(one.problem for one in away.silent)
        silent = away.silent if is_told else ()  # else the page says it all
        return {"is_away": True, "is_running": away.is_running, "silent": silent, "rows": []}
    by_default = RecordingModes.load().keeps_unmarked
    rows = [
        row_of(
            one,
            now,
            is_kept_unmarked=by_default,
            can_listen=listened_owner(user, one)[0],
            is_node_told=found.has_others,
        )
        for one in found.calls[:MOST_SHOWN]
    ]
    return {
        "rows": rows,
        "left_off": len(found.calls) - len(rows),
        "count": len(found.calls),
        "ended": [
            ended_row_of(one, is_node_told=found.has_others) for one in found.ended[:MOST_SHOWN]
        ],
        "silent": found.silent,
        "keeps_unmarked": by_default,
        "act": "live:act",
        "pause_for": "live:pause_for",
    }


def row_of(
    seen: SeenCall,
    now: datetime,
    *,
    is_kept_unmarked: bool,
    can_listen: bool = False,
    is_node_told: bool = False,
) -> Row:
    """Return what the page shows of a call."""
    call, owner, state = seen.call, seen.owner, _state(seen)
    is_started = any(one.is_started for one in seen.owners)
    marks = [one.mark for one in seen.in_mode(RecordingMode.LIVE_KEEP)]
    length_ns = max(ns_from_utc(now) - call.answered_at_ns, 0)
    remote = owner.remote if owner else call.called
    return Row(
        call=call,
        name=owner.name if owner else _caller(call.caller),
        detail=" · ".join(filter(None, (owner.extension, owner.group))) if owner else "",
        remote=phrases.remote_party(remote.number, remote.name),
        direction=owner.direction if owner else "",
        since=utc_from_ns(call.answered_at_ns),
        length_ms=length_ns // 1_000_000,
        level=_meter(owner.level_dbfs) if owner else None,
        remote_level=_meter(owner.remote_level_dbfs) if owner else None,
        level_unknown=owner.level_unknown if owner else "",
        paused_at=utc_from_ns(call.paused_at_ns) if call.is_paused else None,
        state=state,
        can_start=state == "not_started",
        can_stop=is_started,
        can_pause=call.may_keep and not seen.is_unstarted,
        can_keep=any(mark == "dropped" or not (mark or is_kept_unmarked) for mark in marks),
        can_drop=any(mark == "kept" or (is_kept_unmarked and not mark) for mark in marks),
        can_listen=can_listen,
        mark=marks[0] if marks else None,
        node=seen.node if is_node_told else "",
    )


def ended_row_of(seen: SeenEnded, *, is_node_told: bool = False) -> EndedRow:
    """Return what the page shows of a call that is over."""
    call, owner = seen.call, seen.owner
    marks = [one.mark for one in seen.owners]
    by_default = call.keeps_unmarked
    return EndedRow(
        call=call,
        name=owner.name,
        detail=" · ".join(filter(None, (owner.extension, owner.group))),
        remote=phrases.remote_party(owner.remote.number, owner.remote.name),
        direction=owner.direction,
        ended=utc_from_ns(call.ended_at_ns),
        length_ms=(call.ended_at_ns - call.answered_at_ns) // 1_000_000,
        until=utc_from_ns(call.until_ns),
        can_keep=any(mark == "dropped" or not (mark or by_default) for mark in marks),
        can_drop=by_default and any(not mark for mark in marks),
        mark=owner.mark,
        node=seen.node if is_node_told else "",
    )


def _state(seen: SeenCall) -> str:
    """Return what is done with a call now, for those who are seen of it."""
    call = seen.call
    if seen.is_unstarted:
        return "no_media" if call.has_no_media else "not_started"
    if not call.may_keep:
        return "not_kept"
    if call.is_paused:
        return "paused"
    if call.is_paused_by_src:
        return "paused_by_src"
    return "held" if call.is_held else "recording"


def _caller(party: LiveParty) -> str:
    return party.name or phrases.number_shown(party.number)


def _meter(level_dbfs: float | None) -> int | None:
    if level_dbfs is None:
        return None
    return round(min(max(level_dbfs - QUIETEST_DBFS, 0), -QUIETEST_DBFS))
