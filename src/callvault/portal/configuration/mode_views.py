"""The page *Recording modes*: what is said for groups, and where else a mode is set (MODE-1)."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from callvault.portal.people.gates import administrators_only
from callvault.portal.people.models import User

from .filter_saving import StaleSetting
from .mode_forms import ModesForm
from .mode_models import RecordingModes
from .mode_saving import save_modes
from .models import Trunk

_MOST_SHOWN = 200


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def modes(request: HttpRequest) -> HttpResponse:
    """Show and change the modes of groups, and list the people who have their own."""
    form = ModesForm(request.POST or None, row=RecordingModes.load())
    if form.is_bound and form.is_valid() and _is_saved(request, form):
        messages.success(request, _("Saved. In force for the next call."))
        return redirect("configuration:modes")
    people = User.objects.exclude(mode="").order_by("sort_name", "pk")
    context = {
        "form": form,
        "trunks": Trunk.objects.all(),
        "people": people[:_MOST_SHOWN],
        "left_off": max(people.count() - _MOST_SHOWN, 0),
    }
    return render(
        request, "configuration/modes.html", context, status=422 if form.is_bound else 200
    )


def _is_saved(request: HttpRequest, form: ModesForm) -> bool:
    try:
        save_modes(request, form)
    except StaleSetting as stale:
        stale.tell(form)
        return False
    return True
