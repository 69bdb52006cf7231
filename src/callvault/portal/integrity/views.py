"""The page *Integrity* of the settings, and checking one recording at once."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from callvault.errors import VaultError
from callvault.portal.configuration.filter_saving import StaleSetting
from callvault.portal.configuration.row_saving import save_row
from callvault.portal.people.gates import administrators_only, person_of
from callvault.portal.recordings.media import title_of
from callvault.portal.recordings.permissions import may_play, recording_visible_to
from callvault.vault import StampRefused

from .forms import StampForm
from .models import LogState, StampSettings
from .stamping import AuthoritySilent, ask, problem_told
from .standing import check_now
from .status import log_status

KIND = "integrity"
TESTED = b"a test of Callvault"


@dataclass(frozen=True, slots=True)
class Tried:
    """How a test went."""

    tone: str
    strong: str
    text: str


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def integrity(request: HttpRequest) -> HttpResponse:
    """Show how the log is; change and try the time-stamp authority."""
    form = StampForm(request.POST or None, row=StampSettings.objects.first())
    tried = None
    if form.is_bound and form.is_valid():
        if "test" in request.POST:
            tried = try_authority(form)
        elif _is_saved(request, form):
            messages.success(request, _("Saved."))
            return redirect("integrity:settings")
    context = {"form": form, "tried": tried, "log": log_status(person_of(request))}
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "integrity/settings.html", context, status=status)


def _is_saved(request: HttpRequest, form: StampForm) -> bool:
    try:
        save_stamping(request, form)
    except StaleSetting as stale:
        stale.tell(form)
        return False
    return True


def save_stamping(request: HttpRequest, form: StampForm) -> None:
    """Save the form. Raises StaleSetting, having changed nothing, if somebody was quicker."""

    def fill(row: StampSettings) -> None:
        row.url, row.authorities = form.cleaned_data["url"], form.cleaned_data["authorities"]

    version = form.cleaned_data.get("version")
    save_row(request, KIND, StampSettings, opened_at=version, facts_of=facts_of, fill=fill)
    LogState.objects.update(stamp_failures=0, stamp_next_at=None, stamp_problem="")


def facts_of(row: StampSettings) -> dict[str, object]:
    """Return the values of the row."""
    return {"url": row.url, "authorities": row.authorities}


def try_authority(form: StampForm) -> Tried:
    """Ask the authority as typed for a time stamp of nothing in particular."""
    url = form.cleaned_data["url"]
    if not url:
        return Tried("amber", _("Nobody was asked."), _("Name an authority to test it."))
    try:
        stamp = ask(url, form.cleaned_data["authorities"], TESTED).stamp
    except AuthoritySilent as silent:
        text = _("Is the address right, and may this machine reach it?")
        return Tried("red", _("No time stamp: %(why)s.") % {"why": problem_told(str(silent))}, text)
    except StampRefused as refused:
        text = _("Is the certificate that of this authority, or of the root that vouches for it?")
        return Tried("red", _("No time stamp that holds: %(why)s.") % {"why": refused}, text)
    apart_s = abs((timezone.now() - stamp.at).total_seconds())
    if apart_s > 60:
        text = _("Its clock and that of this machine are %(seconds)d seconds apart.")
        return Tried("amber", _("It answered."), text % {"seconds": apart_s})
    text = _("Signed by %(name)s. Save to have each day stamped.") % {"name": stamp.authority}
    return Tried("green", _("It answered with a time stamp that holds."), text)


@require_POST
@never_cache
def check(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    """Compare all there is of a recording now."""
    person = person_of(request)
    recording = recording_visible_to(person, recording_id)
    if not may_play(person, recording):
        raise PermissionDenied
    try:
        standing = check_now(recording)
    except VaultError as error:
        messages.error(request, title_of(error))
    else:
        if standing.state == "changed":
            messages.error(request, _("Checked: this recording was changed."))
        else:
            messages.success(request, _("Checked: nothing was changed."))
    return redirect("recordings:recording", recording_id)
