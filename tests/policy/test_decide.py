"""Verdicts, their steps, and the recordings that follow."""

from uuid import UUID

import msgspec
import pytest

from callvault.policy import CallSeen, PeopleIndex, decide, turned_away
from callvault.policy.decision import (
    Assignment,
    Capturing,
    Decision,
    Direction,
    Outcome,
    Party,
    Presence,
    Step,
    Verdict,
)
from callvault.policy.snapshot import RecordingMode, Snapshot, Trunk
from callvault.siprec import Hints, NameId, OwnerHint, Participant, SessionRoster, Speaker
from tests.policy.cast import ANN, BOB, SNAPSHOT, TRUNK, person

REMOTE = "sip:+15550142999@192.0.2.14"


def speaker(
    aor: str, *lines: int, place: int = 0, name: str = "", is_present: bool = True
) -> Speaker:
    return Speaker(Participant(f"p{place}", (NameId(aor, name),)), lines, is_present, place)


def judged(
    *speakers: Speaker,
    lines: tuple[int, ...] = (0, 1),
    trunk: Trunk = TRUNK,
    snapshot: Snapshot = SNAPSHOT,
    is_guess: bool = False,
    hints: Hints | None = None,
) -> Decision:
    session = SessionRoster("", speakers, lines, is_guess, hints or Hints())
    call = CallSeen(trunk, "192.0.2.14", 3, (session,))
    return decide(
        call,
        PeopleIndex.of(snapshot),
        revision=7,
        recording_id=lambda key, owner: UUID(int=owner.int + 1000),
    )


def test_a_call_of_a_user_is_recorded_and_says_how_it_was_judged() -> None:
    decision = judged(speaker("sip:1001@h", 0, name="A."), speaker(REMOTE, 1, place=1))
    assert decision == Decision(
        Verdict.RECORDED,
        (
            Step("known_source", Outcome.PASSED, {"trunk": "Main", "peer": "192.0.2.14"}),
            Step("room", Outcome.PASSED, {"calls": "3"}),
            Step(
                "owner",
                Outcome.PASSED,
                {
                    "username": "user1",
                    "name": "Ann Keller",
                    "number": "1001",
                    "group": "Claims",
                    "matched_by": "extension",
                },
            ),
            Step(
                "mode",
                Outcome.PASSED,
                {"mode": "always_on", "set_by": "trunk", "of": "Main"},
            ),
        ),
        (
            Assignment(
                recording_id=UUID(int=1001),
                owner_id=ANN.user_id,
                owner_username="user1",
                owner_name="Ann Keller",
                owner_extension="1001",
                owner_group="Claims",
                direction=Direction.OUT,
                local=Party("1001", "A.", "sip:1001@h"),
                remote=Party("+15550142999", "", REMOTE),
                owner_streams=(0,),
                remote_streams=(1,),
                direction_confidence="low",
                people=(
                    Presence(Party("1001", "A.", "sip:1001@h"), is_owner=True),
                    Presence(Party("+15550142999", "", REMOTE)),
                ),
            ),
        ),
        7,
    )


def test_a_user_who_is_called_gets_an_incoming_recording() -> None:
    decision = judged(speaker(REMOTE, 0), speaker("sip:1001@h", 1, place=1))
    assignment = decision.assignments[0]
    assert assignment.direction is Direction.IN
    assert (assignment.owner_streams, assignment.remote_streams) == ((1,), (0,))


def test_a_call_between_two_users_gives_each_a_recording() -> None:
    decision = judged(speaker("sip:1001@h", 0), speaker("sip:1002@h", 1, place=1))
    assert [(one.owner_id, one.direction) for one in decision.assignments] == [
        (ANN.user_id, Direction.OUT),
        (BOB.user_id, Direction.IN),
    ]
    assert decision.steps[2].values["owners"] == "2"


@pytest.mark.parametrize(
    ("speakers", "values"),
    [
        (
            (speaker("sip:4711@h", 0), speaker(REMOTE, 1, place=1)),
            {
                "reason": "no_match",
                "number": "4711",
                "caller": "4711",
                "callee": "+15550142999",
            },
        ),
        (
            (speaker("sip:1003@h", 0), speaker("sip:anonymous@h", 1, place=1)),
            {"reason": "inactive", "number": "1003", "username": "user3", "caller": "1003"},
        ),
        ((), {"reason": "no_parties"}),
    ],
)
def test_a_call_of_nobody_is_discarded_with_its_reason(
    speakers: tuple[Speaker, ...], values: dict[str, str]
) -> None:
    decision = judged(*speakers)
    assert decision.verdict is Verdict.DISCARDED
    assert decision.steps[2:] == (
        Step("owner", Outcome.STOPPED, values),
        Step("mode", Outcome.NOT_REACHED),
    )


