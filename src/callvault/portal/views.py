"""Pages that belong to no capability: the way in, health, and refusals."""

import logging
import secrets
import sys

from django.contrib.auth.decorators import login_not_required
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from callvault.portal.first_run import steps as first_run
from callvault.portal.people.gates import person_of
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User
from callvault.portal.reach import is_outage

logger = logging.getLogger(__name__)

RETRY_AFTER_S = 10
THEMES = ("system", "light", "dark")


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Lead to the first page that the person may open."""
    user = request.user
    if isinstance(user, User) and user.is_administrator:
        return redirect("first_run:guide" if first_run.is_open(user) else "dashboard:index")
    if isinstance(user, User) and user.is_supervisor:
        return redirect("recordings:all")
    if isinstance(user, User) and user.level < Level.BASE:  # sees no recordings
        return redirect("live:index")
    return redirect("recordings:mine")


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keep the person's choice of theme; the server sets it, so that no page flashes."""
    chosen = request.POST.get("theme", "")
    person = person_of(request)
    if chosen in THEMES:
        person.theme = chosen
        person.save(update_fields=["theme"])
    back = request.POST.get("next", "")
    here = url_has_allowed_host_and_scheme(back, {request.get_host()})
    return redirect(back if here else "home")


@require_safe
@login_not_required
@never_cache
def health(request: HttpRequest) -> JsonResponse:
    """Say whether this web node can serve: 200 with the catalogue in reach, else 503."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return JsonResponse({"status": "failing", "catalogue": "out of reach"}, status=503)
    return JsonResponse({"status": "ok"})


@login_not_required
def unreadable(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that breaks a rule of its protocol."""
    return render(request, "errors/400.html", status=400)


@login_not_required
def refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer who may not open a page."""
    return render(request, "errors/403.html", status=403)


@login_not_required
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer for what is not there, and for what a stranger may not know of: the same."""
    return render(request, "errors/404.html", status=404)


@login_not_required
def failed(request: HttpRequest) -> HttpResponse:
    """Answer a fault of ours with a number to quote, which the technical log has too.

    A catalogue that cannot be used just now is no fault: the page says so, with 503.
    """
    error = sys.exc_info()[1]
    if is_outage(error):
        logger.warning("catalogue out of reach, path %s: %s", request.path, error)
        page = render_to_string("errors/503.html", {"again": request.path})
        return HttpResponse(page, status=503, headers={"Retry-After": str(RETRY_AFTER_S)})
    reference = secrets.token_hex(4)
    logger.error("fault of the portal, reference %s, path %s", reference, request.path)
    page = render_to_string("errors/500.html", {"reference": reference})
    return HttpResponse(page, status=500)


@login_not_required
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Refuse a form that did not come from a page of ours, or from one left open too long."""
    return render(request, "errors/csrf.html", status=403)
