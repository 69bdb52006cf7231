"""Pausing with a reason: a page of its own, since the list of calls changes every two seconds.

The reason is on the timeline of the recording and in the audit log, and nowhere else.
"""

from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from callvault.monitoring.live_calls import LONGEST_DETAIL
from callvault.portal.people.gates import person_of

from .calls import SeenCall, look, own_part
from .recorder import Deed, Unreachable
from .views import trouble_of


class ReasonForm(forms.Form):
    """Why a recording is paused."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        required=False,
        max_length=LONGEST_DETAIL,
        help_text=gettext_lazy(
            "Stands on the timeline of the recording and in the audit log: nothing that is secret."
        ),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def pause_for(request: HttpRequest, call_id: UUID) -> HttpResponse:
    """Ask why a recording is paused, and pause it."""
    return pause_page(request, call_id, template="live/pause.html", back="live:index")


def pause_page(
    request: HttpRequest, call_id: UUID, *, template: str, back: str, is_own_only: bool = False
) -> HttpResponse:
    """Show the form or pause; then go back to the calls. `is_own_only`: one's own call."""
    form = ReasonForm(request.POST if request.method == "POST" else None)
    trouble = ""
    if form.is_bound and form.is_valid():
        reason = form.cleaned_data["reason"]
        trouble = trouble_of(request, Deed.PAUSE, call_id, is_own_only=is_own_only, reason=reason)
        if not trouble:
            return redirect(back)
    seen = _seen(request, call_id, is_own_only=is_own_only)
    if seen is None and not trouble:
        return redirect(back)  # it is over, or was never theirs: the list says what there is
    owner = seen.owner if seen is not None else None
    context = {"form": form, "trouble": trouble, "name": owner.name if owner else "", "back": back}
    return render(request, template, context, status=422 if form.errors else 200)


def _seen(request: HttpRequest, call_id: UUID, *, is_own_only: bool) -> SeenCall | None:
    user = person_of(request)
    try:
        found = next((one for one in look(user).calls if one.call.call_id == call_id), None)
    except Unreachable:
        return None
    return own_part(found, user) if found is not None and is_own_only else found
