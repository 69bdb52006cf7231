"""Call records against what reached us: each ends in exactly one verdict (OPS-6)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.policy.completeness import (
    CdrCall,
    CdrJudge,
    CdrVerdict,
    Judged,
    ReachedCall,
    Why,
    capture_rate,
)
from callvault.policy.decision import Verdict
from callvault.policy.filters import Directions, FilterRules, Filters
from callvault.policy.modes import RecordingMode
from callvault.policy.numbering_plan import NumberingPlan
from callvault.policy.snapshot import Person, Snapshot, Trunk

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
ANN = "+15550142"


def person(number: int, extension: str, **more: object) -> Person:
    return Person(UUID(int=number), f"user{number}", "", extension, **more)  # type: ignore[arg-type]


PEOPLE = (
    person(1, "2014", alias="+15552014"),
    person(2, "2015", mode=RecordingMode.NEVER),
    person(3, "2016", mode=RecordingMode.ON_DEMAND),
    person(4, "2017"),
    person(5, "2017"),  # shares it
    person(6, "2018", active=False),
    person(7, "2019", group="desk"),
)
POLICY = Snapshot(
    people=PEOPLE,
    trunks=(
        Trunk(UUID(int=8), "Lab", (), mode=RecordingMode.NEVER),
        Trunk(UUID(int=9), "Webex", ()),
    ),
    country_code="1",
    plan=NumberingPlan(outgoing_prefixes=("9",)),
    filters=Filters(by_group={"desk": FilterRules(directions=Directions.IN)}),
)


def record(
    start: int = 0, length: int = 60, *, caller: str = ANN, callee: str = "2014", **more: object
) -> CdrCall:
    begin = NOON + timedelta(seconds=start)
    end = begin + timedelta(seconds=length)
    return CdrCall(begin, end, caller, (callee,) if callee else (), **more)  # type: ignore[arg-type]


def reached(
    key: int = 1,
    start: int = 0,
    length: int = 60,
    *,
    verdict: Verdict = Verdict.RECORDED,
    numbers: tuple[str, ...] = (ANN, "2014"),
    call_id: str = "",
) -> ReachedCall:
    begin = NOON + timedelta(seconds=start)
    end = begin + timedelta(seconds=length)
    return ReachedCall(key, begin, end, verdict, numbers, frozenset({call_id} - {""}))


def judge(*records: CdrCall, calls: tuple[ReachedCall, ...] = (), **more: object) -> list[Judged]:
    return CdrJudge(POLICY).judge(records, calls, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("verdict", "becomes"),
    [
        (Verdict.RECORDED, CdrVerdict.RECORDED),
        (Verdict.FAILED, CdrVerdict.FAILED),
        (Verdict.REFUSED, CdrVerdict.REFUSED),
        (Verdict.FILTERED, CdrVerdict.LEFT_OUT),
        (Verdict.DISCARDED, CdrVerdict.LEFT_OUT),
        (Verdict.NOT_KEPT, CdrVerdict.LEFT_OUT),
    ],
)
def test_what_reached_us_ends_as_it_did(verdict: Verdict, becomes: CdrVerdict) -> None:
    calls = (reached(verdict=verdict),)
    assert judge(record(), calls=calls) == [Judged(becomes, Why.BY_NUMBERS, 1)]


@pytest.mark.parametrize("written", ["5550142", "15550142", "0015550142", "+1 555 0142"])
def test_numbers_match_in_each_writing(written: str) -> None:
    (said,) = judge(record(caller=written), calls=(reached(),))
    assert said.verdict is CdrVerdict.RECORDED


def test_other_numbers_are_another_call() -> None:
    (said,) = judge(record(caller="+15550199"), calls=(reached(),))
    assert said == Judged(CdrVerdict.MISSING, Why.NEVER_REACHED, None, "user1")


def test_a_party_that_is_not_known_stands_in_nobodys_way() -> None:
    (withheld,) = judge(record(caller="anonymous"), calls=(reached(),))
    (unnamed,) = judge(record(), calls=(reached(numbers=("2014",)),))
    assert withheld.verdict is unnamed.verdict is CdrVerdict.RECORDED


def test_who_answered_may_be_another_than_who_was_dialled() -> None:
    forwarded = CdrCall(NOON, NOON + timedelta(seconds=60), ANN, ("2000", "2014"))
    assert judge(forwarded, calls=(reached(),))[0].reached == 1


def test_an_id_matches_whatever_the_numbers_are() -> None:
    calls = (reached(numbers=("a", "b"), call_id="7c1e94d0@192.0.2.14"),)
    (said,) = judge(record(call_ids=("7c1e94d0@192.0.2.14",)), calls=calls)
    assert said == Judged(CdrVerdict.RECORDED, Why.BY_ID, 1)


def test_an_id_of_another_day_or_of_a_few_digits_matches_nothing() -> None:
    calls = (
        reached(1, 90_000, numbers=("a", "b"), call_id="7c1e94d0"),
        reached(2, numbers=("a", "b"), call_id="12345"),
    )
    for one in ("7c1e94d0", "12345"):
        assert judge(record(call_ids=(one,)), calls=calls)[0].verdict is CdrVerdict.MISSING


@pytest.mark.parametrize(
    ("start", "verdict"),
    [(89, CdrVerdict.RECORDED), (91, CdrVerdict.MISSING), (-89, CdrVerdict.RECORDED)],
)
def test_clocks_may_differ_by_half_a_minute(start: int, verdict: CdrVerdict) -> None:
    assert judge(record(start), calls=(reached(),))[0].verdict is verdict


def test_of_two_calls_one_after_the_other_the_missing_one_is_told() -> None:
    first, second = record(5), record(67)
    only_first = judge(first, second, calls=(reached(1, 0),))
    only_second = judge(first, second, calls=(reached(2, 62),))
    assert [one.verdict for one in only_first] == [CdrVerdict.RECORDED, CdrVerdict.MISSING]
    assert [one.reached for one in only_second] == [None, 2]


def test_a_call_that_another_record_has_is_not_taken_for_its_nearness() -> None:
    calls = (reached(1, 80),)
    assert judge(record(), calls=calls)[0].reached == 1
    assert judge(record(), calls=calls, taken=frozenset({1}))[0].verdict is CdrVerdict.MISSING


def test_legs_of_one_conversation_share_its_recording() -> None:
    before, after = record(0, 100), record(100, 50, caller="2000")
    calls = (reached(length=150, numbers=(ANN, "2014", "2000")),)
    assert [one.reached for one in judge(before, after, calls=calls)] == [1, 1]


def test_of_two_that_fit_the_recorded_one_speaks() -> None:
    calls = (reached(1, verdict=Verdict.FAILED, length=0), reached(2))
    assert judge(record(), calls=calls)[0].reached == 2


@pytest.mark.parametrize(
    ("callee", "expected"),
    [
        ("2014", Judged(CdrVerdict.MISSING, Why.NEVER_REACHED, None, "user1")),
        ("+15552014", Judged(CdrVerdict.MISSING, Why.NEVER_REACHED, None, "user1")),
        ("2015", Judged(CdrVerdict.LEFT_OUT, Why.MODE, None, "user2")),
        ("2016", Judged(CdrVerdict.LEFT_OUT, Why.MODE, None, "user3")),
        ("2017", Judged(CdrVerdict.MISSING, Why.SHARED)),
        ("2018", Judged(CdrVerdict.NOT_OURS, Why.NOBODY)),
        ("+15550199", Judged(CdrVerdict.NOT_OURS, Why.NOBODY)),
        ("", Judged(CdrVerdict.NOT_OURS, Why.NOBODY)),
    ],
)
def test_what_never_reached_us_is_missing_if_it_was_to_be_recorded(
    callee: str, expected: Judged
) -> None:
    assert judge(record(callee=callee)) == [expected]


def test_a_filter_that_would_have_left_it_out_is_said() -> None:
    out = judge(record(caller="2019", callee=ANN))[0]
    assert out == Judged(CdrVerdict.LEFT_OUT, Why.FILTER, None, "user7")
    assert judge(record(callee="2019"))[0].verdict is CdrVerdict.MISSING


def test_one_party_who_is_to_be_recorded_is_enough() -> None:
    assert judge(record(caller="2015", callee="2014"))[0].verdict is CdrVerdict.MISSING


def test_a_call_that_nobody_answered_is_none_of_these() -> None:
    unanswered = record(length=0, is_answered=False)
    assert judge(unanswered, calls=(reached(),)) == [
        Judged(CdrVerdict.NOT_ANSWERED, Why.UNANSWERED)
    ]


def test_the_rate_is_cut_and_not_rounded() -> None:
    counts = {CdrVerdict.RECORDED: 99_999, CdrVerdict.MISSING: 1, CdrVerdict.NOT_OURS: 500}
    assert capture_rate(counts) == 99.99
    assert capture_rate({CdrVerdict.RECORDED: 7}) == 100
    assert capture_rate({CdrVerdict.LEFT_OUT: 7}) is None


NUMBERS = st.sampled_from([ANN, "2014", "2015", "2017", "2019", "+15550199", "anonymous", ""])
RECORDS = st.builds(
    record,
    st.integers(-300, 300),
    st.integers(0, 200),
    caller=NUMBERS,
    callee=NUMBERS,
    is_answered=st.booleans(),
    call_ids=st.sampled_from([(), ("an-id-of-one",)]),
)
CALLS = st.builds(
    reached,
    st.integers(1, 9),
    st.integers(-300, 300),
    st.integers(0, 200),
    verdict=st.sampled_from(list(Verdict)),
    numbers=st.tuples(NUMBERS, NUMBERS),
    call_id=st.sampled_from(["", "an-id-of-one"]),
)


@given(st.lists(RECORDS, max_size=6), st.lists(CALLS, max_size=6, unique_by=lambda one: one.key))
def test_each_record_ends_in_exactly_one_verdict(
    records: list[CdrCall], calls: list[ReachedCall]
) -> None:
    said = judge(*records, calls=tuple(calls))
    assert len(said) == len(records)
    keys = {one.key for one in calls}
    for one in said:
        was_found = one.why in (Why.BY_ID, Why.BY_NUMBERS)
        assert was_found is (one.reached in keys)
        assert was_found or one.verdict in (
            *(CdrVerdict.MISSING, CdrVerdict.LEFT_OUT),
            *(CdrVerdict.NOT_OURS, CdrVerdict.NOT_ANSWERED),
        )
    recorded = sum(one.verdict is CdrVerdict.RECORDED for one in said)
    rate = capture_rate({CdrVerdict.RECORDED: recorded, CdrVerdict.MISSING: len(said) - recorded})
    assert rate is None or 0 <= rate <= 100
