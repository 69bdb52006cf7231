"""The dashboard (PORT-9): administrators see calls and service, supervisors their recordings."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from callvault.policy.decision import Verdict
from callvault.portal import wording
from callvault.portal.completeness.listing import capture
from callvault.portal.decisions.models import CallTally
from callvault.portal.decisions.sentences import verdict_title
from callvault.portal.first_run import steps as first_run
from callvault.portal.nodes.filling import vault_forecast
from callvault.portal.people.gates import person_of
from callvault.portal.people.models import User
from callvault.portal.recordings.checks import first_recording_checks
from callvault.portal.recordings.permissions import recordings_visible_to
from callvault.portal.recordings.phrases import flag_titles

from .attention import NodeState, matters, node_states
from .bars import BarChart, draw
from .figures import CallFigures, Places, call_figures, recording_figures
from .span import RANGES, Span


@dataclass(frozen=True, slots=True)
class CountedLink:
    """A figure, and the list behind it."""

    name: str
    title: str
    count: int
    url: str
    percent: float = 0.0


@require_safe
@never_cache
def index(request: HttpRequest) -> HttpResponse:
    """Show the figures of some days."""
    person = person_of(request)
    if not person.is_supervisor:
        raise PermissionDenied
    name = request.GET.get("range", "today")
    name = name if name in RANGES else "today"
    now = timezone.now()
    span = Span.of(name, today=timezone.localdate(now), zone=timezone.get_current_timezone())
    context = {
        "range": name,
        "ranges": _ranges(),
        "span": span,
        "now": now,
        "here": f"{reverse('dashboard:index')}?{urlencode({'range': name})}",
        **_of_recordings(person, span),
        **(_of_service(span) if person.is_administrator else {}),
    }
    if not _has_anything(person):
        context |= {
            "is_new": True,
            "checks": first_recording_checks(settings.DATA_FOLDER),
            "guide_is_open": person.is_administrator and first_run.is_open(person),
        }
    return render(request, "dashboard/index.html", context)


def _ranges() -> list[tuple[str, str]]:
    return [
        ("today", _("Today")),
        ("yesterday", _("Yesterday")),
        ("week", _("Last 7 days")),
        ("month", _("Last 30 days")),
    ]


def _has_anything(person: User) -> bool:
    if person.is_administrator and CallTally.objects.filter(count__gt=0).exists():
        return True
    return recordings_visible_to(person).exists()


def _of_recordings(person: User, span: Span) -> dict[str, Any]:
    """Return what is told of recordings, by the one gate."""
    figures, titles = recording_figures(person, span), flag_titles()
    recordings, flagged = figures.total, figures.flagged
    context: dict[str, Any] = {
        "recordings": recordings,
        "recordings_url": _list("recordings:all", span.query()),
        "flagged": flagged,
        "flagged_url": _list("recordings:all", span.query() | {"remark": "any"}),
        "good_percent": _share(recordings - flagged, recordings),
        "flags": [
            CountedLink(
                flag,
                titles.get(flag, flag),
                count,
                _list("recordings:all", span.query() | {"remark": flag}),
            )
            for flag, count in figures.by_flag
            if flag in titles
        ],
    }
    if not person.is_administrator:
        context["chart"] = _chart(span, figures.places, {}, "recordings:all")
    return context


def _of_service(span: Span) -> dict[str, Any]:
    """Return what is told of all calls and of the nodes, to administrators."""
    now = timezone.now()
    calls, nodes = call_figures(span), node_states(now)
    beats = [node.report.recorder for node in nodes if node.is_fresh and node.report.recorder]
    fresh = [node.report for node in nodes if node.is_fresh]
    failed_query = {"verdict": Verdict.FAILED.value, **span.query()}
    return {
        "is_service": True,
        "calls": calls,
        "calls_url": _list("decisions:list", span.query()),
        "stored_url": _list("decisions:list", {"verdict": Verdict.RECORDED.value, **span.query()}),
        "failed": calls.verdicts[Verdict.FAILED],
        "failed_url": _list("decisions:list", failed_query),
        "verdicts": _verdicts(calls, span),
        "chart": _chart(span, calls.calls, calls.failed, "decisions:list"),
        "nodes": nodes,
        "nodes_well": sum(map(_is_well, nodes)),
        "recording_now": sum(beat.calls for beat in beats),
        "room": sum(beat.max_calls for beat in beats),
        "waiting": sum(report.waiting_journals for report in fresh),
        "waiting_bytes": sum(report.waiting_bytes for report in fresh),
        "oldest_ms": int(max((one.oldest_age_s for one in fresh), default=0.0) * 1000),
        "forecast": vault_forecast(now),
        "used_percent": max((node.vault_used_percent or 0 for node in nodes), default=0),
        "matters": matters(calls, span, nodes),
        **_of_records(span),
    }


def _of_records(span: Span) -> dict[str, Any]:
    """Return what the phone system's own records say."""
    query = span.query()
    return {
        "completeness": capture(span.begin, span.end),
        "completeness_url": _list("completeness:list", query),
        "completeness_recorded_url": _list("completeness:list", {"verdict": "recorded", **query}),
        "completeness_missing_url": _list("completeness:list", {"verdict": "missing", **query}),
    }


def _is_well(node: NodeState) -> bool:
    return node.is_well


def _verdicts(calls: CallFigures, span: Span) -> list[CountedLink]:
    return [
        CountedLink(
            verdict.value,
            verdict_title(verdict),
            count,
            _list("decisions:list", {"verdict": verdict.value, **span.query()}),
            _share(count, calls.total) or 0.0,
        )
        for verdict, count in calls.verdicts.items()
        if count or verdict in (Verdict.RECORDED, Verdict.FAILED)
    ]


def _chart(span: Span, places: Places, marked: Places, target: str) -> BarChart:
    return draw(
        [
            (
                _place_told(day, hour),
                count,
                marked.get((day, hour), 0),
                _list(target, span.query(hour, day)),
            )
            for (day, hour), count in places.items()
        ]
    )


def _place_told(day: date, hour: int | None) -> str:
    if hour is not None:
        return f"{hour:02}:00"
    text = wording.written_date(day, "day", language=wording.language_named(get_language()))
    return text.rpartition(" ")[0] or text  # without the year


def _list(target: str, query: dict[str, str]) -> str:
    return f"{reverse(target)}?{urlencode(query)}"


def _share(part: int, whole: int) -> float | None:
    """Return a share in percent, cut rather than rounded: 100 is said of all alone."""
    return int(part * 10_000 / whole) / 100 if whole else None
