"""People: the list, and the form of one."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.paging import CAP
from callvault.portal.recordings.folding import number_in

from .forms import PersonForm
from .gates import administrators_only, person_of
from .models import User
from .passwords import give_one_time_password
from .saving import save_person

PREFILLED = ("extension", "alias", "pbx_username", "first_name", "last_name", "username")


@require_safe
@never_cache
@administrators_only
def people(request: HttpRequest) -> HttpResponse:
    """List people, all or those that a search finds."""
    text = request.GET.get("q", "").replace("\0", "").strip()[:100]  # PostgreSQL refuses it
    found = _matching(text)
    context = {
        "text": text,
        "people": found[:CAP],
        "total": User.objects.count(),
        "recorded": _recorded().count(),
        "more": found.count() > CAP,
    }
    return render(request, "people/list.html", context)


def _recorded() -> QuerySet[User]:
    """Return those whose calls can be matched to them."""
    return User.objects.filter(is_active=True).exclude(extension="", alias="", pbx_username="")


def _matching(text: str) -> QuerySet[User]:
    found = User.objects.all()
    number = number_in(text)
    if number:
        return found.filter(Q(extension__contains=number) | Q(alias__contains=number))
    for word in text.split():
        found = found.filter(
            Q(first_name__icontains=word)
            | Q(last_name__icontains=word)
            | Q(username__icontains=word)
            | Q(pbx_username__icontains=word)
            | Q(group__icontains=word)
        )
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def create_person(request: HttpRequest) -> HttpResponse:
    """Create a person; fields may be filled in by the address, from a call without owner."""
    initial = {name: request.GET[name] for name in PREFILLED if name in request.GET}
    form = PersonForm(request.POST or None, initial=initial, editor=person_of(request))
    if request.method == "POST" and form.is_valid():
        person = save_person(request, form, Action.PERSON_CREATED)
        told = {"name": person.get_full_name()}
        messages.success(request, _("%(name)s is added. Calls from now on are recorded.") % told)
        return redirect("people:person", person.public_id)
    return render(request, "people/form.html", {"form": form}, status=_status(form))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def edit_person(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show and change a person."""
    person = get_object_or_404(User, public_id=public_id)
    form = PersonForm(request.POST or None, instance=person, editor=person_of(request))
    if request.method == "POST" and form.is_valid():
        save_person(request, form, Action.PERSON_CHANGED)
        messages.success(request, _("Saved. In force for the next call."))
        return redirect("people:person", public_id)
    shown = User.objects.get(pk=person.pk)  # the form's instance already carries what was typed
    return render(
        request, "people/form.html", {"form": form, "person": shown}, status=_status(form)
    )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_variables("password")
@administrators_only
def set_one_time_password(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Give a person a new one-time password and show it, this once.

    Who comes back to the address, by a change of theme or a sign-in between, is led to the person.
    """
    person = get_object_or_404(User, public_id=public_id)
    if request.method != "POST":
        return redirect("people:person", public_id)
    with transaction.atomic():
        record(request, Action.ONE_TIME_PASSWORD_SET, kind="person", object_id=public_id)
        password = give_one_time_password(person)
    return render(
        request, "people/one_time_password.html", {"person": person, "password": password}
    )


def _status(form: Any) -> int:
    return 422 if form.is_bound else 200
