"""The page *Permissions*: who may download, who may delete (USER-7)."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from callvault.portal.people.gates import administrators_only

from .models import DeletionBan, LowestLevel
from .rights import LowestLevels, RightsRefused, change_rights, levels_in_force, phrase_to_type

NEVER = LowestLevel.NOBODY_MAY
MEANINGS = {
    LowestLevel.SIMPLE_USERS: gettext_lazy("Everyone, on what they see: their own recordings."),
    LowestLevel.GROUP_SUPERVISORS: gettext_lazy("And administrators. On recordings they see."),
    LowestLevel.ADMINISTRATORS: gettext_lazy("Nobody else."),
    LowestLevel.NOBODY_MAY: gettext_lazy("Not even administrators."),
}
NEVER_MEANING = gettext_lazy("Not even administrators, and this can never be changed again.")


class RightsForm(forms.Form):
    """Two choices, and what was in force when they were made."""

    download = forms.TypedChoiceField(choices=LowestLevel.choices, coerce=int)
    delete = forms.TypedChoiceField(choices=LowestLevel.choices, coerce=int)
    seen_download = forms.TypedChoiceField(choices=LowestLevel.choices, coerce=int)
    seen_delete = forms.TypedChoiceField(choices=LowestLevel.choices, coerce=int)

    def wanted(self) -> LowestLevels:
        """Return what was chosen; call after `is_valid`."""
        return self._levels("download", "delete")

    def seen(self) -> LowestLevels:
        """Return what was in force then."""
        return self._levels("seen_download", "seen_delete")

    def _levels(self, download: str, delete: str) -> LowestLevels:
        read = self.cleaned_data
        return LowestLevels(LowestLevel(read[download]), LowestLevel(read[delete]))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def permissions(request: HttpRequest) -> HttpResponse:
    """Show and change both. "Nobody" for delete is asked for on a page of its own first."""
    now = levels_in_force()
    if request.method != "POST":
        return _page(request, now, now)
    form = RightsForm(request.POST)
    if not form.is_valid():
        return _page(request, now, now, problem=_("Choose one of the levels for each."))
    wanted, phrase = form.wanted(), request.POST.get("phrase")
    if wanted.delete == NEVER != now.delete and phrase is None:
        return _question(request, wanted, form.seen())
    try:
        change_rights(request, wanted, seen=form.seen(), phrase=phrase or "")
    except RightsRefused as refused:
        if phrase is not None and levels_in_force() == form.seen():
            return _question(request, wanted, form.seen(), phrase=phrase, problem=str(refused))
        return _page(request, levels_in_force(), wanted, problem=str(refused))
    messages.success(request, _("Saved. In force at once."))
    return redirect("configuration:permissions")


def _page(
    request: HttpRequest, now: LowestLevels, chosen: LowestLevels, *, problem: str = ""
) -> HttpResponse:
    is_never = now.delete == NEVER
    context = {
        "now": now,
        "problem": problem,
        "is_never": is_never,
        "ban": DeletionBan.objects.first() if is_never else None,
        "download_choices": _choices(chosen.download),
        "delete_choices": [] if is_never else _choices(chosen.delete, last=str(NEVER_MEANING)),
    }
    status = 422 if problem else 200
    return render(request, "configuration/permissions.html", context, status=status)


def _choices(chosen: LowestLevel, *, last: str = "") -> list[dict[str, object]]:
    return [
        {
            "value": one.value,
            "label": one.label,
            "text": last if last and one == NEVER else MEANINGS[one],
            "chosen": one == chosen,
        }
        for one in LowestLevel
    ]


def _question(
    request: HttpRequest,
    wanted: LowestLevels,
    seen: LowestLevels,
    *,
    phrase: str = "",
    problem: str = "",
) -> HttpResponse:
    context = {
        "wanted": wanted,
        "seen": seen,
        "phrase_to_type": phrase_to_type(),
        "phrase": phrase,
        "problem": problem,
    }
    status = 422 if problem else 200
    return render(request, "configuration/permissions_never.html", context, status=status)
