"""Own sounds of dial-in calls, on the page *Pilot numbers*: bring, hear, use, give up (CAP-3)."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from callvault.audio.prompt_files import as_wav
from callvault.portal.people.gates import administrators_only

from .models import PromptSound, SoundKind
from .pilot_views import pilots_page
from .sounds import SoundForm, drop_draft, give_up, keep_draft, use_draft


@require_POST
@administrators_only
def bring(request: HttpRequest, kind: str) -> HttpResponse:
    """Take a file as a draft."""
    form = SoundForm(request.POST, request.FILES, kind=_kind(kind))
    if not form.is_valid():
        return pilots_page(request, sound_form=form, status=422)
    keep_draft(form)
    messages.success(request, _("Listen to it below, then use it or not."))
    return redirect("configuration:pilots")


@require_POST
@administrators_only
def decide(request: HttpRequest, kind: str) -> HttpResponse:
    """Use a draft, forget it, or go back to what recorders come with."""
    chosen, deed = _kind(kind), request.POST.get("do")
    if deed == "forget":
        drop_draft(chosen)
        messages.success(request, _("Not used."))
    elif deed in ("use", "stock"):
        done = (use_draft if deed == "use" else give_up)(request, chosen)
        if done:
            messages.success(request, _("Saved. In force for the next call."))
        else:
            messages.error(request, _("Somebody changed this meanwhile; nothing was done."))
    else:
        raise Http404
    return redirect("configuration:pilots")


@require_safe
@never_cache
@administrators_only
def listen(request: HttpRequest, kind: str, state: str) -> HttpResponse:
    """Play a sound as callers hear it."""
    row = get_object_or_404(PromptSound, kind=_kind(kind), is_draft=state == "draft")
    return HttpResponse(as_wav(bytes(row.ulaw)), content_type="audio/wav")


def _kind(kind: str) -> SoundKind:
    try:
        return SoundKind(kind)
    except ValueError:
        raise Http404 from None
