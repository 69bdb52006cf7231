"""A form's filter or numbering plan, tried on past calls in place of what is in force (FILT-4)."""

from uuid import UUID

from django.http import HttpRequest
from msgspec.structs import replace

from callvault.policy.filters import Filters
from callvault.portal.decisions.trial_page import TrialPage, trial_page
from callvault.portal.decisions.trying import Draft
from callvault.portal.snapshot import build_snapshot

from .filter_models import FilterScope, NumberingPlan, RecordingFilter
from .policy_parts import plan_of, rules_of


def try_filter(request: HttpRequest, row: RecordingFilter) -> TrialPage:
    """Try one set of rules, unsaved, beside the others as they are in force."""
    in_force = build_snapshot()
    draft = Draft(_with(in_force.filters, row), in_force.plan)
    return trial_page(request, draft, in_force)


def try_plan(request: HttpRequest, row: NumberingPlan) -> TrialPage:
    """Try a numbering plan, unsaved, with the filters in force."""
    in_force = build_snapshot()
    draft = Draft(in_force.filters, plan_of(row, in_force.country_code))
    return trial_page(request, draft, in_force)


def _with(filters: Filters, row: RecordingFilter) -> Filters:
    rules = rules_of(row)
    if row.scope == FilterScope.SYSTEM:
        return replace(filters, system=rules)
    if row.scope == FilterScope.GROUP:
        return replace(filters, by_group={**filters.by_group, row.group: rules})
    if row.person is None:
        return filters
    return replace(filters, by_person={**filters.by_person, UUID(str(row.person.public_id)): rules})
