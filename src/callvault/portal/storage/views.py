"""The page *Storage*: where recordings are kept, how that goes, and moving them (DATA-3)."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from callvault.portal.configuration.filter_saving import StaleSetting
from callvault.portal.people.gates import administrators_only

from . import progress, relocation
from .access_test import try_access
from .forms import FORMS
from .models import Kind, Relocation, State, StorageLocation
from .saving import is_needed, remove_location, save_location, use_location

LOCAL = "local"
TEMPLATES = {Kind.SMB: "storage/share.html", Kind.S3: "storage/bucket.html"}
_WANTED = {"pause": State.PAUSED, "resume": State.RUNNING, "stop": State.STOPPED}


@require_safe
@never_cache
@administrators_only
def index(request: HttpRequest) -> HttpResponse:
    """Show where recordings are kept and how that goes."""
    now = timezone.now()
    open_one = Relocation.objects.filter(is_open=True).select_related("source", "target").first()
    places, current, backlog = progress.places(), StorageLocation.current(), progress.backlog()
    context = {
        "places": places,
        "moved_from": next((place for place in places if not place.is_current), None),
        "current": current,
        "backlog": backlog,
        "is_working": bool(open_one or backlog.count or (current and current.trouble)),
        "failed": progress.failed_moves(),
        "slow": progress.slow_moves(),
        "relocation": open_one,
        "last": Relocation.objects.filter(is_open=False).order_by("-ended_at").first(),
        "advised": progress.advised(now),
    }
    return render(request, "storage/index.html", context)


@require_POST
@administrators_only
def use(request: HttpRequest) -> HttpResponse:
    """Choose where new recordings go."""
    row = _sent_place(request, "place")
    if use_location(request, row):
        told = _("Saved. New recordings go to %(place)s within seconds; older ones stay.")
        here = _("Saved. New recordings stay on the node that records them.")
        messages.success(request, told % {"place": row.name} if row else here)
    return redirect("storage:index")


@require_POST
@administrators_only
def move(request: HttpRequest) -> HttpResponse:
    """Begin to move all recordings of one place to another."""
    source, target = _sent_place(request, "source"), _sent_place(request, "target")
    if source == target:
        messages.error(request, _("Choose two different places."))
    elif relocation.begin(request, source, target):
        messages.success(request, _("Started. Recordings can be played meanwhile."))
    else:
        messages.error(request, _("Recordings are being moved already."))
    return redirect("storage:index")


@require_POST
@administrators_only
def moving(request: HttpRequest) -> HttpResponse:
    """Pause, go on or stop."""
    wanted = next((state for name, state in _WANTED.items() if name in request.POST), None)
    if wanted is None:
        raise Http404
    if not relocation.change(request, wanted):
        messages.error(request, _("That is not possible any more."))
    return redirect("storage:index")


@require_POST
@administrators_only
def failed(request: HttpRequest) -> HttpResponse:
    """Try again what could not be moved."""
    count = relocation.try_again(request)
    told = ngettext(
        "%(count)d recording is tried again.", "%(count)d recordings are tried again.", count
    )
    messages.success(request, told % {"count": count})
    return redirect("storage:index")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters("secret")
@administrators_only
def create(request: HttpRequest, kind: str) -> HttpResponse:
    """Add a place."""
    if kind not in FORMS:
        raise Http404
    return _form_page(request, kind, None)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters("secret")
@administrators_only
def location(request: HttpRequest, location_id: UUID) -> HttpResponse:
    """Change a place, or test it."""
    row = get_object_or_404(StorageLocation, public_id=location_id)
    return _form_page(request, row.kind, row)


@require_POST
@administrators_only
def remove(request: HttpRequest, location_id: UUID) -> HttpResponse:
    """Forget a place where nothing of ours lies."""
    row = get_object_or_404(StorageLocation, public_id=location_id)
    if remove_location(request, row):
        messages.success(request, _("Removed. What is on the server itself stays there."))
    else:
        messages.error(request, _("Recordings lie there still, or go there: move them first."))
    return redirect("storage:index")


def _form_page(request: HttpRequest, kind: str, row: StorageLocation | None) -> HttpResponse:
    form = FORMS[kind](request.POST or None, request.FILES or None, instance=row)
    context: dict[str, Any] = {"form": form, "row": row}
    if form.is_bound and form.is_valid():
        if "test" in request.POST:
            context["tried"] = try_access(request, form.as_typed())
            return render(request, TEMPLATES[Kind(kind)], context)
        try:
            saved = save_location(request, form)
        except StaleSetting as stale:
            stale.tell(form)
        else:
            told = _("Saved. Workers and portals use it within seconds.")
            if not saved.is_current and row is None:
                told = _("Added. Choose it below for new recordings.")
            messages.success(request, told)
            return redirect("storage:index")
    if row is not None:
        shown = StorageLocation.objects.get(pk=row.pk)
        context |= {"shown": shown, "may_be_removed": not is_needed(shown)}
        context["has_recordings"] = progress.holds_recordings(shown)
    return render(request, TEMPLATES[Kind(kind)], context, status=422 if form.errors else 200)


def _sent_place(request: HttpRequest, name: str) -> StorageLocation | None:
    """Return a place as forms send it; None: the folders of nodes. Raises Http404."""
    sent = request.POST.get(name, "")
    if sent == LOCAL:
        return None
    try:
        return get_object_or_404(StorageLocation, public_id=UUID(sent))
    except ValueError:
        raise Http404 from None
