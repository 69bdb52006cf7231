"""The gadget: one's own call in progress with its controls, and one's latest recordings."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from callvault.portal.configuration.mode_models import RecordingModes
from callvault.portal.configuration.plan_reading import plan_reader
from callvault.portal.live.calls import look, own_part
from callvault.portal.live.pausing import pause_page
from callvault.portal.live.recorder import Deed, Unreachable
from callvault.portal.live.views import ended_row_of, row_of, trouble_of
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User
from callvault.portal.recordings import listing
from callvault.portal.recordings.permissions import recordings_visible_to

from .framing import embeddable

MOST_RECORDINGS = 8


@require_safe
@never_cache
@login_not_required
@embeddable
def index(request: HttpRequest) -> HttpResponse:
    """Show the gadget, or how to sign in: that happens in a window of its own."""
    if not isinstance(request.user, User):
        return render(request, "gadget/sign_in.html")
    return render(request, "gadget/index.html", _calls(request.user) | _recordings(request.user))


@require_safe
@never_cache
@login_not_required
@embeddable
def calls(request: HttpRequest) -> HttpResponse:
    """Show the calls anew, every two seconds; have the page reload once somebody signed in."""
    if not isinstance(request.user, User):
        return HttpResponse(headers={"HX-Redirect": reverse("gadget:index")})
    context = _calls(request.user)
    response = render(request, "gadget/_calls.html", context)
    if request.GET.get("shown") != str(len(context["rows"])):
        response["HX-Trigger"] = "cv:calls-changed"  # one that ended is a recording soon
    return response


@require_safe
@never_cache
@login_not_required
@embeddable
def waiting(request: HttpRequest) -> HttpResponse:
    """Say whether somebody has signed in meanwhile; asked by the page that tells to."""
    if isinstance(request.user, User):
        return HttpResponse(headers={"HX-Redirect": reverse("gadget:index")})
    return HttpResponse(status=204)


@require_safe
@never_cache
@embeddable
def recordings(request: HttpRequest) -> HttpResponse:
    """Show the latest recordings anew, as calls end."""
    user = request.user
    return render(
        request, "gadget/_recordings.html", _recordings(user) if isinstance(user, User) else {}
    )


@require_POST
@embeddable
def act(request: HttpRequest, call_id: UUID, deed: str) -> HttpResponse:
    """Do something with one's call, and show what is now."""
    trouble = trouble_of(request, Deed(deed), call_id, is_own_only=True)
    user = request.user
    context = _calls(user) if isinstance(user, User) else {}
    return render(request, "gadget/_calls.html", context | {"trouble": trouble})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@embeddable
def pause_for(request: HttpRequest, call_id: UUID) -> HttpResponse:
    """Ask why one's recording is paused, and pause it."""
    return pause_page(
        request, call_id, template="gadget/pause.html", back="gadget:index", is_own_only=True
    )


@require_safe
def signed_in(request: HttpRequest) -> HttpResponse:
    """Say that the window in which somebody signed in is of no more use."""
    return render(request, "gadget/signed_in.html")


@require_safe
@login_not_required
@embeddable
def finesse(request: HttpRequest) -> HttpResponse:
    """Describe the gadget to Cisco Finesse, which fetches this itself: nothing in it is secret."""
    context = {"url": request.build_absolute_uri(reverse("gadget:index"))}
    return render(request, "gadget/finesse.xml", context, content_type="application/xml")


def _calls(user: User) -> dict[str, Any]:
    """Return the calls of which the person is an owner, whatever else they may see."""
    now = timezone.now()
    try:
        found = look(user)
    except Unreachable as away:
        return {"is_away": True, "is_running": away.is_running, "rows": []}
    by_default = RecordingModes.load().keeps_unmarked
    return {
        "rows": [
            row_of(own, now, is_kept_unmarked=by_default)
            for one in found.calls
            if (own := own_part(one, user))
        ],
        "ended": [
            ended_row_of(own_ended) for ended in found.ended if (own_ended := own_part(ended, user))
        ],
        "silent": found.silent,
        "keeps_unmarked": by_default,
        "act": "gadget:act",
        "pause_for": "gadget:pause_for",
    }


def _recordings(user: User) -> dict[str, object]:
    if user.level < Level.BASE:
        return {"recordings": None}  # who may only record sees none
    found = recordings_visible_to(user).filter(owner=user).order_by("-started_at")
    reader = plan_reader()
    return {"recordings": [listing.row_of(one, reader=reader) for one in found[:MOST_RECORDINGS]]}