def test_an_ambiguous_number_is_the_reason_told() -> None:
    twins = msgspec.structs.replace(SNAPSHOT, people=(person(1), person(9, extension="1001")))
    decision = judged(speaker("sip:4711@h", 0), speaker("sip:1001@h", 1, place=1), snapshot=twins)
    assert decision.steps[2].values["reason"] == "ambiguous"
    assert decision.steps[2].values["username"] == "user1, user9"


def test_a_recorded_party_whose_number_is_shared_leaves_the_call_to_nobody_else() -> None:
    twins = msgspec.structs.replace(SNAPSHOT, people=(BOB, person(1), person(9, extension="1001")))
    hint = OwnerHint("recordedParty", ("1001",), "p0")
    parties = (speaker("sip:1001@h", 0), speaker("sip:1002@h", 1, place=1))
    decision = judged(*parties, hints=Hints((hint,)), snapshot=twins)
    assert (decision.verdict, decision.assignments) == (Verdict.DISCARDED, ())
    assert decision.steps[2].values["reason"] == "ambiguous"


@pytest.mark.parametrize(
    ("mode", "verdict"),
    [(RecordingMode.NEVER, Verdict.FILTERED), (RecordingMode.ON_DEMAND, Verdict.NOT_KEPT)],
)
def test_a_trunk_in_another_mode_than_always_on_is_not_captured(
    mode: RecordingMode, verdict: Verdict
) -> None:
    trunk = msgspec.structs.replace(TRUNK, mode=mode)
    decision = judged(speaker("sip:1001@h", 0), trunk=trunk)
    assert (decision.verdict, decision.assignments) == (verdict, ())
    assert decision.steps[-1].outcome is Outcome.STOPPED
    assert decision.capturing is Capturing.NOTHING


@pytest.mark.parametrize(
    ("mode", "capturing"),
    [(RecordingMode.ALWAYS_ON, Capturing.KEEP), (RecordingMode.NEVER, Capturing.NOTHING)],
)
def test_a_call_without_an_owner_is_captured_as_its_trunk_is(
    mode: RecordingMode, capturing: Capturing
) -> None:
    trunk = msgspec.structs.replace(TRUNK, mode=mode)
    decision = judged(speaker(REMOTE, 0), trunk=trunk)
    assert (decision.verdict, decision.capturing) == (Verdict.DISCARDED, capturing)


def test_one_stream_for_everybody_plays_on_both_channels() -> None:
    both = (speaker("sip:1001@h", 0), speaker(REMOTE, 0, place=1))
    assignment = judged(*both, lines=(0,)).assignments[0]
    assert (assignment.owner_streams, assignment.remote_streams) == ((0,), (0,))
    assert assignment.mixed


def test_a_user_heard_on_no_known_stream_gets_all_of_them() -> None:
    assignment = judged(speaker("sip:1001@h"), lines=(0, 1), is_guess=True).assignments[0]
    assert (assignment.owner_streams, assignment.mixed, assignment.confidence) == (
        (0, 1),
        True,
        "low",
    )


def test_a_trunk_can_swap_the_channels() -> None:
    trunk = msgspec.structs.replace(TRUNK, swap_channels=True)
    two = (speaker("sip:1001@h", 0), speaker(REMOTE, 1, place=1))
    assignment = judged(*two, trunk=trunk).assignments[0]
    assert (assignment.owner_streams, assignment.remote_streams) == ((1,), (0,))


def test_the_remote_party_is_who_is_there_now_before_who_left() -> None:
    decision = judged(
        speaker("sip:1001@h", 0),
        speaker("sip:7001@h", 1, place=1, is_present=False),
        speaker(REMOTE, 1, place=2),
    )
    assert decision.assignments[0].remote.number == "+15550142999"


