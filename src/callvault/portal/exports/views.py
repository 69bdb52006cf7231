"""The page *Data export* of the global settings: change it, test it, export past days."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from callvault.export import TargetFault, probe
from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.configuration.filter_saving import StaleSetting
from callvault.portal.people.gates import administrators_only

from .asking import begin_backfill, recordings_of_days
from .forms import BackfillForm, ExportForm
from .models import ExportBackfill, ExportSettings, TargetKind
from .saving import save_settings
from .status import standing
from .targets import PasswordSealed, fingerprint_at, target_of
from .wording import explained

TEST_DEADLINE_S = 15.0
BACKFILLS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Tried:
    """How a test went."""

    tone: str
    strong: str
    text: str
    said: str = ""  # what the target answered


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters("password", "private_key")
@administrators_only
def settings_page(request: HttpRequest) -> HttpResponse:
    """Show, change and test where recordings go."""
    form = ExportForm(request.POST or None, row=ExportSettings.load())
    tried = None
    if form.is_bound and form.is_valid():
        if "test" in request.POST:
            tried = _try_as_typed(request, form)
        elif is_saved(request, form):
            messages.success(request, _("Saved. In force from the next recording on."))
            return redirect("exports:settings")
    return _page(request, form, BackfillForm(), tried=tried)


@require_POST
@never_cache
@administrators_only
def backfill(request: HttpRequest) -> HttpResponse:
    """Show how many recordings of past days would be exported; confirmed, have it done."""
    form = BackfillForm(request.POST)
    settings_form = ExportForm(row=ExportSettings.load())
    if not form.is_valid():
        return _page(request, settings_form, form)
    if ExportSettings.load().is_off:
        form.add_error(None, _("Export is off. Switch it on first, or pause it."))
        return _page(request, settings_form, form)
    first, last = form.cleaned_data["first_day"], form.cleaned_data["last_day"]
    if "confirm" not in request.POST:
        found = recordings_of_days(first, last).count()
        return _page(request, settings_form, form, found=found, is_counted=True)
    asked = begin_backfill(request, first, last, now=timezone.now())
    told = ngettext(
        "%(count)d recording is exported as well.",
        "%(count)d recordings are exported as well.",
        asked.expected,
    )
    messages.success(request, told % {"count": asked.expected})
    return redirect("exports:settings")


def _try_as_typed(request: HttpRequest, form: ExportForm) -> Tried:
    """Try what was typed; a server whose key is not known yet is asked for that alone."""
    typed = form.as_typed()
    if typed.kind != TargetKind.SFTP or typed.fingerprint:
        return try_target(request, typed)
    record(request, Action.EXPORT_TESTED, kind="export", place=typed.place)
    try:
        fingerprint = fingerprint_at(typed)
    except TargetFault as fault:
        return _failed(fault, typed)
    form.show_fingerprint(fingerprint)
    shows = _("The server shows the key %(key)s.") % {"key": fingerprint}
    text = _(
        "Compare it with what its administrator says. Then test access again; it is filled in."
    )
    return Tried("amber", shows, text)


def try_target(request: HttpRequest, settings: ExportSettings) -> Tried:
    """Try a target as an export uses it; the audit entry says that it was tried."""
    record(request, Action.EXPORT_TESTED, kind="export", place=settings.place)
    try:
        target = target_of(settings, deadline_s=TEST_DEADLINE_S)
        try:
            probed = probe(target)
        finally:
            target.close()
    except TargetFault as fault:
        return _failed(fault, settings)
    works = _("%(place)s takes files.") % {"place": settings.place}
    if probed.may_remove:
        return Tried("green", works, _("A small file was written, read and removed."))
    left = _(
        "A small file was written and read. The user may not delete: the file stays there, and "
        "exports work all the same."
    )
    return Tried("amber", works, left)


def _failed(fault: TargetFault, settings: ExportSettings) -> Tried:
    kind = "sealed" if isinstance(fault, PasswordSealed) else fault.kind.value
    what, remedy = explained(kind, place=settings.place)
    return Tried("red", what, remedy, str(fault))


def is_saved(request: HttpRequest, form: ExportForm) -> bool:
    """Save the form; False, with the reason in it, if somebody was quicker."""
    try:
        save_settings(request, form)
    except StaleSetting as stale:
        stale.tell(form)
        return False
    return True


def _page(
    request: HttpRequest, form: ExportForm, days: BackfillForm, **context: Any
) -> HttpResponse:
    row = ExportSettings.load()
    context |= {
        "form": form,
        "days": days,
        "settings": row,
        "standing": standing(),
        "backfills": ExportBackfill.objects.all()[:BACKFILLS_SHOWN],
    }
    status = 422 if form.errors or days.errors else 200
    return render(request, "exports/settings.html", context, status=status)
