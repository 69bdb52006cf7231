"""The pages of directories: which there are, how each is, and every setting of one."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from callvault.portal.people.gates import administrators_only

from .forms import SourceForm
from .ldap_form import LdapForm
from .models import DirectorySource, Kind, SecurityChoice
from .parsing import certificates_in
from .presets import PRESETS, Flavour
from .saving import SECRETS, StaleSource, add_source, change_source, filled_source, remove_source
from .states import attention, state_of, states_of
from .trial import tried
from .webex_form import WebexForm

SHOWN_RUNS = 30


@require_safe
@never_cache
@administrators_only
def index(request: HttpRequest) -> HttpResponse:
    """List the directories, each with its last run."""
    rows = states_of(list(DirectorySource.objects.all()))
    context = {
        "rows": rows,
        "notices": attention(),
        "is_working": any(row.run and row.run.is_open for row in rows),
    }
    return render(request, "directory/index.html", context)


@require_safe
@never_cache
@administrators_only
def show_source(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show a directory: how it is, and its history of runs."""
    source = get_object_or_404(DirectorySource, public_id=public_id)
    runs = source.runs.select_related("source", "asked_by").defer("approved")[:SHOWN_RUNS]
    context = {"source": source, "state": state_of(source), "runs": runs}
    return render(request, "directory/source.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters(*SECRETS)
@administrators_only
def create_source(request: HttpRequest, flavour: str) -> HttpResponse:
    """Add a directory, filled in with the attributes of its kind."""
    if flavour not in set(Flavour):
        raise Http404
    source = new_source(Flavour(flavour))
    form = _form_of(source)(request.POST or None, request.FILES or None, instance=source)
    if request.method == "POST" and "test" in request.POST:
        return _tested(request, form)
    if request.method == "POST" and form.is_valid():
        added = add_source(request, form)
        messages.success(request, _("%(name)s is added. A preview shows what a sync would do.") % {
            "name": added.name
        })  # fmt: skip
        return redirect("directory:source", added.public_id)
    return _page(request, form)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters(*SECRETS)
@administrators_only
def edit_source(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show and change a directory."""
    source = get_object_or_404(DirectorySource, public_id=public_id)
    form = _form_of(source)(request.POST or None, request.FILES or None, instance=source)
    if request.method == "POST" and "test" in request.POST:
        return _tested(request, form)
    if request.method == "POST" and form.is_valid():
        try:
            change_source(request, form)
        except StaleSource:
            form.refuse_as_stale(DirectorySource.objects.get(pk=source.pk).version)
        else:
            messages.success(request, _("Saved. In force for the next sync."))
            return redirect("directory:source", public_id)
    return _page(request, form)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def delete_source(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask, then delete a directory; its people stay."""
    source = get_object_or_404(DirectorySource, public_id=public_id)
    if request.method == "POST":
        remove_source(request, source)
        messages.success(
            request, _("%(name)s is deleted. Its people stay.") % {"name": source.name}
        )
        return redirect("directory:index")
    context = {"source": source, "state": state_of(source)}
    return render(request, "directory/delete.html", context)


def new_source(flavour: Flavour) -> DirectorySource:
    """Return a directory of a kind with its usual attributes, unsaved."""
    preset = PRESETS[flavour]
    return DirectorySource(
        kind=Kind.WEBEX if flavour is Flavour.WEBEX else Kind.LDAP,
        mapping={name: list(names) for name, names in preset.fields.items()},
        search_filter=preset.search_filter,
        id_attribute=preset.id_attribute,
        active_attribute=preset.active,
        membership_attribute=preset.membership,
    )


def _form_of(source: DirectorySource) -> type[LdapForm] | type[WebexForm]:
    return LdapForm if source.is_ldap else WebexForm


@sensitive_variables("form", "source")
def _tested(request: HttpRequest, form: SourceForm) -> HttpResponse:
    """Test what is typed, without saving it; secrets left empty are those saved."""
    if not form.is_valid():
        return _page(request, form)
    source = filled_source(form)
    return _page(request, form, trial=tried(source), status=200)


def _page(
    request: HttpRequest, form: SourceForm, *, status: int | None = None, **more: Any
) -> HttpResponse:
    source = form.instance
    saved = DirectorySource.objects.filter(pk=source.pk).first() if source.pk else None
    context = {
        "form": form,
        "source": saved,
        "is_ldap": source.is_ldap,
        "certificates": certificates_in(saved.ca_pem) if saved else [],
        "has_secret": bool(saved and saved.sealed),
        "is_plain": source.security == SecurityChoice.PLAIN and source.is_ldap,
        **more,
    }
    bound = 422 if form.is_bound else 200
    template = "directory/ldap.html" if source.is_ldap else "directory/webex.html"
    return render(request, template, context, status=status or bound)
