"""Several people at once: activated, deactivated, put into another group, after a look at it."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from callvault.portal.configuration.capacity_room import most_enabled
from callvault.portal.configuration.models import PolicyRevision
from callvault.portal.configuration.pilot_claims import PilotGuard

from .applying import PeopleChanged, apply_plan, everybody
from .gates import administrators_only, person_of
from .people_audit import Actor
from .planning import Outcome, Plan, Wanted, full_name, plan

MOST = 500


class BulkForm(forms.Form):
    """What is to be done, and with whom."""

    deed = forms.ChoiceField(choices=[(name, name) for name in ("activate", "deactivate", "group")])
    group = forms.CharField(required=False, max_length=100)

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        self.people = [_uuid(text) for text in data.getlist("person")[:MOST]]

    @property
    def texts(self) -> dict[str, str]:
        """What each person is wanted to have."""
        deed = self.cleaned_data["deed"]
        if deed == "group":
            return {"group": self.cleaned_data["group"]}
        return {"is_active": "yes" if deed == "activate" else "no"}


@require_POST
@never_cache
@administrators_only
def bulk(request: HttpRequest) -> HttpResponse:
    """Show what would be done; do it once that is confirmed."""
    form = BulkForm(request.POST)
    people = [one for one in form.people if one]
    if not people or not form.is_valid():
        messages.info(request, _("Nobody was selected."))
        return redirect("people:list")
    revision = PolicyRevision.current()
    found = planned(request, form, people)
    if request.POST.get("confirmed") and found.deeds:
        try:
            apply_plan(found, revision=revision, actor=Actor.of_request(request))
        except PeopleChanged:
            return render(request, "people/bulk.html", _context(form, found, has_changed=True))
        done = ngettext(
            "%(count)s person is changed.", "%(count)s people are changed.", found.deeds
        )
        messages.success(request, done % {"count": found.deeds})
        return redirect("people:list")
    return render(request, "people/bulk.html", _context(form, found, has_changed=False))


def planned(request: HttpRequest, form: BulkForm, people: list[UUID]) -> Plan:
    """Return what would become of each."""
    existing = everybody()
    known = {one.person_id: one.name for one in existing}
    wanted = [
        Wanted(known[person_id], form.texts, person_id)
        for person_id in dict.fromkeys(people)
        if person_id in known
    ]
    guard = PilotGuard.in_force()
    editor = person_of(request).public_id
    return plan(
        existing, wanted, editor=editor, reserved=guard.refusal, most_enabled=most_enabled()
    )


def _context(form: BulkForm, found: Plan, *, has_changed: bool) -> dict[str, object]:
    changed = found.of(Outcome.CHANGED)
    return {
        "deed": form.cleaned_data["deed"],
        "group": changed[0].values["group"] if changed else form.cleaned_data["group"],
        "changed": [(row.person_id, full_name(row.values)) for row in changed],
        "unchanged": len(found.of(Outcome.UNCHANGED)),
        "refused": [
            (full_name(row.before), row.problems[0].message) for row in found.of(Outcome.ERROR)
        ],
        "has_changed": has_changed,
    }


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
