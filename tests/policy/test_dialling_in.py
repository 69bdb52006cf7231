"""CAP-3: whose a call to the recorder itself is."""

import pytest

from callvault.policy import CallSeen, PeopleIndex, asked_by_calling, decide, dialled_in
from callvault.policy.decision import Decision, Direction, Verdict
from callvault.policy.mode_judge import ModeJudge
from callvault.policy.modes import RecordingMode
from callvault.policy.pilots import Pilots
from callvault.policy.snapshot import Person, Snapshot
from callvault.policy.wishes import NO_WISHES, Mark, Piece, Wishes
from callvault.siprec import NameId, Participant, SessionRoster, Speaker
from tests.policy.cast import ANN, BOB, OTTO, TRUNK, person

PILOTS = Pilots(recording_prefix="8400", automated_prefix="9000", dial_in=("8600",))
OUTSIDE = NameId("sip:+3901234@192.0.2.14", "Somebody")
BRIDGE = NameId("sip:b0001@192.0.2.14", "Conference")
OF_ANN = NameId("sip:1001@192.0.2.14", "Ann")
OF_BOB = NameId("sip:1002@192.0.2.14", "Bob")


def judged(
    *callers: NameId, dialled: str = "8600", people: tuple[Person, ...] = (ANN, BOB, OTTO)
) -> Decision:
    snapshot = Snapshot(people=people, trunks=(TRUNK,), pilots=PILOTS, country_code="1")
    index = PeopleIndex.of(snapshot)
    seen = SessionRoster(
        "",
        (
            Speaker(Participant("from", callers[-1:]), (0,), True, 0),
            Speaker(Participant("to", (NameId("sip:8600@192.0.2.200"),)), (), True, 1),
        ),
        (0,),
        True,
    )
    sessions = dialled_in((seen,), callers, dialled, index)
    call = CallSeen(TRUNK, "192.0.2.14", 0, sessions, dialled=dialled)
    return decide(
        call,
        index,
        revision=1,
        recording_id=lambda key, owner: owner,
        modes=ModeJudge.of(snapshot),
    )


@pytest.mark.parametrize(
    ("callers", "owner", "number"),
    [
        ((OF_ANN,), ANN, "1001"),
        ((OF_BOB, OF_ANN), BOB, "1002"),  # what is believed more
        ((BRIDGE, OF_BOB, BRIDGE), BOB, "1002"),  # the bridge is nobody: who diverted
        ((OUTSIDE, OF_ANN, OUTSIDE), ANN, "1001"),
        ((NameId("sip:anonymous@anonymous.invalid"), OF_ANN), ANN, "1001"),
        ((NameId("sip:5550142001@host"),), ANN, "5550142001"),  # normalised, an alias
    ],
)
def test_the_first_address_that_is_somebodys_decides(
    callers: tuple[NameId, ...], owner: Person, number: str
) -> None:
    decision = judged(*callers)
    (one,) = decision.assignments
    assert (decision.verdict, one.owner_id) == (Verdict.RECORDED, owner.user_id)
    assert (one.direction, one.direction_confidence) == (Direction.DIAL_IN, "high")
    assert (one.local.number, one.remote.number) == (number, "8600")
    assert (one.mixed, one.owner_streams, one.confidence) == (True, (0,), "high")
    (step,) = [one for one in decision.steps if one.code == "owner"]
    assert step.values["named_by"] == "dial_in"


@pytest.mark.parametrize(
    ("callers", "reason"),
    [
        ((OUTSIDE, BRIDGE), "no_match"),
        ((NameId("sip:1003@host"), OF_ANN), "inactive"),  # not somebody else's then
    ],
)
def test_a_dial_in_of_nobody_is_discarded_and_says_why(
    callers: tuple[NameId, ...], reason: str
) -> None:
    decision = judged(*callers)
    assert decision.verdict is Verdict.DISCARDED
    assert [one.values["reason"] for one in decision.steps if one.code == "owner"] == [reason]


def test_what_is_shared_is_nobodys() -> None:
    sharers = (person(7, extension="1001"), person(8, extension="1001"))
    decision = judged(OF_ANN, OF_BOB, people=(*sharers, BOB))
    assert decision.assignments == ()


def test_another_number_leaves_the_call_as_it_is() -> None:
    assert judged(OF_ANN, dialled="7100").assignments[0].direction is Direction.OUT


def test_no_caller_no_dial_in() -> None:
    seen = SessionRoster("", (), (0,), True)
    index = PeopleIndex.of(Snapshot(pilots=PILOTS))
    assert dialled_in((seen,), (), "8600", index) == (seen,)
    assert dialled_in((), (OF_ANN,), "8600", index) == ()


MARKED = Wishes(marks={ANN.user_id: Mark.DROPPED})
STOPPED = Wishes(pieces={ANN.user_id: (Piece(0, 5),)})


@pytest.mark.parametrize(
    ("mode", "asked"),
    [
        (RecordingMode.ON_DEMAND, Wishes(pieces={ANN.user_id: (Piece(0),)})),
        (RecordingMode.LIVE_KEEP, Wishes(marks={ANN.user_id: Mark.KEPT})),
        (RecordingMode.ALWAYS_ON, NO_WISHES),
        (RecordingMode.NEVER, NO_WISHES),
    ],
)
def test_who_calls_asks_for_it_by_that_and_may_take_it_back(
    mode: RecordingMode, asked: Wishes
) -> None:
    decision = judged(OF_ANN, people=(person(1, mode=mode),))
    assert asked_by_calling(decision, NO_WISHES) == asked
    assert asked_by_calling(decision, asked) == asked
    if mode is RecordingMode.ON_DEMAND:
        assert asked_by_calling(decision, STOPPED) == STOPPED
    if mode is RecordingMode.LIVE_KEEP:
        assert asked_by_calling(decision, MARKED) == MARKED


def test_who_calls_somebody_else_asks_for_nothing() -> None:
    decision = judged(OF_ANN, dialled="7100", people=(person(1, mode=RecordingMode.ON_DEMAND),))
    assert decision.offered != ()
    assert asked_by_calling(decision, NO_WISHES) == NO_WISHES
