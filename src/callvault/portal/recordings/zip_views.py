"""Several recordings as one ZIP: asked about if something stays out, then streamed."""

from collections.abc import Iterable
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from callvault.portal.configuration.models import SystemSettings
from callvault.portal.configuration.plan_reading import plan_reader
from callvault.portal.integrity.evidence import MoreFile, with_proofs
from callvault.portal.people.gates import person_of
from callvault.portal.people.models import User

from . import listing
from .deed_views import SHOWN, back_to
from .several import ids_in, rows_of
from .zip_plan import Plan, TooMuch, plan_of
from .zip_stream import NoPlace, RecordingsZip

RETRY_AFTER_S = "60"


@require_POST
@never_cache
def download_zip(request: HttpRequest) -> HttpResponseBase:
    """Stream the selected recordings, after a question if not all of them go in.

    `proofs`: with what proves that they were not changed.
    """
    wanted = ids_in(request.POST.getlist("recording"))
    try:
        plan, more = planned(person_of(request), wanted, proofs=bool(request.POST.get("proofs")))
    except TooMuch as much:
        return _told(request, _("Too much for one ZIP"), str(much), status=422)
    if len(plan.entries) == plan.missing:
        raise Http404  # nothing of it can be seen
    if not plan.packed:
        return _asked(request, plan, status=403 if plan.refused == len(plan.left_out) else 409)
    if plan.missing + len(plan.left_out) and not request.POST.get("confirmed"):
        return _asked(request, plan, status=200)
    try:
        return streamed(request, plan, more)
    except NoPlace:
        why = _("Others are downloading ZIPs at the moment. Try again in some minutes.")
        response = _told(request, _("No ZIP just now"), why, status=503)
        response["Retry-After"] = RETRY_AFTER_S
        return response


def planned(user: User, wanted: set[UUID], *, proofs: bool) -> tuple[Plan, list[MoreFile]]:
    """Decide what goes into a ZIP, and what beside the audio. Raises TooMuch."""
    at, zone = timezone.now(), ZoneInfo(SystemSettings.load().zone)
    plan = plan_of(user, wanted, at=at, zone=zone)
    if not proofs:
        return plan, []
    packed = {one.recording_id for one in plan.packed}
    return with_proofs(plan, {one.recording_id: one for one in rows_of(user, packed)}, at=at)


def streamed(
    request: HttpRequest, plan: Plan, more: Iterable[tuple[str, int, Iterable[bytes]]] = ()
) -> StreamingHttpResponse:
    """Answer with the ZIP. Raises NoPlace."""
    content = RecordingsZip(request, plan, more)
    response = StreamingHttpResponse(content, content_type="application/zip")
    response["Content-Length"] = str(len(content))
    response["Content-Disposition"] = f'attachment; filename="{plan.name}"'
    return response


def _told(request: HttpRequest, title: str, text: str, *, status: int) -> HttpResponse:
    context = {"title": title, "text": text, "next": back_to(request)}
    return render(request, "recordings/zip.html", context, status=status)


def _asked(request: HttpRequest, plan: Plan, *, status: int) -> HttpResponse:
    """Say what goes in and what stays out."""
    reader = plan_reader()
    left_out = [(listing.row_of(one, reader=reader), why) for one, why in plan.left_out[:SHOWN]]
    context = {
        "next": back_to(request),
        "proofs": bool(request.POST.get("proofs")),
        "count": len(plan.packed),
        "asked": len(plan.entries),
        "duration_ms": sum(one.duration_ms for one in plan.packed),
        "size_bytes": sum(one.size_bytes for one in plan.packed),
        "ids": [one.recording_id for one in plan.entries],
        "left_out": left_out,
        "left_out_count": len(plan.left_out),
        "more": max(len(plan.left_out) - SHOWN, 0),
        "missing": plan.missing,
    }
    return render(request, "recordings/zip.html", context, status=status)
