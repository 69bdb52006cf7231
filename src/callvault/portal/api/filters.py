"""Recording filters by the API: a draft tried on past calls, for administrators (FILT-4)."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone, translation
from ninja import Router

from callvault.policy.filters import FilterRules, Filters
from callvault.policy.numbering_plan import NumberingPlan
from callvault.policy.snapshot import Snapshot
from callvault.portal.audit.searches import record_search
from callvault.portal.decisions.trying import Draft, Trial, sentence_of, try_draft
from callvault.portal.middleware import language_of
from callvault.portal.snapshot import build_snapshot

from .callers import using
from .calls import administrator_of
from .errors import PROBLEMS
from .filter_shapes import DraftIn, PlanIn, RulesIn, TriedOut
from .scopes import Scope

router = Router(tags=["Recording filters"])


@router.post(
    "/try", response={200: TriedOut, **PROBLEMS}, **using(Scope.CALLS_READ),
    summary="Try a draft on past calls",
)  # fmt: skip
def try_filters(request: HttpRequest, draft: DraftIn) -> dict[str, Any]:
    """Say what filters would have made of the calls of the last days. Nothing is saved.

    Whose call it was, which way it went and how it was kept are taken as they were; calls that
    another rule ended are not among them. At most 50,000 calls are tried, the latest.
    """
    user = administrator_of(request)
    record_search(request, "filters_tried", {"days": draft.days})
    in_force = build_snapshot()
    trial = try_draft(user, _draft(draft, in_force), in_force, now=timezone.now(), days=draft.days)
    with translation.override(language_of(user)):
        return _told(trial)


def _draft(sent: DraftIn, in_force: Snapshot) -> Draft:
    """Return the draft; what was not sent is as it is in force."""
    now = in_force.filters
    filters = Filters(
        system=now.system if sent.system is None else _rules(sent.system),
        by_group=now.by_group if sent.groups is None else _by_name(sent.groups),
        by_person=now.by_person if sent.people is None else _by_id(sent.people),
    )
    return Draft(filters, in_force.plan if sent.plan is None else _plan(sent.plan))


def _by_name(sent: dict[str, RulesIn]) -> dict[str, FilterRules]:
    return {name: _rules(rules) for name, rules in sent.items()}


def _by_id(sent: dict[UUID, RulesIn]) -> dict[UUID, FilterRules]:
    return {person: _rules(rules) for person, rules in sent.items()}


def _rules(sent: RulesIn) -> FilterRules:
    return FilterRules(sent.directions, sent.traffic, tuple(sent.black_list))


def _plan(sent: PlanIn) -> NumberingPlan:
    return NumberingPlan(
        country_code=sent.country_code,
        international_prefixes=tuple(sent.international_prefixes),
        national_prefix=sent.national_prefix,
        outgoing_prefixes=tuple(sent.outgoing_prefixes),
        incoming_prefixes=tuple(sent.incoming_prefixes),
        internal_patterns=tuple(sent.internal_patterns),
    )


def _told(trial: Trial) -> dict[str, Any]:
    return {
        "since": trial.traffic.since,
        "until": trial.traffic.until,
        "is_cut": trial.traffic.is_cut,
        "calls": trial.simulation.calls,
        "counts": trial.simulation.counts,
        "rules": [
            {
                "rule": one.rule.rule,
                "value": one.rule.value,
                "scope": one.rule.scope,
                "of": one.rule.of,
                "then": one.then,
                "now": one.now,
            }
            for one in trial.simulation.rules
        ],
        "changes": [
            {
                "call_id": one.call.call_id,
                "at": one.call.at,
                "username": one.call.username,
                "group": one.call.group,
                "direction": one.call.direction,
                "remote_number": one.call.remote,
                "change": one.change,
                "reason": sentence_of(one),
            }
            for one in trial.changed
        ],
    }
