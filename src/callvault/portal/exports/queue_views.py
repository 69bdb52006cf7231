"""The queue of exports: what went, what waits, what failed and why."""

from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from callvault.portal.paging import Order
from callvault.portal.people.gates import administrators_only
from callvault.portal.recordings.turning import turned

from .asking import try_now
from .models import ExportSettings, ExportState, RecordingExport
from .status import standing
from .wording import explained

NEWEST_FIRST = Order("asked_at", "id", descending=True)


@dataclass(frozen=True, slots=True)
class ExportRow:
    """One export of the list."""

    export: RecordingExport
    problem: str
    remedy: str


@require_safe
@never_cache
@administrators_only
def queue(request: HttpRequest) -> HttpResponse:
    """List exports, the newest first."""
    state = request.GET.get("state", "")
    rows = RecordingExport.objects.select_related("recording")
    if state in ExportState.values:
        rows = rows.filter(state=state)
    turn = turned(request, rows, NEWEST_FIRST)
    place = ExportSettings.load().place
    context = {
        "rows": [
            ExportRow(row, *explained(row.problem, place=row.place or place))
            for row in turn.page.rows
        ],
        "states": ExportState.choices,
        "state": state,
        "standing": standing(),
        "settings": ExportSettings.load(),
        **turn.foot,
    }
    return render(request, "exports/queue.html", context)


@require_POST
@administrators_only
def try_one(request: HttpRequest, export_id: UUID) -> HttpResponse:
    """Have an export that waits or failed tried at once."""
    open_rows = RecordingExport.objects.exclude(state=ExportState.DONE)
    row = get_object_or_404(open_rows, public_id=export_id)
    try_now(RecordingExport.objects.filter(pk=row.pk), now=timezone.now())
    messages.success(request, _("It is tried now. Load the page again in a moment."))
    return redirect(_back(request))


@require_POST
@administrators_only
def try_all(request: HttpRequest) -> HttpResponse:
    """Have all exports that wait or failed tried at once."""
    count = try_now(RecordingExport.objects.all(), now=timezone.now())
    told = ngettext("%(count)d export is tried now.", "%(count)d exports are tried now.", count)
    messages.success(request, told % {"count": count})
    return redirect(_back(request))


def _back(request: HttpRequest) -> str:
    """Return the page that asked, or the queue in the state that was looked at."""
    wanted = request.POST.get("next", "")
    if wanted and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return wanted
    state = request.POST.get("state", "")
    query = f"?{urlencode({'state': state})}" if state in ExportState.values else ""
    return reverse("exports:queue") + query
