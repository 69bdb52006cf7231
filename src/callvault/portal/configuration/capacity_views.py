"""The page *Capacity*: what is limited, what is in use, and who owns what is nobody's (CAP-8)."""

from dataclasses import dataclass

from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from callvault.portal.nodes.models import NodeReport
from callvault.portal.nodes.reports import is_fresh, read_report
from callvault.portal.people.gates import administrators_only
from callvault.portal.people.models import User

from .capacity_form import CapacityForm
from .capacity_models import Limited, SystemCapacity
from .capacity_saving import save_capacity
from .filter_saving import StaleSetting


@dataclass(frozen=True, slots=True)
class NodeUse:
    """What one node records."""

    node: str
    recordings: int
    peak: int  # since its recorder started


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def capacity(request: HttpRequest) -> HttpResponse:
    """Show and change the capacity."""
    form = CapacityForm(request.POST or None, row=SystemCapacity.load())
    if form.is_bound and form.is_valid() and _is_saved(request, form):
        if form.turns_catch_all_off:
            told = _("Recordings without assignee are discarded from the next call on.")
            messages.warning(request, told)
        messages.success(request, _("Saved. In force for the next call."))
        return redirect("configuration:capacity")
    row = SystemCapacity.load()
    nodes = _uses()
    recordings, most = sum(one.recordings for one in nodes), row.rules.most_channels
    enabled = User.objects.filter(is_active=True).count()
    is_users = row.model == Limited.USERS
    context = {
        "form": form,
        "row": row,
        "enabled": enabled,
        "most_users": row.most_users if is_users else None,
        "beyond": max(0, enabled - (row.most_users or 0)) if is_users else 0,
        "most_channels": most,
        "recordings": recordings,
        "is_full": most is not None and recordings >= most,
        "nodes": nodes,
    }
    status = 422 if form.is_bound else 200
    return render(request, "configuration/capacity.html", context, status=status)


def _uses() -> list[NodeUse]:
    """Return what the nodes that report lately record."""
    now = timezone.now()
    rows = [row for row in NodeReport.objects.order_by("node") if is_fresh(row, now=now)]
    beats = [(row.node, read_report(row).recorder) for row in rows]
    return [
        NodeUse(node, beat.recordings, beat.most_recordings)
        for node, beat in beats
        if beat is not None
    ]


def _is_saved(request: HttpRequest, form: CapacityForm) -> bool:
    try:
        save_capacity(request, form)
    except StaleSetting as stale:
        stale.tell(form)
        return False
    except IntegrityError:  # somebody got the user name since the form was checked
        form.full_clean()
        return False
    return True
