"""A draft of the recording filters, tried on calls that there were (FILT-4).

Only what filters decide is asked: whose call it was, which way it went and how it was kept are
taken as they were. So a call that another rule ended (no owner, the mode) is not among them.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from callvault.policy.decision import Direction
from callvault.policy.filters import CallFacts, Effect, FilterJudge, Ruling

MOST_EXAMPLES = 50
"""Calls shown of each kind of change."""
MOST_RULES = 100
"""Rules told, those with the most calls first: a black list may have ten thousand."""


@dataclass(frozen=True, slots=True)
class RuleName:
    """A rule by which calls are filtered, as the step `filters` names it."""

    rule: str  # directions, traffic, black_list
    value: str  # what it allows, or the pattern
    scope: str  # system, group, person
    of: str = ""  # the group or user name


@dataclass(frozen=True, slots=True)
class PastCall:
    """One user's part in a call that was recorded, or not because of a filter."""

    call_id: UUID
    at: datetime
    owner_id: UUID
    username: str
    group: str  # as it was then
    direction: Direction | None  # None: not known any more
    remote: str  # as received; empty: withheld
    filtered_by: RuleName | None = None  # None: it was recorded


class Change(StrEnum):
    """What the draft would make of a call, against what became of it."""

    STILL_RECORDED = "still_recorded"
    STILL_FILTERED = "still_filtered"
    NEWLY_FILTERED = "newly_filtered"
    NEWLY_RECORDED = "newly_recorded"
    UNKNOWN = "unknown"  # too little was kept of it


@dataclass(frozen=True, slots=True)
class Tried:
    """A past call, and what it would be."""

    call: PastCall
    change: Change
    rule: RuleName | None = None  # that would filter it; None: none


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How many calls a rule filtered, and how many it would."""

    rule: RuleName
    then: int
    now: int


@dataclass(frozen=True, slots=True)
class Simulation:
    """What a draft would have made of past calls."""

    counts: dict[Change, int]
    rules: tuple[RuleCount, ...]  # the most calls first
    examples: dict[Change, tuple[Tried, ...]] = field(default_factory=dict)

    @property
    def calls(self) -> int:
        """How many were tried."""
        return sum(self.counts.values())


def simulate(calls: Iterable[PastCall], draft: FilterJudge) -> Simulation:
    """Try a draft on calls; examples are the first ones that come of each change."""
    counts = dict.fromkeys(Change, 0)
    then: Counter[RuleName] = Counter()
    now: Counter[RuleName] = Counter()
    examples: dict[Change, list[Tried]] = {}
    for call in calls:
        tried = try_on(call, draft)
        counts[tried.change] += 1
        if call.filtered_by is not None:
            then[call.filtered_by] += 1
        if tried.rule is not None:
            now[tried.rule] += 1
        shown = examples.setdefault(tried.change, [])
        if len(shown) < MOST_EXAMPLES:
            shown.append(tried)
    return Simulation(
        counts, _by_rule(then, now), {change: tuple(some) for change, some in examples.items()}
    )


def try_on(call: PastCall, draft: FilterJudge) -> Tried:
    """Say what one call would be."""
    was_filtered = call.filtered_by is not None
    if call.direction is None:
        return Tried(call, Change.UNKNOWN)
    ruling = draft.rule_on(
        CallFacts(call.owner_id, call.group, call.direction, call.remote, is_final=True)
    )
    if ruling.effect is not Effect.FILTER:
        return Tried(call, Change.NEWLY_RECORDED if was_filtered else Change.STILL_RECORDED)
    change = Change.STILL_FILTERED if was_filtered else Change.NEWLY_FILTERED
    return Tried(call, change, _name_of(ruling, call))


def _name_of(ruling: Ruling, call: PastCall) -> RuleName:
    whose = {"group": call.group, "person": call.username}
    return RuleName(ruling.rule, str(ruling.value), ruling.scope, whose.get(ruling.scope, ""))


def _by_rule(then: Counter[RuleName], now: Counter[RuleName]) -> tuple[RuleCount, ...]:
    counted = [RuleCount(rule, then[rule], now[rule]) for rule in {**then, **now}]
    counted.sort(
        key=lambda one: (
            -max(one.then, one.now),
            one.rule.scope,
            one.rule.of,
            one.rule.rule,
            one.rule.value,
        )
    )
    return tuple(counted[:MOST_RULES])
