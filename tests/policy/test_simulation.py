"""A draft of filters on past calls: what changes, by which rule, and that nothing is lost."""

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from callvault.policy.decision import Direction
from callvault.policy.filters import Directions, FilterJudge, FilterRules, Filters, Traffic
from callvault.policy.numbering_plan import NumberingPlan, PlanReader
from callvault.policy.simulation import (
    MOST_EXAMPLES,
    MOST_RULES,
    Change,
    PastCall,
    RuleCount,
    RuleName,
    Simulation,
    Tried,
    simulate,
    try_on,
)

AT = datetime(2026, 11, 23, 13, 0, tzinfo=UTC)
OUT_ONLY = RuleName("directions", "out", "system")


def past(
    remote: str = "+15550142",
    *,
    direction: Direction | None = Direction.IN,
    filtered_by: RuleName | None = None,
    group: str = "Claims",
    call: int = 1,
) -> PastCall:
    return PastCall(UUID(int=call), AT, UUID(int=7), "ann", group, direction, remote, filtered_by)


def judge(filters: Filters, plan: NumberingPlan = NumberingPlan()) -> FilterJudge:  # noqa: B008
    return FilterJudge(filters, PlanReader(plan), is_known=lambda number: number == "2001")


def system(**rules: object) -> FilterJudge:
    return judge(Filters(FilterRules(**rules)))  # type: ignore[arg-type]


def test_a_call_is_newly_filtered_by_the_rule_that_would_stop_it() -> None:
    draft = system(directions=Directions.OUT)
    assert try_on(past(), draft) == Tried(past(), Change.NEWLY_FILTERED, OUT_ONLY)


def test_a_call_that_was_filtered_is_newly_recorded_where_the_draft_lets_it_through() -> None:
    was = past(filtered_by=OUT_ONLY)
    assert try_on(was, system()).change is Change.NEWLY_RECORDED
    assert try_on(was, system(directions=Directions.OUT)).change is Change.STILL_FILTERED


def test_rules_of_a_group_and_a_person_are_told_with_whose_they_are() -> None:
    rules = FilterRules(traffic=Traffic.INTERNAL)
    by_group = judge(Filters(by_group={"Claims": rules}))
    assert try_on(past(), by_group).rule == RuleName("traffic", "internal", "group", "Claims")
    assert try_on(past(group="Sales"), by_group).change is Change.STILL_RECORDED
    by_person = judge(Filters(by_person={UUID(int=7): rules}))
    assert try_on(past(), by_person).rule == RuleName("traffic", "internal", "person", "ann")


def test_a_draft_of_the_numbering_plan_decides_what_the_black_list_matches() -> None:
    filters = Filters(FilterRules(black_list=("+39021!",)))
    bare = past("0021234567", direction=Direction.OUT)
    assert try_on(bare, judge(filters)).change is Change.STILL_RECORDED
    plan = NumberingPlan(country_code="39", outgoing_prefixes=("0",))
    assert try_on(bare, judge(filters, plan)).rule == RuleName("black_list", "+39021!", "system")


def test_a_call_whose_direction_is_not_known_any_more_is_not_guessed() -> None:
    assert try_on(past(direction=None), system()).change is Change.UNKNOWN


def test_rules_are_counted_as_they_were_and_as_they_would_be() -> None:
    calls = [past(), past(filtered_by=OUT_ONLY), past("2001", filtered_by=OUT_ONLY)]
    tried = simulate(calls, system(traffic=Traffic.EXTERNAL))
    assert tried.rules == (
        RuleCount(OUT_ONLY, then=2, now=0),
        RuleCount(RuleName("traffic", "external", "system"), then=0, now=1),
    )
    assert {change: count for change, count in tried.counts.items() if count} == {
        Change.STILL_RECORDED: 1,
        Change.NEWLY_RECORDED: 1,
        Change.STILL_FILTERED: 1,
    }


def test_examples_and_rules_are_bounded() -> None:
    numbers = [f"+1555{number:05}" for number in range(MOST_RULES + 10)]
    tried = simulate(map(past, numbers), system(black_list=tuple(numbers)))
    assert len(tried.examples[Change.NEWLY_FILTERED]) == MOST_EXAMPLES
    assert tried.examples[Change.NEWLY_FILTERED][0].call.remote == numbers[0]
    assert len(tried.rules) == MOST_RULES
    assert tried.counts[Change.NEWLY_FILTERED] == tried.calls == len(numbers)


CALLS = st.lists(
    st.builds(
        past,
        st.sampled_from(["", "2001", "+15550142", "anonymous", "0021234567"]),
        direction=st.sampled_from([None, *Direction]),
        filtered_by=st.sampled_from([None, OUT_ONLY]),
        group=st.sampled_from(["", "Claims"]),
    ),
    max_size=30,
)
RULES = st.builds(
    FilterRules,
    st.sampled_from(Directions),
    st.sampled_from(Traffic),
    st.sampled_from([(), ("2!",), ("+1!", "0021234567")]),
)


@given(CALLS, st.builds(Filters, RULES, st.just({}) | st.builds(dict, Claims=RULES)))
def test_each_call_is_counted_once(calls: list[PastCall], filters: Filters) -> None:
    tried: Simulation = simulate(calls, judge(filters))
    assert tried.calls == len(calls)
    filtered = tried.counts[Change.STILL_FILTERED] + tried.counts[Change.NEWLY_FILTERED]
    assert sum(rule.now for rule in tried.rules) == filtered
    assert sum(rule.then for rule in tried.rules) == sum(
        call.filtered_by is not None for call in calls
    )
    if not any(call.filtered_by for call in calls):
        assert not tried.counts[Change.NEWLY_RECORDED]
