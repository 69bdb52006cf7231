"""A draft of filters and numbering plan, tried on the calls of the last days (FILT-4)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from callvault.policy.decision import Outcome
from callvault.policy.filters import FilterJudge, Filters
from callvault.policy.numbering_plan import NumberingPlan, PlanReader
from callvault.policy.owner import PeopleIndex
from callvault.policy.simulation import Change, RuleName, Simulation, Tried, simulate
from callvault.policy.snapshot import Snapshot
from callvault.portal.people.models import User

from .past_calls import PastTraffic, past_traffic
from .sentences import step_view

DEFAULT_DAYS = 7
CHANGES = (Change.NEWLY_FILTERED, Change.NEWLY_RECORDED)


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody thinks of saving."""

    filters: Filters
    plan: NumberingPlan


@dataclass(frozen=True, slots=True)
class Trial:
    """A draft, tried."""

    traffic: PastTraffic
    simulation: Simulation

    @property
    def examples(self) -> list[tuple[Tried, ...]]:
        """Some of the calls that would end otherwise, the latest first, by the kind of change."""
        return [self.simulation.examples.get(change, ()) for change in CHANGES]

    @property
    def changed(self) -> list[Tried]:
        """All examples, one kind after the other."""
        return [one for some in self.examples for one in some]


def try_draft(
    reader: User, draft: Draft, in_force: Snapshot, *, now: datetime, days: int = DEFAULT_DAYS
) -> Trial:
    """Try a draft on the calls of the last days that the reader may see. Nothing is written."""
    people = PeopleIndex.of(in_force)
    judge = FilterJudge(draft.filters, PlanReader(draft.plan), is_known=people.knows)
    traffic = past_traffic(reader, since=now - timedelta(days=days), until=now)
    return Trial(traffic, simulate(traffic.calls, judge))


def sentence_of(tried: Tried) -> str:
    """Say by which rule a call would be filtered, or was."""
    rule = tried.rule or tried.call.filtered_by
    return rule_sentence(rule, tried.call.remote) if rule is not None else ""


def rule_sentence(rule: RuleName, number: str = "") -> str:
    """Say what a rule does, as the page of a decision says it."""
    values = {"rule": rule.rule, "value": rule.value, "scope": rule.scope, "of": rule.of}
    values["number"] = number
    told = {name: value for name, value in values.items() if value}
    return step_view({"code": "filters", "outcome": Outcome.STOPPED, "values": told}).text
