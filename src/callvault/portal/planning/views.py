"""The page of the storage calculator: the plan is in the address, nothing is saved."""

import csv
from dataclasses import dataclass
from io import StringIO
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from callvault.policy.planning import Needs, Plan, finalise_cores, months_until_full, needs_of
from callvault.portal.people.gates import administrators_only, person_of

from .chart import Chart, draw
from .forms import PlanForm
from .limits import (
    TIMES_REAL_TIME,
    Gauge,
    SystemLimits,
    gauges,
    is_beyond_replication,
    system_limits,
)
from .measured import DAYS, measured_traffic


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a valid plan comes to."""

    plan: Plan
    needs: Needs
    limits: SystemLimits
    chart: Chart | None
    gauges: list[Gauge]
    full_after_months: int | None

    @property
    def is_beyond_replication(self) -> bool:
        """Whether the plan wants storage outside the nodes."""
        return is_beyond_replication(self.needs)

    @property
    def passed(self) -> list[Gauge]:
        """The limits that the plan passes."""
        return [one for one in self.gauges if one.is_passed]

    @property
    def refused_told(self) -> str:
        """Share of calls that may be refused in the busiest hour, in percent, as short as it is."""
        return number_format(f"{self.plan.refused_share * 100:.4g}")

    @property
    def days_kept(self) -> float:
        """Working days of the whole retention."""
        return self.plan.working_days_per_month * self.plan.retention_months


@require_safe
@never_cache
@administrators_only
def index(request: HttpRequest) -> HttpResponse:
    """Show the calculator; the script asks anew while somebody types."""
    form = PlanForm(request.GET)
    context: dict[str, object] = {
        "form": form,
        "days": DAYS,
        "measured": measured_traffic(person_of(request), timezone.now()),
        "csv_url": f"{reverse('planning:csv')}?{request.GET.urlencode()}",
    }
    if form.is_valid():
        context["outcome"] = _outcome(form.plan())
    return render(request, "planning/index.html", context)


@require_safe
@administrators_only
def measured(request: HttpRequest) -> HttpResponse:
    """Fill in what was measured here; what cannot be measured stays as the address says."""
    found = measured_traffic(person_of(request), timezone.now())
    if found is None:
        messages.info(request, _("Nothing was recorded here in the last 30 days."))
        return redirect("planning:index")
    query = {**request.GET.dict(), **found.query()}
    return redirect(f"{reverse('planning:index')}?{urlencode(query)}")


@require_safe
@never_cache
@administrators_only
def as_csv(request: HttpRequest) -> HttpResponse:
    """Give the plan and its needs as CSV: names and units in English, for spreadsheets."""
    form = PlanForm(request.GET)
    if not form.is_valid():
        return redirect(f"{reverse('planning:index')}?{request.GET.urlencode()}")
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(("name", "value"))
    writer.writerows(plan_rows(form.plan()))
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="storage-plan.csv"'
    return response


def _outcome(plan: Plan) -> Outcome:
    needs, limits = needs_of(plan), system_limits(timezone.now())
    free = float(limits.free_bytes) or None
    return Outcome(
        plan=plan,
        needs=needs,
        limits=limits,
        chart=draw(needs, plan, free_bytes=free),
        gauges=gauges(needs, limits),
        full_after_months=months_until_full(needs, plan, free_bytes=free) if free else None,
    )


def plan_rows(plan: Plan) -> list[tuple[str, object]]:
    """Return a plan and what it comes to, as names and values."""
    needs = needs_of(plan)
    load: list[tuple[str, object]] = (
        [("channels", plan.channels)]
        if plan.channels
        else [("users", plan.users), ("calls_per_user_per_day", plan.calls_per_user)]
    )
    cores = finalise_cores(needs, times_real_time=TIMES_REAL_TIME)
    return [
        *load,
        ("mean_call_seconds", round(plan.mean_call_s, 2)),
        ("working_days_per_month", plan.working_days_per_month),
        ("busiest_hour_percent", round(plan.busiest_hour_share * 100, 3)),
        ("refused_percent", round(plan.refused_share * 100, 4)),
        ("retention_months", plan.retention_months),
        ("audio_kbit_per_second", plan.audio_kbit_s),
        ("received_packets_kept", "yes" if plan.received_too else "no"),
        ("screen_kbit_per_second", plan.screen_kbit_s),
        ("calls_per_day", round(needs.calls_per_day, 1)),
        ("calls_per_second_busiest_hour", round(needs.calls_per_second, 3)),
        ("traffic_erlangs_busiest_hour", round(needs.traffic_erlangs, 2)),
        ("calls_at_once", needs.calls_at_once),
        ("bytes_per_day", round(needs.bytes_per_day)),
        ("bytes_at_full_retention", round(needs.bytes_kept)),
        ("recordings_at_full_retention", round(needs.recordings_kept)),
        ("finishing_cores", round(cores, 2)),
    ]
