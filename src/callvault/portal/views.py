"""Pages that belong to no capability: the way in, health, and refusals."""

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from callvault.portal.people.gates import person_of
from callvault.portal.people.models import User

THEMES = ("system", "light", "dark")


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Lead to the first page that the person may open."""
    user = request.user
    if isinstance(user, User) and user.is_supervisor:
        return redirect("recordings:all")
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
    except DatabaseError:
        return JsonResponse({"status": "failing", "catalogue": "out of reach"}, status=503)
    return JsonResponse({"status": "ok"})


@login_not_required
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Refuse a form that did not come from a page of ours, or from one left open too long."""
    return render(request, "errors/csrf.html", status=403)
