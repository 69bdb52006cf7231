"""Global settings: what holds for the whole system."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.people.gates import administrators_only

from .forms import SystemForm
from .models import PolicyRevision, SystemSettings
from .stamps import is_saved, refuse_newer


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def general(request: HttpRequest) -> HttpResponse:
    """Show and change what holds for the whole system."""
    form = SystemForm(request.POST or None, instance=SystemSettings.load())
    if request.method == "POST" and form.is_valid() and is_saved(form, save_system, request):
        messages.success(request, _("Saved. In force for the next call."))
        return redirect("configuration:general")
    status = 422 if form.is_bound else 200
    return render(request, "configuration/general.html", {"form": form}, status=status)


@transaction.atomic
def save_system(request: HttpRequest, form: SystemForm) -> None:
    """Save what holds for the whole system: told to recorders, audited with what was before.

    Raises SettingsChanged, having changed nothing, if somebody was quicker.
    """
    PolicyRevision.bump()
    refuse_newer(form)
    old, new = form.changes()
    record(request, Action.SETTINGS_CHANGED, kind="settings", fields=sorted(new), old=old, new=new)
    form.save()
