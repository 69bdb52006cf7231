"""The guide of the first run, for administrators: one page a step."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from callvault.portal.configuration.guides import guides_beside_trunks
from callvault.portal.decisions.open_attempts import open_attempts
from callvault.portal.nodes.reports import addresses_of_nodes
from callvault.portal.people.gates import administrators_only, person_of
from callvault.portal.recordings.checks import first_recording_checks, people_to_record

from .models import FirstRun
from .names import StepName
from .steps import (
    Step,
    first_recording,
    next_step,
    own_certificate,
    steps,
    trunks_of_others,
)

ATTEMPTS_SHOWN = 3


@require_safe
@never_cache
@administrators_only
def guide(request: HttpRequest) -> HttpResponse:
    """Lead to the step that is next."""
    return redirect("first_run:step", next_step(steps(person_of(request))).name.value)


@require_safe
@never_cache
@administrators_only
def step(request: HttpRequest, name: StepName) -> HttpResponse:
    """Show one step."""
    all_steps = steps(person_of(request))
    at = next(place for place, one in enumerate(all_steps) if one.name is name)
    context = {
        "steps": all_steps,
        "step": all_steps[at],
        "before": all_steps[at - 1] if at else None,
        "after": all_steps[at + 1] if at + 1 < len(all_steps) else None,
        **_of_step(request, all_steps[at]),
    }
    return render(request, "first_run/step.html", context)


def _of_step(request: HttpRequest, shown: Step) -> dict[str, Any]:
    if shown.name is StepName.PROTECT:
        return {"own": own_certificate()}
    if shown.name is StepName.CONNECT:
        return {
            "addresses": addresses_of_nodes(now=timezone.now()),
            "attempts": open_attempts()[:ATTEMPTS_SHOWN],
            "trunks": trunks_of_others(),
            "guides": guides_beside_trunks(),
        }
    if shown.name is StepName.PEOPLE:
        return {"people": people_to_record()}
    return {
        "recording": first_recording(person_of(request)),
        "checks": first_recording_checks(settings.DATA_FOLDER),
    }


@require_POST
@administrators_only
def skip(request: HttpRequest, name: StepName) -> HttpResponse:
    """Put a step off, and go on with the one behind it."""
    FirstRun.load().skip(name)
    later = list(StepName)[list(StepName).index(name) + 1 :]
    return redirect("first_run:step", later[0].value) if later else redirect("dashboard:index")


@require_POST
@administrators_only
def end(request: HttpRequest) -> HttpResponse:
    """Offer the guide no more."""
    row = FirstRun.load()
    row.ended_at = timezone.now()
    row.save()
    return redirect("dashboard:index")