def test_a_user_who_comes_back_under_another_id_is_one_owner() -> None:
    decision = judged(
        speaker("sip:1001@h", 0, is_present=False),
        speaker(REMOTE, 1, place=1),
        speaker("sip:1001@h", 2, place=2),
        lines=(0, 1, 2),
    )
    assignment = decision.assignments[0]
    assert len(decision.assignments) == 1
    assert (assignment.owner_streams, assignment.remote_streams) == ((0, 2), (1,))
    assert assignment.direction is Direction.OUT


def test_the_party_that_the_phone_system_names_is_the_only_owner() -> None:
    hint = OwnerHint("userID", ("x7@internal", "ann@tenant.example"), "p0", "in")
    decision = judged(
        speaker("sip:x7@internal", 0),
        speaker("sip:1002@h", 1, place=1),  # a user, too: that phone has a session of its own
        hints=Hints((hint,), calling="sip:+15550142999@h", called="sip:1001@h"),
    )
    (assignment,) = decision.assignments
    assert (assignment.owner_id, assignment.matched_by) == (ANN.user_id, "pbx_username")
    assert (assignment.direction, assignment.direction_confidence) == (Direction.IN, "high")
    assert decision.steps[2].values["named_by"] == "userID"


def test_numbers_that_the_vendor_says_stand_for_internal_ids() -> None:
    hint = OwnerHint(
        "userID", ("ann@tenant.example",), "p0", "out", number="5550142001", name="Ann K."
    )
    decision = judged(
        speaker("sip:x7@internal", 0),
        speaker("sip:y9@internal", 1, place=1, name="Zoe"),
        hints=Hints((hint,), calling="sip:5550142001@h", called="sip:+15550142999@h"),
    )
    (assignment,) = decision.assignments
    assert assignment.local == Party("5550142001", "Ann K.", "sip:x7@internal")
    assert assignment.remote == Party("+15550142999", "Zoe", "sip:y9@internal")
    stranger = judged(
        speaker("sip:x7@internal", 0),
        speaker("sip:y9@internal", 1, place=1),
        hints=Hints(calling="sip:5550142009@h", called="sip:+15550142999@h"),
    )
    values = stranger.steps[2].values
    assert (values["caller"], values["callee"]) == ("5550142009", "+15550142999")


def test_the_other_party_is_asked_when_nobody_bears_the_name_given() -> None:
    hint = OwnerHint("recordedParty", ("4711",), "p0")
    decision = judged(
        speaker("sip:4711@h", 0), speaker("sip:1002@h", 1, place=1), hints=Hints((hint,))
    )
    assert [one.owner_id for one in decision.assignments] == [BOB.user_id]
    assert "named_by" not in decision.steps[2].values


def test_a_hint_whose_party_is_unknown_goes_by_the_direction() -> None:
    hint = OwnerHint("recordedParty", ("1001",), direction="in")
    decision = judged(speaker(REMOTE, 0), speaker("sip:x@h", 1, place=1), hints=Hints((hint,)))
    assert decision.assignments[0].owner_streams == (1,)


def test_who_called_is_believed_before_the_order_of_the_parties() -> None:
    two = (speaker("sip:1001@h", 0), speaker(REMOTE, 1, place=1))
    for hints, expected in (
        (Hints(caller_id="p1"), (Direction.IN, "high")),
        (Hints(caller_id="p0"), (Direction.OUT, "high")),
        (Hints(caller_id="gone"), (Direction.OUT, "low")),
        (Hints(called="tel:1001"), (Direction.IN, "high")),
        (Hints(calling='"Ann" <sip:1001@h>;tag=1', called="x"), (Direction.OUT, "high")),
        (Hints(calling="1001", called="1001"), (Direction.OUT, "low")),
    ):
        (assignment,) = judged(*two, hints=hints).assignments
        assert (assignment.direction, assignment.direction_confidence) == expected


def test_a_call_that_is_turned_away_says_where() -> None:
    decision = turned_away(TRUNK, "192.0.2.14", step="room", reason="spool")
    assert decision.verdict is Verdict.REFUSED
    assert [(step.code, step.outcome) for step in decision.steps] == [
        ("known_source", Outcome.PASSED),
        ("room", Outcome.STOPPED),
        ("owner", Outcome.NOT_REACHED),
        ("mode", Outcome.NOT_REACHED),
    ]
    offer = turned_away(TRUNK, "192.0.2.14", step="offer", reason="video is not recorded")
    assert [step.code for step in offer.steps][1:3] == ["room", "offer"]
