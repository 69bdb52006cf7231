"""Pages that belong to no capability: the way in, health, and refusals."""

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from callvault.portal.people.models import User


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Lead to the first page that the person may open."""
    user = request.user
    if isinstance(user, User) and user.is_supervisor:
        return redirect("recordings:all")
    return redirect("recordings:mine")


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
