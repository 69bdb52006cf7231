"""Recording filters: which calls of always-on recording are not recorded (FILT-1 to 3, FILT-5).

Three rules are asked in order: the call's direction from the owner's phone, whether it is internal
traffic, and the black list of remote numbers. Rules of a person go before those of their group,
these before the system's; whole, not rule by rule: what is in force can be read in one place.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

import msgspec

from callvault.policy.decision import Direction
from callvault.policy.numbering_plan import Heading, PlanReader
from callvault.policy.numbers import is_number, normalise
from callvault.policy.pattern import PatternList


class Directions(StrEnum):
    """Calls of which direction are recorded, from the phone's point of view (FILT-1)."""

    BOTH = "both"
    IN = "in"
    OUT = "out"


class Traffic(StrEnum):
    """Calls with whom are recorded (FILT-2)."""

    BOTH = "both"
    INTERNAL = "internal"
    EXTERNAL = "external"


class FilterRules(msgspec.Struct, frozen=True):
    """What is recorded. The rules that a new system has let every call through."""

    directions: Directions = Directions.BOTH
    traffic: Traffic = Traffic.BOTH
    black_list: tuple[str, ...] = ()  # patterns of remote numbers, as in policy.pattern

    @property
    def let_all_through(self) -> bool:
        """Whether nothing is filtered."""
        return self == FilterRules()


class Filters(msgspec.Struct, frozen=True):
    """The system's rules, and those that go before them."""

    system: FilterRules = FilterRules()
    by_group: dict[str, FilterRules] = {}
    by_person: dict[UUID, FilterRules] = {}

    @property
    def are_set(self) -> bool:
        """Whether anybody's calls may be filtered."""
        rules = (self.system, *self.by_group.values(), *self.by_person.values())
        return not all(one.let_all_through for one in rules)


class Effect(StrEnum):
    """What a filter says of a call."""

    RECORD = "record"
    FILTER = "filter"
    WAIT = "wait"  # what it needs is not known yet: audio waits in memory


@dataclass(frozen=True, slots=True)
class Ruling:
    """The rule that decided, and what it saw."""

    effect: Effect
    rule: str = ""  # directions, traffic, black_list; empty: none stood in the way
    value: str = ""  # what the rule allows, or the pattern that matched
    scope: str = "system"  # system, group, person: whose rules these are


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What a filter asks of one recorded user's call."""

    owner_id: UUID
    group: str  # the owner's; empty: none
    direction: Direction
    remote: str  # number as received; empty: none
    is_final: bool  # whether what is unknown now stays unknown: the call has ended


class FilterJudge:
    """Filters, ready to be asked for each call. Built once for a snapshot, then only read."""

    def __init__(
        self, filters: Filters, reader: PlanReader, *, is_known: Callable[[str], bool]
    ) -> None:
        """`is_known` tells whether a number is one of a user's."""
        self.are_set = filters.are_set
        self._filters = filters
        self._reader = reader
        self._is_known = is_known
        # By identity: hashing a list of thousands of patterns would cost each call 70 µs.
        self._black_lists = {
            id(rules): PatternList(rules.black_list)
            for rules in (
                filters.system,
                *filters.by_group.values(),
                *filters.by_person.values(),
            )
        }

    def rule_on(self, call: CallFacts) -> Ruling:
        """Judge a call. A dial-in is recorded because it was dialled: no filter is asked."""
        rules, scope = self.rules_of(call.owner_id, call.group)
        if call.direction is Direction.DIAL_IN or rules.let_all_through:
            return Ruling(Effect.RECORD, scope=scope)
        if rules.directions not in (Directions.BOTH, Directions(call.direction.value)):
            return Ruling(Effect.FILTER, "directions", rules.directions, scope)
        return self._by_number(call, rules, scope)

    def rules_of(self, owner_id: UUID, group: str) -> tuple[FilterRules, str]:
        """Return the rules in force for a person, and whose they are."""
        own = self._filters.by_person.get(owner_id)
        if own is not None:
            return own, "person"
        rules = self._filters.by_group.get(group) if group else None
        return (rules, "group") if rules is not None else (self._filters.system, "system")

    def is_internal(self, number: str) -> bool:
        """Whether a number is a user's, or matches an internal pattern (FILT-2).

        A caller who withholds the number comes from outside.
        """
        if not is_number(number):
            return self._is_known(number)
        return self._is_known(number) or self._reader.internal_pattern(number) is not None

    def _by_number(self, call: CallFacts, rules: FilterRules, scope: str) -> Ruling:
        asked = rules.traffic is not Traffic.BOTH or bool(rules.black_list)
        if asked and not call.remote and not call.is_final:
            return Ruling(
                Effect.WAIT, "traffic" if not rules.black_list else "black_list", "", scope
            )
        if rules.traffic is not Traffic.BOTH:
            seen = Traffic.INTERNAL if self.is_internal(call.remote) else Traffic.EXTERNAL
            if seen is not rules.traffic:
                return Ruling(Effect.FILTER, "traffic", rules.traffic, scope)
        pattern = self._listed(call, rules)
        if pattern is not None:
            return Ruling(Effect.FILTER, "black_list", pattern, scope)
        return Ruling(Effect.RECORD, scope=scope)

    def _listed(self, call: CallFacts, rules: FilterRules) -> str | None:
        """Return the pattern of the black list that the number matches, as received or normal."""
        black_list = self._black_lists[id(rules)]
        if not black_list or not call.remote:
            return None
        heading = Heading.IN if call.direction is Direction.IN else Heading.OUT
        as_received = normalise(call.remote)
        return black_list.find(as_received) or black_list.find(
            self._reader.read(as_received, heading).text
        )
