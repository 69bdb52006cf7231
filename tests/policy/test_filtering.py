"""The step `filters` of a decision."""

from uuid import UUID

import msgspec

from callvault.policy import CallSeen, PeopleIndex, decide
from callvault.policy.decision import Capturing, Decision, Outcome, Step, Verdict
from callvault.policy.filters import Directions, FilterJudge, FilterRules, Filters, Traffic
from callvault.policy.numbering_plan import NumberingPlan, PlanReader
from callvault.policy.snapshot import Snapshot, decode, encode
from callvault.siprec import NameId, Participant, SessionRoster, Speaker
from tests.policy.cast import ANN, BOB, SNAPSHOT, TRUNK

REMOTE = "sip:+15550142999@192.0.2.14"


def judged(
    filters: Filters, *aors: str, is_over: bool = False, plan: NumberingPlan | None = None
) -> Decision:
    people = PeopleIndex.of(SNAPSHOT)
    speakers = tuple(
        Speaker(Participant(f"p{place}", (NameId(aor, ""),) if aor else ()), (place,), True, place)
        for place, aor in enumerate(aors)
    )
    session = SessionRoster("", speakers, (0, 1), False)
    return decide(
        CallSeen(TRUNK, "192.0.2.14", 3, (session,), is_over=is_over),
        people,
        revision=7,
        recording_id=lambda key, owner: UUID(int=owner.int + 1000),
        filters=FilterJudge(filters, PlanReader(plan or NumberingPlan()), is_known=people.knows),
    )


def listed(*patterns: str) -> FilterRules:
    return FilterRules(black_list=patterns)


def test_a_filtered_call_says_rule_value_scope_and_number() -> None:
    decision = judged(Filters(listed("+1555!")), "sip:1001@h", REMOTE)
    assert (decision.verdict, decision.assignments) == (Verdict.FILTERED, ())
    assert decision.capturing is Capturing.NOTHING
    values = {
        **{"rule": "black_list", "value": "+1555!", "scope": "system"},
        **{"number": "+15550142999", "direction": "out"},
    }
    assert decision.steps[-1] == Step("filters", Outcome.STOPPED, values)


def test_a_call_that_filters_let_through_says_so() -> None:
    decision = judged(Filters(listed("+1555!")), "sip:1001@h", "sip:+39021234@h")
    assert (decision.verdict, decision.capturing) == (Verdict.RECORDED, Capturing.KEEP)
    assert decision.steps[-1] == Step("filters", Outcome.PASSED)


def test_where_no_filter_is_set_there_is_no_step() -> None:
    decision = judged(Filters(), "sip:1001@h", REMOTE)
    assert [step.code for step in decision.steps][-1] == "mode"


def test_of_two_owners_the_other_is_recorded() -> None:
    own = Filters(by_person={ANN.user_id: FilterRules(directions=Directions.IN)})
    decision = judged(own, f"sip:{ANN.extension}@h", f"sip:{BOB.extension}@h")
    assert [one.owner_id for one in decision.assignments] == [BOB.user_id]
    assert (decision.verdict, decision.capturing) == (Verdict.RECORDED, Capturing.KEEP)
    step = decision.steps[-1]
    assert step.outcome is Outcome.PASSED
    assert step.values == {
        **{"rule": "directions", "value": "in", "scope": "person", "of": ANN.username},
        **{"number": BOB.extension, "direction": "out", "filtered": "1", "owners": "2"},
    }


def test_media_wait_while_the_remote_number_is_not_known() -> None:
    external = Filters(FilterRules(traffic=Traffic.INTERNAL))
    waiting = judged(external, "sip:1001@h", "")
    assert (waiting.verdict, waiting.capturing) == (Verdict.RECORDED, Capturing.HOLD)
    assert len(waiting.assignments) == 1
    assert waiting.steps[-1] == Step("filters", Outcome.PASSED, {"waits": "1"})
    ended = judged(external, "sip:1001@h", "", is_over=True)
    assert (ended.verdict, ended.capturing) == (Verdict.FILTERED, Capturing.NOTHING)


def test_a_withheld_number_is_not_waited_for() -> None:
    rules = Filters(FilterRules(traffic=Traffic.INTERNAL))
    decision = judged(rules, "sip:1001@h", "sip:anonymous@anonymous.invalid")
    assert decision.verdict is Verdict.FILTERED
    assert judged(Filters(listed("8!")), "sip:1001@h", "sip:anonymous@h").capturing is (
        Capturing.KEEP
    )


def test_a_users_number_is_internal_and_so_is_a_pattern_of_the_plan() -> None:
    rules = Filters(FilterRules(traffic=Traffic.EXTERNAL))
    plan = NumberingPlan(internal_patterns=("88..",))
    assert judged(rules, "sip:1001@h", "sip:8812@h", plan=plan).verdict is Verdict.FILTERED
    assert judged(rules, "sip:1001@h", "sip:8912@h", plan=plan).verdict is Verdict.RECORDED
    assert judged(rules, "sip:1001@h", f"sip:{BOB.extension}@h").verdict is Verdict.FILTERED


def test_filters_and_plan_travel_in_a_snapshot_and_an_older_one_has_none() -> None:
    filters = Filters(listed("7100"), {"Claims": listed("8!")}, {ANN.user_id: FilterRules()})
    plan = NumberingPlan("39", outgoing_prefixes=("0",), internal_patterns=("2...",))
    snapshot = msgspec.structs.replace(SNAPSHOT, filters=filters, plan=plan)
    assert decode(encode(snapshot)) == snapshot
    assert decode(b'{"revision": 4}') == Snapshot(revision=4)
