"""Recording modes: who says them, and what becomes of media before it is known whose they are."""

from uuid import UUID

import pytest
from msgspec.structs import replace

from callvault.policy import CallSeen, PeopleIndex, decide
from callvault.policy.decision import Capturing, Decision, Outcome, Step, Verdict
from callvault.policy.mode_judge import ModeJudge
from callvault.policy.modes import ModeRuling, Modes, RecordingMode, SetBy
from callvault.policy.pilots import Pilots
from callvault.policy.snapshot import Snapshot
from callvault.policy.wishes import Mark, Wishes
from callvault.siprec import Hints, NameId, Participant, SessionRoster, Speaker
from tests.policy.cast import ANN, BOB, TRUNK

NO_WISHES = Wishes()
ALWAYS, ON_DEMAND, LIVE_KEEP, NEVER = (
    RecordingMode.ALWAYS_ON,
    RecordingMode.ON_DEMAND,
    RecordingMode.LIVE_KEEP,
    RecordingMode.NEVER,
)


def decided(
    *numbers: str,
    snapshot: Snapshot,
    left_ns: int = 0,
    is_over: bool = False,
    wishes: Wishes = NO_WISHES,
) -> Decision:
    """Judge a call between these; the first one left it then."""
    speakers = tuple(
        Speaker(
            Participant(f"p{place}", (NameId(f"sip:{number}@h", ""),)),
            (place,),
            not (place == 0 and left_ns),
            place,
            0,
            0 if place else left_ns,
        )
        for place, number in enumerate(numbers)
    )
    session = SessionRoster("", speakers, (0, 1), False, Hints())
    return decide(
        CallSeen(TRUNK, "192.0.2.14", 3, (session,), is_over=is_over, wishes=wishes),
        PeopleIndex.of(snapshot),
        revision=7,
        recording_id=lambda key, owner: UUID(int=owner.int + 1000 * (1 + len(key))),
        modes=ModeJudge.of(snapshot),
    )


def people(ann: RecordingMode | None = None, bob: RecordingMode | None = None) -> Snapshot:
    return Snapshot(people=(replace(ANN, mode=ann), replace(BOB, mode=bob)))


@pytest.mark.parametrize(
    ("group", "own", "ruling"),
    [
        (None, None, ModeRuling(ALWAYS, SetBy.TRUNK, "Main")),
        (NEVER, None, ModeRuling(NEVER, SetBy.GROUP, "Claims")),
        (NEVER, ALWAYS, ModeRuling(ALWAYS, SetBy.USER, "user1")),
        (None, LIVE_KEEP, ModeRuling(LIVE_KEEP, SetBy.USER, "user1")),
    ],
)
def test_the_user_goes_over_the_group_and_the_group_over_the_trunk(
    group: RecordingMode | None, own: RecordingMode | None, ruling: ModeRuling
) -> None:
    judge = ModeJudge(Modes(by_group={"Claims": group} if group else {}))
    assert judge.rule_on(TRUNK, replace(ANN, mode=own)) == ruling


def test_whoever_has_no_group_is_in_none_without_a_name() -> None:
    judge = ModeJudge(Modes(by_group={"": NEVER}))
    assert judge.rule_on(TRUNK, replace(ANN, group="")).mode is ALWAYS


def test_two_users_on_one_call_have_a_mode_each() -> None:
    decision = decided("1001", "1002", snapshot=people(bob=NEVER))
    assert decision.verdict is Verdict.RECORDED
    assert decision.capturing is Capturing.KEEP
    assert [one.owner_id for one in decision.assignments] == [ANN.user_id]
    assert decision.steps[-1] == Step(
        "mode",
        Outcome.PASSED,
        {
            "mode": "always_on",
            "set_by": "trunk",
            "of": "Main",
            "other_mode": "never",
            "other_set_by": "user",
            "other_of": "user2",
        },
    )


