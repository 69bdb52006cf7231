"""The pages *Recording filters*: the system's rules, and those of groups and people."""

from uuid import UUID

from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from callvault.portal.decisions.trial_page import TrialPage, is_trial
from callvault.portal.people.gates import administrators_only
from callvault.portal.people.models import User

from .filter_forms import FilterForm, OverrideForm
from .filter_models import FilterScope, RecordingFilter
from .filter_saving import StaleSetting, remove_filter, save_filter
from .pilot_listing import advice, sent
from .trial import try_filter

_MOST_OFFERED = 500


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def filters(request: HttpRequest) -> HttpResponse:
    """Show and change the system's rules, and list those that go before them."""
    form = FilterForm(sent(request), instance=RecordingFilter.of_system())
    trial = _trial_of(request, form)
    if request.method == "POST" and not is_trial(request) and _is_saved(request, form):
        messages.success(request, _("Saved. In force for the next call."))
        return redirect("configuration:filters")
    rows = RecordingFilter.objects.exclude(scope=FilterScope.SYSTEM).select_related("person")
    context = {"form": form, "overrides": rows, "trial": trial, "pilots": advice(form)}
    status = 422 if form.is_bound and trial is None else 200
    return render(request, "configuration/filters.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def create_filter(request: HttpRequest) -> HttpResponse:
    """Add rules for a group or a person; they begin as a copy of the system's."""
    system = RecordingFilter.of_system()
    copied = {name: getattr(system, name) for name in ("directions", "traffic", "black_list")}
    form = OverrideForm(sent(request), instance=RecordingFilter(version=0), initial=copied)
    trial = _trial_of(request, form)
    if request.method == "POST" and not is_trial(request) and _is_saved(request, form):
        messages.success(request, _("Saved. In force for the next call."))
        return redirect("configuration:filters")
    groups = User.objects.exclude(group="").values_list("group", flat=True).distinct()
    context = {
        "form": form,
        "groups": groups.order_by("group")[:_MOST_OFFERED],
        "people": User.objects.order_by("sort_name", "pk")[:_MOST_OFFERED],
        "trial": trial,
        "pilots": advice(form),
    }
    status = 422 if form.is_bound and trial is None else 200
    return render(request, "configuration/filter.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def edit_filter(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show and change the rules of a group or a person."""
    row = _override(public_id)
    form = FilterForm(sent(request), instance=row)
    trial = _trial_of(request, form)
    if request.method == "POST" and not is_trial(request) and _is_saved(request, form):
        messages.success(request, _("Saved. In force for the next call."))
        return redirect("configuration:filters")
    status = 422 if form.is_bound and trial is None else 200
    context = {
        "form": form,
        "override": _override(public_id),
        "trial": trial,
        "pilots": advice(form),
    }
    return render(request, "configuration/filter.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def delete_filter(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask, then delete the rules of a group or a person."""
    row = _override(public_id)
    if request.method == "POST":
        remove_filter(request, row)
        messages.success(request, _("The filter of %(name)s is deleted.") % {"name": row.whose})
        return redirect("configuration:filters")
    return render(request, "configuration/filter_delete.html", {"override": row})


def _override(public_id: UUID) -> RecordingFilter:
    rows = RecordingFilter.objects.exclude(scope=FilterScope.SYSTEM).select_related("person")
    return get_object_or_404(rows, public_id=public_id)


def _trial_of(request: HttpRequest, form: FilterForm) -> TrialPage | None:
    """Try what the form says, if that is asked for and can be; nothing is saved."""
    if not is_trial(request) or not form.is_valid():
        return None
    return try_filter(request, form.instance)


def _is_saved(request: HttpRequest, form: FilterForm) -> bool:
    if not form.is_valid():
        return False
    try:
        save_filter(request, form)
    except StaleSetting as stale:
        stale.tell(form)
        return False
    except IntegrityError:  # the same one was added since the form was checked
        form.add_error(None, _("Somebody added a filter for the same meanwhile."))
        return False
    return True
