"""The page *Pilot numbers*, and a box that says whose call a number dialled would be (IDENT-5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from callvault.portal.people.gates import administrators_only
from callvault.portal.people.models import User

from .filter_saving import StaleSetting
from .models import PilotNumbers, PromptSound, SoundKind
from .pilot_forms import PilotForm
from .pilot_reading import LONGEST_TYPED, read_dialled
from .pilot_saving import UsedMeanwhile, save_pilots
from .sounds import LONGEST_S, SoundForm


@dataclass(frozen=True, slots=True)
class SoundRow:
    """What the page shows of the own sounds of one kind."""

    kind: SoundKind
    form: SoundForm
    used: PromptSound | None
    draft: PromptSound | None
    longest_s: int


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def pilots(request: HttpRequest) -> HttpResponse:
    """Show and change the numbers, or read one that is dialled: POSTed, so that no log has it."""
    row = PilotNumbers.load()
    is_test = "test" in request.POST
    form = PilotForm(request.POST if request.POST and not is_test else None, instance=row)
    if form.is_bound and form.is_valid() and _is_saved(request, form):
        messages.success(request, _("Saved. In force for the next call."))
        return redirect("configuration:pilots")
    context: dict[str, object] = {}
    if is_test:
        dialled, phone = (
            str(request.POST.get(name, ""))[:LONGEST_TYPED].strip() for name in ("number", "phone")
        )
        context = {"number": dialled, "phone": phone}
        if dialled:
            context["reading"] = read_dialled(dialled, phone)
    return pilots_page(request, form, context, status=422 if form.is_bound else 200)


def pilots_page(
    request: HttpRequest,
    form: PilotForm | None = None,
    more: Mapping[str, object] = MappingProxyType({}),
    *,
    sound_form: SoundForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show the page, with a form that was refused in its place."""
    with_partition = User.objects.filter(is_active=True).exclude(numeric_partition_id="")
    context: dict[str, object] = {
        "form": form or PilotForm(instance=PilotNumbers.load()),
        "prefix": PilotNumbers.load().recording_prefix,
        "with_user_id": User.objects.filter(is_active=True).exclude(numeric_user_id="").count(),
        "with_partition": with_partition.count(),
        "partitions": with_partition.values("numeric_partition_id").distinct().count(),
        "sounds": _sound_rows(sound_form),
        **more,
    }
    return render(request, "configuration/pilots.html", context, status=status)


def _sound_rows(refused: SoundForm | None) -> list[SoundRow]:
    rows = {(row.kind, row.is_draft): row for row in PromptSound.objects.all()}
    return [
        SoundRow(
            kind,
            refused if refused is not None and refused.kind is kind else SoundForm(kind=kind),
            rows.get((kind.value, False)),
            rows.get((kind.value, True)),
            LONGEST_S[kind],
        )
        for kind in SoundKind
    ]


def _is_saved(request: HttpRequest, form: PilotForm) -> bool:
    try:
        save_pilots(request, form)
    except StaleSetting as stale:
        stale.tell(form)
        return False
    except UsedMeanwhile:
        return False
    return True
