"""Call decisions: what became of each call, why, and who knocked without being known."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from callvault.policy.decision import Verdict
from callvault.policy.numbering_plan import NumberingPlan as Plan
from callvault.policy.numbers import SHORTEST_FULL_NUMBER
from callvault.portal.audit.searches import record_search
from callvault.portal.configuration.pilot_claims import PilotGuard
from callvault.portal.paging import Order, page_of
from callvault.portal.people.gates import administrators_only, person_of
from callvault.portal.recordings.models import Recording
from callvault.portal.recordings.permissions import recordings_visible_to
from callvault.portal.recordings.phrases import number_shown
from callvault.portal.recordings.turning import turned

from . import sentences
from .filters import CallFilterForm, matching_calls
from .models import Attempt, Call, NodeEvent
from .node_events import node_event_view
from .open_attempts import open_attempts
from .peers import AllowPeerForm, allow, dismiss

NEWEST_FIRST = Order("at", "id", descending=True)
NODE_EVENTS_SHOWN = 20
ATTEMPTS_SHOWN = 5  # a host on the open net is scanned all day


@dataclass(frozen=True, slots=True)
class CallRow:
    """One call of the list."""

    call: Call
    url: str
    parties: str
    verdict_title: str
    verdict_text: str
    create_urls: list[tuple[str, str]]  # "create a user for this number"; empty: not offered


@require_safe
@never_cache
@administrators_only
def calls(request: HttpRequest) -> HttpResponse:
    """List calls with their verdicts, above them the sources that wait to be allowed."""
    form = CallFilterForm(request.GET)
    form.is_valid()
    asked = {name: value for name, value in form.cleaned_data.items() if name != "q"}
    record_search(request, "decisions", asked, text=form.cleaned_data.get("q", ""))
    found = matching_calls(form.cleaned_data)
    turn = turned(request, found, NEWEST_FIRST, id_field="event_id")
    guard = _guard_for(turn.page.rows)
    context = {
        "form": form,
        "rows": [_row(call, guard) for call in turn.page.rows],
        "searched": any(form.cleaned_data.values()),
        "count": turn.count,
        **turn.foot,
        "attempts": open_attempts()[:ATTEMPTS_SHOWN],
        "attempts_hidden": max(open_attempts().count() - ATTEMPTS_SHOWN, 0),
        "node_events": [
            node_event_view(row) for row in NodeEvent.objects.all()[:NODE_EVENTS_SHOWN]
        ],
    }
    return render(request, "decisions/list.html", context)


def _row(call: Call, guard: PilotGuard) -> CallRow:
    return CallRow(
        call=call,
        url=reverse("decisions:call", args=[call.event_id]),
        parties=sentences.call_line(call),
        verdict_title=sentences.verdict_title(Verdict(call.verdict)),
        verdict_text=sentences.verdict_sentence(call),
        create_urls=_create_urls(call, guard)[:1],
    )


def _guard_for(rows: Iterable[Call]) -> PilotGuard:
    """Return the pilots in force, where there is a call that offers to create a user."""
    is_asked = any(map(sentences.unowned_numbers, rows))
    return PilotGuard.in_force() if is_asked else PilotGuard([], Plan())


def _create_urls(call: Call, guard: PilotGuard) -> list[tuple[str, str]]:
    """Return each number of a call without owner, and the form that creates a user for it.

    But those that call the recorder itself, which nobody can have.
    """
    numbers = [one for one in sentences.unowned_numbers(call) if not guard.refusal(one)]
    return [
        (number_shown(number), f"{reverse('people:create')}?{urlencode({_field(number): number})}")
        for number in numbers[:2]
    ]


def _field(number: str) -> str:
    """Return what a number is of a person: short ones are extensions, full ones aliases."""
    return "alias" if len(number) >= SHORTEST_FULL_NUMBER else "extension"


@require_safe
@never_cache
@administrators_only
def call(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """Answer why a call was recorded or not: the rule chain, step by step."""
    row = get_object_or_404(Call, event_id=event_id)
    verdict = Verdict(row.verdict)
    context = {
        "call": row,
        "heading": _heading(verdict),
        "parties": sentences.call_line(row),
        "verdict": verdict.value,
        "verdict_title": sentences.verdict_title(verdict),
        "verdict_text": sentences.verdict_sentence(row),
        "steps": sentences.steps_of(row),
        "failed": verdict is Verdict.FAILED,
        "create_urls": _create_urls(row, _guard_for([row])),
        "recordings": _recordings(request, row),
        "earlier_url": _neighbour(row, earlier=True),
        "later_url": _neighbour(row, earlier=False),
    }
    return render(request, "decisions/call.html", context)


def _heading(verdict: Verdict) -> str:
    if verdict is Verdict.RECORDED:
        return _("Why was this call recorded?")
    return _("Why was this call not recorded?")


def _recordings(request: HttpRequest, row: Call) -> list[Recording]:
    visible = recordings_visible_to(person_of(request))
    return list(visible.filter(call=row).order_by("record_number"))


def _neighbour(row: Call, *, earlier: bool) -> str:
    order = NEWEST_FIRST if earlier else Order("at", "id", descending=False)
    page = page_of(
        Call.objects.all(), order, id_field="event_id", size=1, after=UUID(str(row.event_id))
    )
    return reverse("decisions:call", args=[page.rows[0].event_id]) if page.rows else ""


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def allow_peer(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask which trunk a source joins, naming both, then let it call."""
    attempt = get_object_or_404(Attempt, public_id=public_id)
    form = AllowPeerForm(request.POST or None, attempt=attempt)
    if request.method == "POST" and form.is_valid():
        trunk = allow(request, attempt, form)
        told = {"peer": attempt.peer_address, "trunk": trunk.name}
        messages.success(request, _("%(peer)s may call by trunk %(trunk)s.") % told)
        return redirect(_back(request))
    context = {
        "form": form,
        "attempt": attempt,
        "back": _back(request),
        "is_set_up": "setup" in request.GET,
    }
    return render(request, "decisions/allow.html", context, status=422 if form.is_bound else 200)


@require_POST
@administrators_only
def dismiss_peer(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show a source no more."""
    attempt = get_object_or_404(Attempt, public_id=public_id)
    dismiss(request, attempt)
    told = {"peer": attempt.peer_address}
    messages.success(request, _("%(peer)s is shown no more. It gets no answer.") % told)
    return redirect(_back(request))


def _back(request: HttpRequest) -> str:
    """Return where a source was shown: in the guide of the first run, or above the calls."""
    if "setup" in request.GET:
        return reverse("first_run:step", args=["connect"])
    return reverse("decisions:list")
