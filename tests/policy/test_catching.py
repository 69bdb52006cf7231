"""Recordings without assignee (IDENT-4)."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
import pytest

from callvault.policy import CallSeen, PeopleIndex, decide
from callvault.policy.decision import Decision, Direction, Outcome, Verdict
from callvault.policy.snapshot import Snapshot
from callvault.siprec import Hints, NameId, OwnerHint, Participant, SessionRoster, Speaker
from tests.policy.cast import ANN, SNAPSHOT, TRUNK, person

NOBODY = person(9, username="catch-all", full_name="Without assignee", extension="", active=False)
CAUGHT = msgspec.structs.replace(
    SNAPSHOT, people=(*SNAPSHOT.people, NOBODY), catch_all=NOBODY.user_id
)
REMOTE = "sip:+15550142999@192.0.2.14"


def speakers(*aors: str) -> tuple[Speaker, ...]:
    """One speaker for each address, on a line of their own."""
    return tuple(
        Speaker(
            Participant(f"p{place}", (NameId(aor, ""),)), (place,), is_present=True, place=place
        )
        for place, aor in enumerate(aors)
    )


def judged(
    aors: Sequence[str], snapshot: Snapshot = CAUGHT, hints: Hints | None = None
) -> Decision:
    session = SessionRoster("", speakers(*aors), (0, 1), is_guess=False, hints=hints or Hints())
    return decide(
        CallSeen(TRUNK, "192.0.2.14", 0, (session,)),
        PeopleIndex.of(snapshot),
        revision=7,
        recording_id=lambda key, owner: UUID(int=owner.int + 1000),
    )


def test_what_is_nobodys_is_the_catch_all_users() -> None:
    found = judged(["sip:7777@h", REMOTE])
    assert found.verdict is Verdict.RECORDED
    (made,) = found.assignments
    assert (made.owner_username, made.matched_by) == ("catch-all", "catch_all")
    assert (made.local.number, made.remote.number) == ("7777", "+15550142999")
    assert (made.owner_streams, made.remote_streams) == ((0,), (1,))
    (step,) = [one for one in found.steps if one.code == "owner"]
    assert step.outcome is Outcome.PASSED
    assert {name: step.values[name] for name in ("matched_by", "reason", "number")} == {
        "matched_by": "catch_all",
        "reason": "no_match",
        "number": "7777",
    }


def test_without_a_catch_all_user_it_is_discarded() -> None:
    found = judged(["sip:7777@h", REMOTE], SNAPSHOT)
    assert (found.verdict, found.assignments) == (Verdict.DISCARDED, ())


def test_a_user_keeps_the_own_calls_and_the_catch_all_user_gets_none_of_them() -> None:
    found = judged(["sip:7777@h", "sip:1001@h"])
    assert [one.owner_id for one in found.assignments] == [ANN.user_id]


def test_a_number_of_several_is_the_catch_all_users_and_says_whose_it_may_be() -> None:
    twin = person(4, username="twin", extension="1001")
    found = judged(
        ["sip:1001@h", REMOTE], msgspec.structs.replace(CAUGHT, people=(*CAUGHT.people, twin))
    )
    (step,) = [one for one in found.steps if one.code == "owner"]
    assert [one.owner_username for one in found.assignments] == ["catch-all"]
    assert (step.values["reason"], step.values["shared_by"]) == ("ambiguous", "twin, user1")


def test_who_is_not_active_is_not_recorded_for_somebody_else() -> None:
    found = judged(["sip:1003@h", REMOTE])
    assert (found.verdict, found.assignments) == (Verdict.DISCARDED, ())


def test_a_catch_all_user_who_is_gone_owns_nothing() -> None:
    gone = msgspec.structs.replace(CAUGHT, people=SNAPSHOT.people)
    assert judged(["sip:7777@h", REMOTE], gone).verdict is Verdict.DISCARDED


@pytest.mark.parametrize(
    ("hint", "direction", "number"),
    [
        (OwnerHint("x-recorded", (), participant_id="p1"), Direction.IN, "7778"),
        (OwnerHint("x-recorded", (), participant_id="unknown"), Direction.OUT, "7777"),
    ],
)
def test_the_phone_system_says_whose_side_it_is(
    hint: OwnerHint, direction: Direction, number: str
) -> None:
    (made,) = judged(["sip:7777@h", "sip:7778@h"], hints=Hints(owners=(hint,))).assignments
    assert (made.direction, made.local.number) == (direction, number)


def test_a_call_of_which_nothing_is_known_is_nobodys() -> None:
    assert judged([]).verdict is Verdict.DISCARDED
