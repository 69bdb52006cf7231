"""The page *Numbering plan*: how numbers are written here, and a box that reads one (FILT-6)."""

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from callvault.policy.numbering_plan import Heading, Kind, PlanReader
from callvault.policy.owner import PeopleIndex
from callvault.portal.decisions.trial_page import is_trial
from callvault.portal.people.gates import administrators_only
from callvault.portal.snapshot import build_snapshot

from .filter_saving import StaleSetting, plan_facts, save_plan
from .models import NumberingPlan, SystemSettings
from .pattern_fields import PatternsField, PrefixesField, is_prefix
from .pilot_claims import internal_problems
from .policy_parts import plan_of
from .trial import try_plan

if TYPE_CHECKING:
    PlanModelForm = forms.ModelForm[NumberingPlan]
else:  # not generic at run time
    PlanModelForm = forms.ModelForm


class PlanForm(PlanModelForm):
    """The prefixes and the internal numbers."""

    international_prefixes = PrefixesField(
        label=gettext_lazy("International prefixes"),
        help_text=gettext_lazy("Dialled in place of +, one a line, such as 00."),
    )
    outgoing_prefixes = PrefixesField(
        label=gettext_lazy("Outgoing prefixes"),
        help_text=gettext_lazy("Dialled for an outside line, one a line, such as 0 or 9."),
    )
    incoming_prefixes = PrefixesField(
        label=gettext_lazy("Incoming prefixes"),
        help_text=gettext_lazy("What the phone system puts before a caller's number, one a line."),
    )
    internal_patterns = PatternsField(
        label=gettext_lazy("Internal numbers"),
        help_text=gettext_lazy(
            "Patterns of numbers of the organisation that are nobody's here, one a line: 2... for "
            "four digits, 88! for all that begins so. Numbers of people are internal anyhow."
        ),
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    class Meta:
        """All but the country code, which holds for the whole system."""

        model = NumberingPlan
        fields = (
            "international_prefixes",
            "national_prefix",
            "outgoing_prefixes",
            "incoming_prefixes",
            "internal_patterns",
        )
        help_texts: ClassVar[dict[str, Any]] = {
            "national_prefix": gettext_lazy(
                "Dialled before a national number and left out abroad, such as 0 in the United "
                "Kingdom. Empty where it belongs to the number, as in Italy."
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Remember the version that is being edited."""
        super().__init__(*args, **kwargs)
        self.initial["version"] = self.instance.version

    def clean_internal_patterns(self) -> list[str]:
        """Refuse patterns that take a number under which the recorder itself is called."""
        patterns: list[str] = self.cleaned_data.get("internal_patterns") or []
        if problems := internal_problems(patterns, known=self.initial["internal_patterns"]):
            raise forms.ValidationError(problems)
        return patterns

    def clean_national_prefix(self) -> str:
        """Take nothing, or what can be dialled."""
        prefix = str(self.cleaned_data.get("national_prefix") or "").strip()
        if prefix and not is_prefix(prefix):
            raise forms.ValidationError(_("A prefix is up to 8 digits, * or #."))
        return prefix


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@administrators_only
def plan(request: HttpRequest) -> HttpResponse:
    """Show and change the plan, or read one number by it: POSTed, so that no log has it."""
    row = NumberingPlan.load()
    before = plan_facts(row)
    is_test = "test" in request.POST
    form = PlanForm(request.POST if request.POST and not is_test else None, instance=row)
    trial = None
    if is_trial(request):
        trial = try_plan(request, form.instance) if form.is_valid() else None
    elif form.is_bound and form.is_valid() and _is_saved(request, form, before):
        messages.success(request, _("Saved. In force for the next call."))
        return redirect("configuration:plan")
    context: dict[str, object] = {
        "form": form,
        "trial": trial,
        "country_code": SystemSettings.load().country_code,
        "headings": [("in", _("A caller's")), ("out", _("One that was called"))],
    }
    if is_test:
        number = str(request.POST.get("number", ""))[:64].strip()
        heading = Heading.OUT if request.POST.get("heading") == "out" else Heading.IN
        context |= {"number": number, "heading": heading.value}
        if number:
            context["reading"] = _reading(number, heading)
    status = 422 if form.is_bound and trial is None else 200
    return render(request, "configuration/plan.html", context, status=status)


def _is_saved(request: HttpRequest, form: PlanForm, before: dict[str, object]) -> bool:
    try:
        save_plan(
            request,
            form.save(commit=False),
            before,
            opened_at=form.cleaned_data.get("version"),
        )
    except StaleSetting as stale:
        stale.tell(form)
        return False
    return True


def _reading(number: str, heading: Heading) -> dict[str, object]:
    """Read a number by the saved plan, as recorders do, and say how."""
    snapshot = build_snapshot()
    reader = PlanReader(plan_of(NumberingPlan.load(), snapshot.country_code))
    read = reader.read(number, heading)
    is_known = PeopleIndex.of(snapshot).knows(number)
    is_internal = is_known or reader.internal_pattern(number) is not None
    kinds = {
        Kind.INTERNAL: _("an internal or service number"),
        Kind.E164: _("a full number with its country"),
        Kind.NATIONAL: _("a full number, whose country is not known"),
        Kind.NAME: _("no number"),
    }
    traffic = _("internal") if is_internal else _("external")
    return {
        "text": read.text,
        "kind": kinds[read.kind],
        "traffic": traffic,
        "is_known": is_known,
        "steps": [_step_told(code, value) for code, value in read.steps],
    }


def _step_told(code: str, value: str) -> str:
    told = {
        "internal_pattern": _("It matches the internal pattern %(value)s."),
        "outgoing_prefix": _("The outgoing prefix %(value)s is taken off."),
        "incoming_prefix": _("The incoming prefix %(value)s is taken off."),
        "international_prefix": _("The international prefix %(value)s becomes +."),
        "national_prefix": _("The national prefix %(value)s is taken off."),
        "country": _("The country code %(value)s is put before it."),
        "short": _("With %(value)s digits it is too short for a full number."),
    }.get(code, f"{code.replace('_', ' ')}: %(value)s")
    return told % {"value": value}
