"""Your account: API tokens; and all tokens, for administrators."""

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from callvault.portal.access.confirm import confirmed_first
from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.configuration.stamps import is_saved, refuse_newer
from callvault.portal.paging import Order, page_of
from callvault.portal.people.gates import administrators_only, person_of
from callvault.portal.people.levels import Level
from callvault.portal.recordings.search import id_in

from .forms import ApiSettingsForm, TokenForm
from .models import ApiSettings, ApiToken
from .tokens import create_token, revoke_token

SHOWN = 100


@require_safe
@never_cache
def own(request: HttpRequest) -> HttpResponse:
    """List one's own tokens."""
    person = person_of(request)
    context = {
        "tokens": ApiToken.objects.filter(person=person)[:SHOWN],
        "now": timezone.now(),
        "is_enabled": ApiSettings.load().enabled,
        "may_use": person.level >= Level.BASE,
    }
    return render(request, "api/own.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_variables("token")
@confirmed_first
def create(request: HttpRequest) -> HttpResponse:
    """Make a token, and show it this once. A browser left open alone makes none."""
    person = person_of(request)
    if person.level < Level.BASE:
        raise PermissionDenied
    form = TokenForm(person, request.POST or None, most_days=ApiSettings.load().most_days)
    if request.method == "POST" and form.is_valid():
        row, token = create_token(request, person, **form.cleaned_data)
        return render(request, "api/token.html", {"row": row, "token": token}, status=201)
    return render(request, "api/new.html", {"form": form}, status=422 if form.is_bound else 200)


@require_POST
def revoke(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Revoke a token: one's own, or as an administrator anybody's."""
    person = person_of(request)
    row = get_object_or_404(ApiToken, public_id=public_id)
    if row.person != person and not person.is_administrator:
        raise Http404
    revoke_token(request, row)
    messages.success(request, _("%(name)s is revoked.") % {"name": row.name})
    return redirect("tokens:all" if "all" in request.POST else "tokens:own")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def everyones(request: HttpRequest) -> HttpResponse:
    """List everybody's tokens, and change what holds for all."""
    form = ApiSettingsForm(request.POST or None, instance=ApiSettings.load())
    if request.method == "POST" and form.is_valid() and is_saved(form, save_rules, request):
        messages.success(request, _("Saved."))
        return redirect("tokens:all")
    text = request.GET.get("q", "").replace("\0", "").strip()[:100]
    page = page_of(
        _matching(text).select_related("person"),
        Order("created_at", "id", descending=True),
        id_field="public_id",
        after=id_in(request.GET.get("after")),
        before=id_in(request.GET.get("before")),
    )
    context = {"form": form, "page": page, "text": text, "now": timezone.now()}
    for name, cursor in (("newer_url", page.newer), ("older_url", page.older)):
        key = "before" if name == "newer_url" else "after"
        context[name] = f"?{urlencode({'q': text, key: str(cursor)})}" if cursor else ""
    return render(request, "api/all.html", context, status=422 if form.is_bound else 200)


@transaction.atomic
def save_rules(request: HttpRequest, form: ApiSettingsForm) -> None:
    """Save what holds for all tokens. Raises SettingsChanged if somebody was quicker."""
    refuse_newer(form)
    old, new = form.changes()
    record(request, Action.SETTINGS_CHANGED, kind="api", fields=sorted(new), old=old, new=new)
    form.save()


def _matching(text: str) -> QuerySet[ApiToken]:
    found = ApiToken.objects.all()
    for word in text.split():
        found = found.filter(
            Q(name__icontains=word)
            | Q(beginning__startswith=word)
            | Q(person__username__icontains=word)
            | Q(person__first_name__icontains=word)
            | Q(person__last_name__icontains=word)
        )
    return found
