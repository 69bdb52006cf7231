"""Recording filters: three rules in order, and whose rules are in force."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.policy.decision import Direction
from callvault.policy.filters import (
    CallFacts,
    Directions,
    Effect,
    FilterJudge,
    FilterRules,
    Filters,
    Ruling,
    Traffic,
)
from callvault.policy.numbering_plan import NumberingPlan, PlanReader
from callvault.policy.snapshot import Person

ANN = Person(UUID(int=1), "ann", "Ann Keller", "2001", group="sales")
OTTO = Person(UUID(int=2), "otto", "Otto Lang", "2002", group="support")
READER = PlanReader(
    NumberingPlan(country_code="39", outgoing_prefixes=("0",), internal_patterns=("3...",))
)


def rule_on(filters: Filters, remote: str, direction: Direction = Direction.IN) -> Ruling:
    return judge(filters).rule_on(
        CallFacts(ANN.user_id, ANN.group, direction, remote, is_final=True)
    )


def judge(filters: Filters) -> FilterJudge:
    return FilterJudge(filters, READER, is_known=lambda number: number in {"2001", "2002"})


def system(**rules: object) -> Filters:
    return Filters(FilterRules(**rules))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("directions", "direction", "effect"),
    [
        (Directions.BOTH, Direction.IN, Effect.RECORD),
        (Directions.IN, Direction.IN, Effect.RECORD),
        (Directions.IN, Direction.OUT, Effect.FILTER),
        (Directions.OUT, Direction.IN, Effect.FILTER),
        (Directions.OUT, Direction.DIAL_IN, Effect.RECORD),
    ],
)
def test_the_direction_is_that_of_the_owners_phone(
    directions: Directions, direction: Direction, effect: Effect
) -> None:
    assert rule_on(system(directions=directions), "2002", direction).effect is effect


@pytest.mark.parametrize(
    ("remote", "is_internal"),
    [
        ("2002", True),  # a user's
        ("3123", True),  # by a pattern
        ("4000", False),
        ("+390212345678", False),
        ("anonymous", False),
        ("", False),  # it stayed unknown
    ],
)
def test_internal_is_a_users_number_or_a_pattern(remote: str, is_internal: bool) -> None:
    effect = Effect.RECORD if is_internal else Effect.FILTER
    assert rule_on(system(traffic=Traffic.INTERNAL), remote).effect is effect
    assert rule_on(system(traffic=Traffic.EXTERNAL), remote).effect is not effect


@pytest.mark.parametrize(
    ("remote", "direction", "pattern"),
    [
        ("7100", Direction.OUT, "7100"),
        ("729", Direction.IN, "72."),
        ("00212345", Direction.OUT, "+390212!"),  # behind the digit for an outside line
        ("0212345", Direction.IN, "+390212!"),
        ("02 12 345", Direction.IN, "+390212!"),
        ("7200", Direction.IN, None),
    ],
)
def test_the_black_list_is_asked_as_received_and_as_normalised(
    remote: str, direction: Direction, pattern: str | None
) -> None:
    found = rule_on(system(black_list=("7100", "72.", "+390212!")), remote, direction)
    expected = Ruling(Effect.FILTER, "black_list", pattern) if pattern else Ruling(Effect.RECORD)
    assert found == expected


def test_no_number_is_on_no_list() -> None:
    assert rule_on(system(black_list=("!",)), "") == Ruling(Effect.RECORD)


def test_rules_of_a_person_go_before_those_of_the_group_and_these_before_the_systems() -> None:
    nothing = FilterRules(directions=Directions.OUT)
    filters = Filters(nothing, by_group={"sales": FilterRules(), "": nothing})
    assert judge(filters).rules_of(ANN.user_id, ANN.group) == (FilterRules(), "group")
    assert judge(filters).rules_of(OTTO.user_id, OTTO.group) == (nothing, "system")
    own = FilterRules(traffic=Traffic.EXTERNAL)
    filters = Filters(nothing, by_group={"sales": nothing}, by_person={ANN.user_id: own})
    assert judge(filters).rules_of(ANN.user_id, ANN.group) == (own, "person")


@pytest.mark.parametrize(
    ("rules", "effect"),
    [
        (FilterRules(traffic=Traffic.EXTERNAL), Effect.WAIT),
        (FilterRules(black_list=("8!",)), Effect.WAIT),
        (FilterRules(directions=Directions.IN), Effect.RECORD),
        (FilterRules(directions=Directions.OUT, black_list=("8!",)), Effect.FILTER),
        (FilterRules(), Effect.RECORD),
    ],
)
def test_a_call_waits_only_for_what_its_rules_ask(rules: FilterRules, effect: Effect) -> None:
    facts = CallFacts(ANN.user_id, ANN.group, Direction.IN, "", is_final=False)
    assert judge(Filters(rules)).rule_on(facts).effect is effect


@given(
    st.builds(
        FilterRules,
        st.sampled_from(Directions),
        st.sampled_from(Traffic),
        st.lists(st.sampled_from(["7100", "72.", "8!", "!"]), max_size=3).map(tuple),
    ),
    st.sampled_from(Direction),
    st.sampled_from(["", "2002", "7100", "729", "8", "+390212345", "anonymous"]),
)
def test_at_the_end_every_call_is_recorded_or_filtered_by_a_rule(
    rules: FilterRules, direction: Direction, remote: str
) -> None:
    ruling = rule_on(Filters(rules), remote, direction)
    assert ruling.effect is not Effect.WAIT
    assert bool(ruling.rule) is (ruling.effect is Effect.FILTER)
