"""The pages of trunks: which there are, how each is, and every option of one (CAP-9)."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from callvault.portal.nodes.reports import addresses_of_nodes
from callvault.portal.people.gates import administrators_only

from .guides import guide_named, guides_beside_trunks, rendered
from .models import Trunk
from .trunk_form import TrunkForm
from .trunk_saving import StaleTrunk, add_trunk, change_trunk, remove_trunk
from .trunk_state import open_attempt_count, state_of, states_of
from .trunk_warnings import warnings_of
from .trunk_wording import stale_sentence

IDENTITY = ("tls_names", "digest_user", "digest_password")
SPECIAL = ("device_zone", "swap_channels", "strict_siprec")
"""Fields that are folded away until one of them says something."""


@require_safe
@never_cache
@administrators_only
def trunks(request: HttpRequest) -> HttpResponse:
    """List the trunks, each with how it is."""
    context = {
        "rows": states_of(list(Trunk.objects.all()), now=timezone.now()),
        "attempt_count": open_attempt_count(),
        "guides": guides_beside_trunks(),
        "addresses": addresses_of_nodes(now=timezone.now()),
    }
    return render(request, "configuration/trunks.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters("digest_password")
@administrators_only
def create_trunk(request: HttpRequest) -> HttpResponse:
    """Create a trunk."""
    initial = {"transports": ["udp", "tcp"], "peers": request.GET.getlist("peer")}
    form = TrunkForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        trunk = add_trunk(request, form)
        messages.success(request, _("Trunk %(name)s may send calls.") % {"name": trunk.name})
        return redirect("configuration:trunks")
    return _page(request, form)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters("digest_password")
@administrators_only
def edit_trunk(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show and change a trunk."""
    trunk = Trunk.objects.filter(public_id=public_id).first()
    if trunk is None:
        return _deleted_meanwhile(request)
    form = TrunkForm(request.POST or None, instance=trunk)
    if request.method == "POST" and form.is_valid():
        try:
            change_trunk(request, form)
        except StaleTrunk as stale:
            form.refuse_as_stale(stale_sentence(stale.changes), version=stale.version)
        else:
            messages.success(request, _("Saved. In force for the next call."))
            return redirect("configuration:trunks")
    return _page(request, form, Trunk.objects.get(pk=trunk.pk))


def _deleted_meanwhile(request: HttpRequest) -> HttpResponse:
    """Keep what was typed for a trunk that somebody deleted meanwhile: it can be added again."""
    if request.method != "POST":
        raise Http404
    form = TrunkForm(request.POST)
    form.is_valid()
    form.add_error(
        None, _("This trunk was deleted meanwhile. What you typed is here: it can be added anew.")
    )
    return _page(request, form)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def delete_trunk(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask, then delete a trunk; its recordings stay."""
    trunk = get_object_or_404(Trunk, public_id=public_id)
    if request.method == "POST":
        remove_trunk(request, trunk)
        messages.success(request, _("Trunk %(name)s is deleted.") % {"name": trunk.name})
        return redirect("configuration:trunks")
    context = {"trunk": trunk, "state": state_of(trunk, now=timezone.now())}
    return render(request, "configuration/trunk_delete.html", context)


@require_safe
@administrators_only
def guide(request: HttpRequest, name: str) -> HttpResponse:
    """Show a guide of the documentation."""
    found = guide_named(name)
    if found is None:
        raise Http404
    # Our own files, rendered without the markup that they hold.
    context = {"guide": found, "text": mark_safe(rendered(found))}  # noqa: S308
    return render(request, "configuration/guide.html", context)


def _page(request: HttpRequest, form: TrunkForm, trunk: Trunk | None = None) -> HttpResponse:
    """Draw the form, with how the trunk is as it was saved last."""
    context = {
        "form": form,
        "trunk": trunk,
        "state": state_of(trunk, now=timezone.now()) if trunk else None,
        "warnings": warnings_of(trunk) if trunk else [],
        "guides": guides_beside_trunks(),
        "addresses": addresses_of_nodes(now=timezone.now()),
        "is_identity_open": _is_asked_for(form, IDENTITY),
        "is_special_open": _is_asked_for(form, SPECIAL),
    }
    status = 422 if form.is_bound else 200
    return render(request, "configuration/trunk.html", context, status=status)


def _is_asked_for(form: TrunkForm, names: tuple[str, ...]) -> bool:
    return any(form[name].value() or name in form.errors for name in names)
