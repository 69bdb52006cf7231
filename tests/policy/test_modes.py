"""Recording modes: who says them, and what becomes of media before it is known whose they are."""

from uuid import UUID

import pytest
from msgspec.structs import replace

from callvault.policy import CallSeen, PeopleIndex, decide
from callvault.policy.decision import Capturing, Decision, Outcome, Step, Verdict
from callvault.policy.mode_judge import ModeJudge
from callvault.policy.modes import ModeRuling, Modes, RecordingMode, SetBy
from callvault.policy.snapshot import Snapshot
from callvault.siprec import Hints, NameId, Participant, SessionRoster, Speaker
from tests.policy.cast import ANN, BOB, TRUNK

ALWAYS, ON_DEMAND, LIVE_KEEP, NEVER = (
    RecordingMode.ALWAYS_ON,
    RecordingMode.ON_DEMAND,
    RecordingMode.LIVE_KEEP,
    RecordingMode.NEVER,
)


def decided(*numbers: str, snapshot: Snapshot, left_ns: int = 0, is_over: bool = False) -> Decision:
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
        CallSeen(TRUNK, "192.0.2.14", 3, (session,), is_over=is_over),
        PeopleIndex.of(snapshot),
        revision=7,
        recording_id=lambda key, owner: UUID(int=owner.int + 1000),
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