def test_nothing_is_kept_of_a_call_that_went_on_to_somebody_who_is_never_recorded() -> None:
    decision = decided("1001", "1002", snapshot=people(bob=NEVER), left_ns=20)
    assert [one.owner_id for one in decision.assignments] == [ANN.user_id]
    assert decision.capturing is Capturing.NOTHING
    assert decided("1001", "1002", snapshot=people(), left_ns=20).capturing is Capturing.KEEP


def test_a_call_of_a_user_who_is_never_recorded_is_filtered_by_the_mode() -> None:
    decision = decided("1001", "4711", snapshot=people(ann=NEVER))
    assert (decision.verdict, decision.capturing) == (Verdict.FILTERED, Capturing.NOTHING)
    values = {"mode": "never", "set_by": "user", "of": "user1"}
    assert decision.steps[-1] == Step("mode", Outcome.STOPPED, values)


@pytest.mark.parametrize(
    ("trunk", "others", "is_final", "capturing"),
    [
        (ALWAYS, [], False, Capturing.KEEP),
        (ALWAYS, [LIVE_KEEP], False, Capturing.KEEP),
        (NEVER, [ON_DEMAND], False, Capturing.NOTHING),
        (ALWAYS, [NEVER], False, Capturing.HOLD),
        (ALWAYS, [ON_DEMAND], False, Capturing.HOLD),
        (NEVER, [ALWAYS], False, Capturing.HOLD),
        (ALWAYS, [NEVER], True, Capturing.KEEP),
        (NEVER, [ALWAYS], True, Capturing.NOTHING),
    ],
)
@pytest.mark.parametrize("of_group", [False, True])
def test_media_wait_in_memory_where_it_matters_whose_call_it_is(
    *,
    trunk: RecordingMode,
    others: list[RecordingMode],
    is_final: bool,
    capturing: Capturing,
    of_group: bool,
) -> None:
    groups = dict.fromkeys(["Claims"], others[0]) if others and of_group else {}
    judge = ModeJudge(Modes(by_group=groups), () if of_group else [None, *others])
    asked = replace(TRUNK, mode=trunk)
    assert judge.before_the_owner(asked, is_final=is_final) is capturing


def test_a_call_of_nobody_waits_while_somebody_has_another_mode() -> None:
    snapshot = people(bob=NEVER)
    assert decided("4711", "4712", snapshot=snapshot).capturing is Capturing.HOLD
    assert decided("4711", "4712", snapshot=snapshot, is_over=True).capturing is Capturing.KEEP


def test_so_does_one_that_the_catch_all_user_owns_so_far() -> None:
    nobody = replace(
        ANN, user_id=UUID(int=50), extension="", alias="", pbx_username="", active=False
    )
    snapshot = people(bob=NEVER)
    snapshot = replace(snapshot, people=(*snapshot.people, nobody), catch_all=nobody.user_id)
    early = decided("4711", "4712", snapshot=snapshot)
    assert (early.verdict, early.capturing) == (Verdict.RECORDED, Capturing.HOLD)
    assert decided("4711", "4712", snapshot=snapshot, is_over=True).capturing is Capturing.KEEP
    assert decided("1001", "4712", snapshot=snapshot).capturing is Capturing.KEEP


def asked(
    wishes: Wishes, ann: RecordingMode | None, bob: RecordingMode | None = None, left_ns: int = 0
) -> Decision:
    """Judge a call between Ann, who may have left, and Bob, of which this was asked for."""
    return decided("1001", "1002", snapshot=people(ann, bob), left_ns=left_ns, wishes=wishes)


def of_ann(decision: Decision) -> list[tuple[int, int]]:
    """Return from when to when recordings of Ann are made."""
    return [
        (one.from_ns, one.until_ns) for one in decision.assignments if one.owner_id == ANN.user_id
    ]


