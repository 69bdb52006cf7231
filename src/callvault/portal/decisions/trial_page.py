"""What a form shows of its draft, tried on past calls: figures, rules, and calls that change."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from callvault.policy.simulation import Change, RuleCount, RuleName, Tried
from callvault.policy.snapshot import Snapshot
from callvault.portal.audit.searches import record_search
from callvault.portal.configuration.filter_models import FilterDirections, FilterTraffic
from callvault.portal.people.gates import person_of
from callvault.portal.recordings.phrases import number_shown

from .trying import DEFAULT_DAYS, Draft, sentence_of, try_draft

DAYS = (1, 7, 30, 90)
RULES_SHOWN = 20
ROWS_SHOWN = 10
"""Calls shown of each kind of change: the form that they are about stands below them."""


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """A call that would end otherwise."""

    url: str
    at: datetime
    username: str
    number: str
    title: str
    text: str
    tone: str  # the verdict whose colours it has


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule, whose it is, and how many calls it filters."""

    title: str
    whose: str
    then: int
    now: int


@dataclass(frozen=True, slots=True)
class TrialPage:
    """A draft, tried, as `decisions/_trial.html` shows it."""

    days: int
    since: datetime
    is_cut: bool
    calls: int
    newly_filtered: int
    newly_recorded: int
    unchanged: int
    unknown: int
    rules: Sequence[RuleRow]
    rows: Sequence[ChangedRow]

    @property
    def changed(self) -> int:
        """How many calls would end otherwise."""
        return self.newly_filtered + self.newly_recorded

    @property
    def hidden(self) -> int:
        """How many of them have no row."""
        return self.changed - len(self.rows)


def is_trial(request: HttpRequest) -> bool:
    """Whether a form is sent to be tried, not to be saved."""
    return request.method == "POST" and "try" in request.POST


def trial_page(request: HttpRequest, draft: Draft, in_force: Snapshot) -> TrialPage:
    """Try a draft on as many days as the form says; an administrator's search, so written down."""
    days = days_in(request)
    record_search(request, "filters_tried", {"days": days})
    trial = try_draft(person_of(request), draft, in_force, now=timezone.now(), days=days)
    counts = trial.simulation.counts
    return TrialPage(
        days=days,
        since=trial.traffic.since,
        is_cut=trial.traffic.is_cut,
        calls=trial.simulation.calls,
        newly_filtered=counts[Change.NEWLY_FILTERED],
        newly_recorded=counts[Change.NEWLY_RECORDED],
        unchanged=counts[Change.STILL_RECORDED] + counts[Change.STILL_FILTERED],
        unknown=counts[Change.UNKNOWN],
        rules=[_rule_row(one) for one in trial.simulation.rules[:RULES_SHOWN]],
        rows=[_changed_row(one) for some in trial.examples for one in some[:ROWS_SHOWN]],
    )


def days_in(request: HttpRequest) -> int:
    """Return how many days back the form asks for; a week unless it offers what was sent."""
    sent = request.POST.get("days", "")
    return next((days for days in DAYS if str(days) == sent), DEFAULT_DAYS)


def _changed_row(tried: Tried) -> ChangedRow:
    call = tried.call
    is_filtered = tried.change is Change.NEWLY_FILTERED
    return ChangedRow(
        url=reverse("decisions:call", args=[call.call_id]),
        at=call.at,
        username=call.username,
        number=number_shown(call.remote),
        title=_("Would be filtered") if is_filtered else _("Would be recorded"),
        text=sentence_of(tried) if is_filtered else _was(sentence_of(tried)),
        tone="filtered" if is_filtered else "recorded",
    )


def _was(reason: str) -> str:
    return _("Filtered then: %(reason)s") % {"reason": reason}


def _rule_row(counted: RuleCount) -> RuleRow:
    rule = counted.rule
    whose = rule.of or _("Everybody's rules")
    return RuleRow(_rule_title(rule), whose, counted.then, counted.now)


def _rule_title(rule: RuleName) -> str:
    choices = {
        "directions": dict(FilterDirections.choices),
        "traffic": dict(FilterTraffic.choices),
    }.get(rule.rule, {})
    if rule.value in choices:
        return str(choices[rule.value])
    if rule.rule == "black_list":
        return _("Black list: %(pattern)s") % {"pattern": rule.value}
    return f"{rule.rule.replace('_', ' ')}: {rule.value}"
