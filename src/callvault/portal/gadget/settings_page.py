"""The page *Gadget* of the global settings: which pages may embed it. Audited."""

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.configuration.filter_saving import StaleSetting, refuse_stale
from callvault.portal.people.gates import administrators_only

from .models import GadgetSettings
from .origins import MOST_ORIGINS, BadOrigin, origin_of

KIND = "gadget"


class GadgetForm(forms.Form):
    """The origins, one a line."""

    origins = forms.CharField(
        label=gettext_lazy("Pages that may embed it"),
        required=False,
        max_length=8000,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
        help_text=gettext_lazy(
            "Origins, one a line, such as https://finesse.example.com:8445. Empty: there is no "
            "gadget."
        ),
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def clean_origins(self) -> list[str]:
        """Take each line for an origin; the first that is none is named with its line."""
        found: dict[str, None] = {}
        for number, line in enumerate(str(self.cleaned_data["origins"]).splitlines(), 1):
            if line.strip():
                try:
                    found[origin_of(line)] = None
                except BadOrigin as bad:
                    told = _("Line %(number)s: %(problem)s") % {"number": number, "problem": bad}
                    raise forms.ValidationError(told) from None
        if len(found) > MOST_ORIGINS:
            raise forms.ValidationError(_("At most %(most)s origins.") % {"most": MOST_ORIGINS})
        return list(found)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def gadget_settings(request: HttpRequest) -> HttpResponse:
    """Show and change who may embed the gadget."""
    row = GadgetSettings.load()
    initial = {"origins": "\n".join(row.origins), "version": row.version}
    form = GadgetForm(request.POST or None, initial=initial)
    if form.is_bound and form.is_valid() and _is_saved(request, form):
        messages.success(request, _("Saved. In force for pages that are opened from now on."))
        return redirect("gadget:settings")
    context = {
        "form": form,
        "is_on": bool(row.origins),
        "page_url": request.build_absolute_uri(reverse("gadget:index")),
        "finesse_url": request.build_absolute_uri(reverse("gadget:finesse")),
    }
    return render(request, "gadget/settings.html", context, status=422 if form.is_bound else 200)


def _is_saved(request: HttpRequest, form: GadgetForm) -> bool:
    try:
        save_origins(request, form)
    except StaleSetting as stale:
        stale.tell(form)
        return False
    return True


@transaction.atomic
def save_origins(request: HttpRequest, form: GadgetForm) -> None:
    """Save the form. Raises StaleSetting, having changed nothing, if somebody was quicker."""
    row = GadgetSettings.objects.select_for_update().first() or GadgetSettings(version=0)
    refuse_stale(form.cleaned_data.get("version"), row.version, KIND)
    before, after = row.origins, form.cleaned_data["origins"]
    if before == after:
        return
    row.origins, row.version = after, row.version + 1
    record(
        request, Action.SETTINGS_CHANGED, kind=KIND, version=row.version, fields=["origins"],
        old={"origins": before}, new={"origins": after},
    )  # fmt: skip
    row.save()
