"""Listening to a call in progress, a moment at a time: no worker is held by a stream."""

from contextlib import suppress
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from callvault.monitoring.live_calls import HEARD

from . import listening
from .recorder import Unreachable

LISTENING = "Callvault-Listening"


@require_POST
def listen(request: HttpRequest, call_id: UUID) -> JsonResponse:
    """Begin to listen; the answer says by what to ask, or what went wrong."""
    try:
        token = listening.begin(request, call_id)
    except Http404:
        return JsonResponse(
            {"trouble": _("The call is over, or no longer yours to hear.")}, status=404
        )
    except Unreachable:
        return JsonResponse({"trouble": _("The recorder does not answer.")}, status=503)
    if token is None:
        trouble = _("As many people listen as this recorder lets: try again later.")
        return JsonResponse({"trouble": trouble}, status=429)
    return JsonResponse({"listening": token})


@require_safe
@never_cache
def heard(request: HttpRequest) -> HttpResponse:
    """Return what was said since the last time. Is no use of the session (access.middleware)."""
    try:
        sound = listening.heard(request, request.headers.get(LISTENING, ""))
    except Unreachable:
        return HttpResponse(status=503)
    if sound is None:
        return HttpResponse(status=410)
    pcm = HttpResponse(sound.pcm, content_type="application/octet-stream")
    pcm.headers[HEARD] = sound.heard
    return pcm


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Listen no more."""
    with suppress(Unreachable):  # who does not ask any more listens no more
        listening.end(request, request.POST.get("listening", ""))
    return HttpResponse(status=204)
