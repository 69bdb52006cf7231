"""People: the list, the form of one, and who leaves."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.recordings.permissions import recordings_visible_to

from .forms import PersonForm
from .gates import administrators_only, person_of
from .listing import PeopleFilter, Sorting, address, chips, heads, page_wanted
from .models import User
from .passwords import give_one_time_password
from .saving import (
    CatchAllInUse,
    LastAdministrator,
    StalePerson,
    add_person,
    change_person,
    delete_person,
    is_catch_all_in_use,
    is_last_administrator,
)
from .sources import Source

PREFILLED = ("extension", "alias", "pbx_username", "first_name", "last_name", "username")


@require_safe
@never_cache
@administrators_only
def people(request: HttpRequest) -> HttpResponse:
    """List people, all or those that a search and filters find."""
    form = PeopleFilter(request.GET)
    sorting = Sorting.parse(request.GET.get("sort", ""))
    found = form.apply()
    page = page_wanted(found, sorting, request.GET)
    total = User.objects.count()
    context = {
        "form": form,
        "filters": [form[name] for name in ("level", "group", "state", "source")],
        "chips": chips(form, sorting),
        "wanted": form.active,
        "people": page.rows,
        "found": found.count() if form.active else total,
        "total": total,
        "recorded": _recorded().count(),
        "heads": heads(sorting, form.active),
        "sort": sorting.text,
        "query": address(form.active, sorting),
        "next_url": address(form.active, sorting, after=page.older) if page.older else "",
        "previous_url": address(form.active, sorting, before=page.newer) if page.newer else "",
    }
    part = request.headers.get("HX-Target") == "people"
    return render(request, "people/_list.html" if part else "people/list.html", context)


def _recorded() -> QuerySet[User]:
    """Return those whose calls can be matched to them."""
    return User.objects.filter(is_active=True).exclude(extension="", alias="", pbx_username="")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def create_person(request: HttpRequest) -> HttpResponse:
    """Create a person; fields may be filled in by the address, from a call without owner."""
    initial = {name: request.GET[name] for name in PREFILLED if name in request.GET}
    form = PersonForm(request.POST or None, initial=initial, editor=person_of(request))
    if request.method == "POST" and form.is_valid():
        person = _if_nobody_was_quicker(form, lambda: add_person(request, form))
        if isinstance(person, User):
            told = {"name": person.get_full_name()}
            told_so = _("%(name)s is added. Calls from now on are recorded.")
            if initial:  # from a call without owner
                told_so = _(
                    "%(name)s is added. Calls from now on are recorded; of calls that were "
                    "discarded before there is no audio."
                )
            messages.success(request, told_so % told)
            return redirect("people:person", person.public_id)
    return _page(request, form, None)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def edit_person(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show and change a person."""
    person = get_object_or_404(User, public_id=public_id)
    form = PersonForm(request.POST or None, instance=person, editor=person_of(request))
    if request.method == "POST" and form.is_valid() and _changed(request, form):
        messages.success(request, _("Saved. In force for the next call."))
        return redirect("people:person", public_id)
    shown = User.objects.get(pk=person.pk)  # the form's instance already carries what was typed
    return _page(request, form, shown)


@require_POST
@never_cache
@administrators_only
def check_field(request: HttpRequest, public_id: UUID | None = None) -> HttpResponse:
    """Say what is wrong with one field of a form under way, as somebody leaves it."""
    person = get_object_or_404(User, public_id=public_id) if public_id else None
    form = PersonForm(request.POST, instance=person, editor=person_of(request))
    name = request.GET.get("field", "")
    if name not in form.fields:
        return HttpResponse(status=400)
    form.is_valid()
    context = {"field": form[name], "check_url": _check_url(person)}
    return render(request, "people/_field.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def remove_person(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask, saying what stays, then delete a person."""
    person = get_object_or_404(User, public_id=public_id)
    editor = person_of(request)
    reason = ""
    if person.pk == editor.pk:
        reason = _("Nobody deletes themselves. Ask another administrator.")
    elif is_last_administrator(person):
        reason = _("Nobody would be left who is an active administrator.")
    elif is_catch_all_in_use(person):
        reason = _catch_all_told()
    if request.method == "POST" and not reason:
        name = person.get_full_name()
        try:
            delete_person(request, person)
        except LastAdministrator:
            reason = _("Nobody would be left who is an active administrator.")
        except CatchAllInUse:
            reason = _catch_all_told()
        else:
            messages.success(request, _("%(name)s is deleted.") % {"name": name})
            return redirect("people:list")
    context = {
        "person": person,
        "reason": reason,
        "recordings": recordings_visible_to(editor).filter(owner=person).count(),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "people/delete.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_variables("password")
@administrators_only
def set_one_time_password(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Give a person a new one-time password and show it, this once.

    Who comes back to the address, by a change of theme or a sign-in between, is led to the person.
    """
    person = get_object_or_404(User, public_id=public_id)
    if request.method != "POST" or person.source == Source.CATCH_ALL:
        return redirect("people:person", public_id)
    with transaction.atomic():
        record(request, Action.ONE_TIME_PASSWORD_SET, kind="person", object_id=public_id)
        password = give_one_time_password(person)
    return render(
        request, "people/one_time_password.html", {"person": person, "password": password}
    )


def _catch_all_told() -> str:
    return _("It owns the recordings without assignee. End that first: Settings, Capacity.")


def _changed(request: HttpRequest, form: PersonForm) -> bool:
    """Save the form; if that is refused, say so in it."""
    try:
        return _if_nobody_was_quicker(form, lambda: change_person(request, form)) is not False
    except StalePerson as stale:
        form.refuse_as_stale(str(stale), version=stale.version)
    except LastAdministrator:
        form.refuse_last_administrator()
    return False


def _if_nobody_was_quicker(form: PersonForm, save: Any) -> Any:
    """Save. False: somebody took a number or name since the form was checked; it says so now."""
    try:
        return save()
    except IntegrityError:
        form.full_clean()
        if form.is_valid():  # given back meanwhile
            form.add_error(None, _("Somebody saved the same just now. Save again."))
        return False


def _page(request: HttpRequest, form: PersonForm, person: User | None) -> HttpResponse:
    context = {"form": form, "person": person, "check_url": _check_url(person)}
    return render(request, "people/form.html", context, status=422 if form.is_bound else 200)


def _check_url(person: User | None) -> str:
    return (
        reverse("people:check", args=[person.public_id]) if person else reverse("people:check_new")
    )