def test_on_demand_nothing_is_kept_before_a_start_nor_after_a_stop() -> None:
    none = asked(Wishes(), ON_DEMAND, NEVER)
    assert (none.verdict, none.capturing) == (Verdict.NOT_KEPT, Capturing.NOTHING)
    assert [one.owner_id for one in none.offered] == [ANN.user_id]
    assert none.steps[-1].values["reason"] == "not_started"
    started = Wishes().started([ANN.user_id], 5)
    during = asked(started, ON_DEMAND, NEVER)
    assert (during.verdict, during.capturing) == (Verdict.RECORDED, Capturing.KEEP)
    assert (of_ann(during), during.offered) == ([(5, 0)], ())
    after = asked(started.stopped([ANN.user_id], 9), ON_DEMAND, NEVER)
    assert (after.verdict, after.capturing) == (Verdict.RECORDED, Capturing.NOTHING)
    assert of_ann(after) == [(5, 9)]
    assert [one.owner_id for one in after.offered] == [ANN.user_id]


def test_each_piece_is_a_recording_of_its_own() -> None:
    wishes = Wishes().started([ANN.user_id], 5).stopped([ANN.user_id], 9)
    decision = asked(wishes.started([ANN.user_id], 12), ON_DEMAND, NEVER)
    assert of_ann(decision) == [(5, 9), (12, 0)]
    assert len({one.recording_id for one in decision.assignments}) == 2


def test_a_piece_ends_when_its_user_leaves_the_call() -> None:
    wishes = Wishes().started([ANN.user_id], 5)
    decision = asked(wishes, ON_DEMAND, NEVER, left_ns=20)
    assert (of_ann(decision), decision.capturing) == ([(5, 20)], Capturing.NOTHING)
    late = Wishes().started([ANN.user_id], 25)
    assert asked(late, ON_DEMAND, NEVER, left_ns=20).verdict is Verdict.NOT_KEPT


def test_a_start_of_one_user_starts_nothing_of_the_other() -> None:
    decision = asked(Wishes().started([ANN.user_id], 5), ON_DEMAND, ON_DEMAND)
    assert [one.owner_id for one in decision.assignments] == [ANN.user_id]
    assert [one.owner_id for one in decision.offered] == [BOB.user_id]


def test_a_start_beside_an_always_on_user_leaves_both_a_recording() -> None:
    decision = asked(Wishes().started([ANN.user_id], 5), ON_DEMAND)
    assert {one.owner_id: one.from_ns for one in decision.assignments} == {
        BOB.user_id: 0,
        ANN.user_id: 5,
    }
    assert decision.steps[-1].values["mode"] == "always_on"


@pytest.mark.parametrize(
    ("mark", "verdict", "reason"),
    [
        (None, Verdict.NOT_KEPT, "unmarked"),
        (Mark.DROPPED, Verdict.NOT_KEPT, "dropped"),
        (Mark.KEPT, Verdict.RECORDED, ""),
    ],
)
def test_live_keep_is_captured_in_any_case_and_recorded_if_it_is_marked(
    mark: Mark | None, verdict: Verdict, reason: str
) -> None:
    wishes = Wishes().marked([ANN.user_id], mark) if mark else Wishes()
    decision = asked(wishes, LIVE_KEEP, NEVER)
    assert (decision.verdict, decision.capturing) == (verdict, Capturing.KEEP)
    assert decision.steps[-1].values.get("reason", "") == reason
    assert [one.mark for one in (*decision.assignments, *decision.offered)] == [mark or ""]


def test_a_call_to_the_recording_pilot_may_have_a_mode() -> None:
    judge = ModeJudge(
        Modes({"Claims": NEVER}, of_pilot=ON_DEMAND), pilots=Pilots(recording_prefix="85")
    )
    outsider = replace(ANN, group="")
    assert judge.rule_on(TRUNK, outsider, "8512") == ModeRuling(ON_DEMAND, SetBy.PILOT, "85")
    assert judge.rule_on(TRUNK, outsider, "4711").set_by is SetBy.TRUNK
    assert judge.rule_on(TRUNK, ANN, "8512").set_by is SetBy.GROUP
