"""What the API takes and gives of recording filters: a draft, and what it would have changed."""

from typing import Annotated
from uuid import UUID

from ninja import Schema
from pydantic import AfterValidator, Field

from callvault.policy.filters import Directions, Traffic
from callvault.policy.numbering_plan import NumberingPlan
from callvault.policy.pattern import MOST_PATTERNS, PatternInvalid, checked
from callvault.policy.simulation import Change

from .shapes import Direction, Moment, Taken, Text

MOST_DAYS = 90
_PLAN = NumberingPlan()


def _pattern(text: str) -> str:
    try:
        return checked(text)
    except PatternInvalid as wrong:
        raise ValueError(f"this is no pattern ({wrong})") from wrong


Pattern = Annotated[str, Field(max_length=200), AfterValidator(_pattern)]
Prefix = Annotated[str, Field(pattern=r"^[0-9*#]{1,8}$")]


class RulesIn(Taken):
    """Which always-on calls are recorded."""

    directions: Directions = Directions.BOTH
    traffic: Traffic = Traffic.BOTH
    black_list: list[Pattern] = Field(
        [], max_length=MOST_PATTERNS, description="Patterns of remote numbers: 7100, 72., 8!"
    )


class PlanIn(Taken):
    """How numbers are written here."""

    country_code: str = Field("", pattern=r"^[0-9]{0,3}$")
    international_prefixes: list[Prefix] = Field(list(_PLAN.international_prefixes), max_length=20)
    national_prefix: str = Field("", pattern=r"^[0-9*#]{0,8}$")
    outgoing_prefixes: list[Prefix] = Field([], max_length=20)
    incoming_prefixes: list[Prefix] = Field([], max_length=20)
    internal_patterns: list[Pattern] = Field([], max_length=MOST_PATTERNS)


class DraftIn(Taken):
    """A draft. What is left out is as it is in force; what is sent takes its place whole."""

    days: int = Field(7, ge=1, le=MOST_DAYS, description="So many days back from now.")
    system: RulesIn | None = None
    groups: dict[Text, RulesIn] | None = Field(None, max_length=1000, description="By name.")
    people: dict[UUID, RulesIn] | None = Field(None, max_length=1000, description="By id.")
    plan: PlanIn | None = None


class RuleCountOut(Schema):
    """A rule that filters calls, and how many."""

    rule: str = Field(description="directions, traffic or black_list.")
    value: str = Field(description="What it allows, or the pattern.")
    scope: str = Field(description="system, group or person.")
    of: str = Field(description="The group or user name.")
    then: int = Field(description="Calls that it filtered.")
    now: int = Field(description="Calls that it would filter by the draft.")


class ChangedOut(Schema):
    """A call that would end otherwise."""

    call_id: UUID
    at: Moment
    username: str
    group: str = Field(description="As it was then.")
    direction: Direction | None
    remote_number: str
    change: Change
    reason: str = Field(description="What filters it, or did, in the caller's language.")


class TriedOut(Schema):
    """What a draft would have made of past calls. Nothing is saved."""

    since: Moment = Field(description="Later than asked for, if `is_cut`.")
    until: Moment
    is_cut: bool = Field(description="There were more calls than are tried at once.")
    calls: int
    counts: dict[Change, int]
    rules: list[RuleCountOut]
    changes: list[ChangedOut] = Field(description="The latest of each kind, 50 at most.")
