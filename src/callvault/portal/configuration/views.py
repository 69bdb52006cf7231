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


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def index(request: HttpRequest) -> HttpResponse:
    """Show and change what holds for the whole system."""
    form = SystemForm(request.POST or None, instance=SystemSettings.load())
    if request.method == "POST" and form.is_valid():
        save_system(request, form)
        messages.success(request, _("Saved. In force for the next call."))
        return redirect("configuration:index")
    status = 422 if form.is_bound else 200
    return render(request, "configuration/index.html", {"form": form}, status=status)


@transaction.atomic
def save_system(request: HttpRequest, form: SystemForm) -> None:
    """Save what holds for the whole system: told to recorders, audited with what was before."""
    fields = sorted(form.changed_data)
    record(
        request, Action.SETTINGS_CHANGED, kind="settings", fields=fields,
        old={name: form.initial.get(name) for name in fields},
        new={name: form.cleaned_data[name] for name in fields},
    )  # fmt: skip
    form.save()
    PolicyRevision.bump()
