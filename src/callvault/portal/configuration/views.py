"""Global settings: what holds for the whole system, and the trunks."""

from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.people.gates import administrators_only

from .forms import SystemForm
from .models import PolicyRevision, SystemSettings, Trunk
from .trunk_form import TrunkForm


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def index(request: HttpRequest) -> HttpResponse:
    """Show and change what holds for the whole system."""
    form = SystemForm(request.POST or None, instance=SystemSettings.load())
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            record(
                request,
                Action.SETTINGS_CHANGED,
                kind="settings",
                fields=sorted(form.changed_data),
            )
            form.save()
            PolicyRevision.bump()
        messages.success(request, _("Saved. In force for the next call."))
        return redirect("configuration:index")
    status = 422 if form.is_bound else 200
    return render(request, "configuration/index.html", {"form": form}, status=status)


@require_safe
@never_cache
@administrators_only
def trunks(request: HttpRequest) -> HttpResponse:
    """List the trunks."""
    return render(request, "configuration/trunks.html", {"trunks": Trunk.objects.all()})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def create_trunk(request: HttpRequest) -> HttpResponse:
    """Create a trunk."""
    initial = {"transports": ["udp", "tcp"], "peers": request.GET.getlist("peer")}
    form = TrunkForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        trunk = _save(request, form, Action.TRUNK_CREATED)
        messages.success(request, _("Trunk %(name)s may send calls.") % {"name": trunk.name})
        return redirect("configuration:trunks")
    return render(request, "configuration/trunk.html", {"form": form}, status=_status(form))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def edit_trunk(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show and change a trunk."""
    trunk = get_object_or_404(Trunk, public_id=public_id)
    name = trunk.name
    form = TrunkForm(request.POST or None, instance=trunk)
    if request.method == "POST" and form.is_valid():
        _save(request, form, Action.TRUNK_CHANGED)
        messages.success(request, _("Saved. In force for the next call."))
        return redirect("configuration:trunks")
    context = {"form": form, "trunk": trunk, "trunk_name": name}
    return render(request, "configuration/trunk.html", context, status=_status(form))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def delete_trunk(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask, then delete a trunk; its recordings stay."""
    trunk = get_object_or_404(Trunk, public_id=public_id)
    if request.method == "POST":
        with transaction.atomic():
            record(request, Action.TRUNK_DELETED, kind="trunk", object_id=public_id)
            trunk.delete()
            PolicyRevision.bump()
        messages.success(request, _("Trunk %(name)s is deleted.") % {"name": trunk.name})
        return redirect("configuration:trunks")
    return render(request, "configuration/trunk_delete.html", {"trunk": trunk})


@transaction.atomic
def _save(request: HttpRequest, form: TrunkForm, action: Action) -> Trunk:
    trunk: Trunk = form.save(commit=False)
    record(
        request, action, kind="trunk", object_id=trunk.public_id, fields=sorted(form.changed_data)
    )
    trunk.save()
    PolicyRevision.bump()
    return trunk


def _status(form: TrunkForm) -> int:
    return 422 if form.is_bound else 200
