"""Service control (PORT-7): start, drain and stop of a node; the latter two are asked twice."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from callvault.portal.people.gates import administrators_only

from .models import NodeReport
from .orders import WAITS_MINUTES, OrderKind, give_order, state_of
from .reports import is_fresh, read_report

OFFERED: dict[str, tuple[OrderKind, ...]] = {
    "recording": ("drain", "stop"),
    "draining": ("start", "stop"),
    "stopped": ("start",),
    "none": (),
}
"""What can be ordered of a recorder in each state."""


def _wait_told(minutes: int) -> str:
    if not minutes:
        return _("Do not wait: end them now")
    if minutes % 60 == 0:
        return ngettext("%(count)d hour", "%(count)d hours", minutes // 60) % {
            "count": minutes // 60
        }
    return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}


def _waits() -> list[tuple[int, str]]:
    return [(minutes, _wait_told(minutes)) for minutes in WAITS_MINUTES]


class StopForm(forms.Form):
    """How long calls in progress may take to end."""

    wait = forms.TypedChoiceField(
        label=gettext_lazy("Let calls in progress end, for at most"),
        help_text=gettext_lazy("Calls that are left then are ended; what they had is kept."),
        coerce=int,
        choices=_waits,
        initial=60,
    )


@require_POST
@administrators_only
def start(request: HttpRequest, node: str) -> HttpResponse:
    """Have a node take calls again."""
    return _ordered(request, _row(node), "start")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def drain(request: HttpRequest, node: str) -> HttpResponse:
    """Ask, then have a node take no new calls."""
    row = _row(node)
    if request.method == "POST":
        return _ordered(request, row, "drain")
    return _asking(request, row, "drain", None)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def stop(request: HttpRequest, node: str) -> HttpResponse:
    """Ask, then have a node end its recorder when its calls have ended."""
    row = _row(node)
    form = StopForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _ordered(request, row, "stop", wait_minutes=form.cleaned_data["wait"])
    return _asking(request, row, "stop", form)


def _row(node: str) -> NodeReport:
    return get_object_or_404(NodeReport, node=node)


def _ordered(
    request: HttpRequest, row: NodeReport, kind: OrderKind, *, wait_minutes: int = 60
) -> HttpResponse:
    """Give the order, or say why there is nobody who would follow it."""
    told = {"node": row.node}
    if not is_fresh(row, now=timezone.now()):
        messages.error(
            request,
            _("%(node)s does not report: nobody there would follow. Nothing was ordered.") % told,
        )
    elif not is_offered(row, kind):
        messages.info(request, _("%(node)s does that already. Nothing was ordered.") % told)
    elif not give_order(request, row.node, kind, wait_minutes=wait_minutes):
        raise Http404
    else:
        messages.success(request, _("%(node)s follows within ten seconds.") % told)
    return redirect(f"{reverse('nodes:index')}#{row.node}")


def is_offered(row: NodeReport, kind: OrderKind) -> bool:
    """Whether that changes anything; while another order waits, any may take its place."""
    return row.ordered_at is not None or kind in OFFERED[state_of(read_report(row).recorder)]


def _asking(
    request: HttpRequest, row: NodeReport, kind: OrderKind, form: StopForm | None
) -> HttpResponse:
    beat = read_report(row).recorder
    others = sum(
        read_report(other).recorder is not None and is_fresh(other, now=timezone.now())
        for other in NodeReport.objects.exclude(pk=row.pk)
    )
    context = {
        "node": row.node,
        "kind": kind,
        "form": form,
        "calls": beat.calls if beat else 0,
        "is_fresh": is_fresh(row, now=timezone.now()),
        "others": others,
    }
    status = 422 if form is not None and form.is_bound else 200
    return render(request, "nodes/order.html", context, status=status)
