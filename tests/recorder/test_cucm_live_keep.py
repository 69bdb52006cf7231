"""The two calls of CUCM in live-keep mode are one call: marked once, listed once."""

import asyncio

import pytest
from msgspec.structs import replace

from callvault.policy.decision import Verdict
from callvault.policy.modes import RecordingMode
from callvault.policy.wishes import Mark
from callvault.recorder.judge import PolicyInForce
from callvault.recorder.marking import Marked, mark_call
from callvault.recorder.neighbours import Neighbours, keep_call_of
from callvault.recorder.requests import KeepRequested
from callvault.spool import journal_path, read_marks
from tests.policy.cast import ANN, SNAPSHOT
from tests.recorder.test_cucm_calls import Cucm, cucm, wire  # noqa: F401 - fixtures
from tests.recorder.test_service import Wire


@pytest.fixture
def both_legs(cucm: Cucm, wire: Wire) -> Wire:  # noqa: F811 - fixtures and their use
    """A recorder with a call of Ann's, whose mode is live keep."""
    people = tuple(replace(one, mode=RecordingMode.LIVE_KEEP) for one in SNAPSHOT.people)
    wire.recorder._policy.in_force = PolicyInForce.of(replace(SNAPSHOT, people=people))
    wire.now_ns += 1_000_000_000  # since its start: no time of an answer is 0
    cucm.call("near", "far")
    return wire


def verdicts(wire: Wire) -> list[Verdict]:  # noqa: F811
    decisions = [one.session.decision for one in wire.recorder.dialogs.values()]
    return [one.verdict for one in decisions if one is not None]


def test_a_mark_of_one_leg_is_one_of_both(both_legs: Wire) -> None:
    assert verdicts(both_legs) == [Verdict.NOT_KEPT] * 2
    found = asyncio.run(keep_call_of(both_legs.recorder, Neighbours(), ANN.user_id, who="Ann"))
    assert found.outcome is Marked.DONE
    assert verdicts(both_legs) == [Verdict.RECORDED] * 2


def test_between_the_ends_of_both_a_mark_goes_to_the_one_that_lives_and_is_not_lost(
    both_legs: Wire,
    cucm: Cucm,  # noqa: F811
) -> None:
    recorder = both_legs.recorder
    first = next(iter(recorder.dialogs.values())).session.journal_id
    cucm.send("BYE", "near")
    assert recorder.just_ended.listed().calls == ()  # it is shown as in progress
    assert asyncio.run(mark_call(recorder, first, KeepRequested("Ann"))) is Marked.DONE
    cucm.send("BYE", "far")
    assert recorder.just_ended.listed().calls == ()  # kept for good: nobody need mark it any more


def test_a_mark_while_the_last_leg_is_ending_is_taken_as_of_a_call_that_is_over(
    both_legs: Wire,
    cucm: Cucm,  # noqa: F811
) -> None:
    recorder = both_legs.recorder
    first = next(iter(recorder.dialogs.values())).session.journal_id
    path = journal_path(both_legs.folder, first)
    path.touch()
    cucm.send("BYE", "near")
    cucm.wait(5)  # a BYE to the other one is under way, and finds no answer
    assert [one.session.state.name for one in recorder.dialogs.values()] == ["ENDING"]
    assert asyncio.run(mark_call(recorder, first, KeepRequested("Ann"))) is Marked.DONE
    assert read_marks([path]) == {ANN.user_id: Mark.KEPT}


def test_when_both_have_ended_one_call_may_still_be_marked(
    both_legs: Wire,
    cucm: Cucm,  # noqa: F811
) -> None:
    recorder = both_legs.recorder
    first = next(iter(recorder.dialogs.values())).session.journal_id
    for side in ("near", "far"):
        cucm.send("BYE", side)
    assert not recorder.dialogs
    (ended,) = recorder.just_ended.listed().calls
    assert (ended.call_id, [one.user_id for one in ended.owners]) == (first, [ANN.user_id])
    path = journal_path(both_legs.folder, first)
    path.touch()
    assert asyncio.run(mark_call(recorder, first, KeepRequested("Ann"))) is Marked.DONE
    assert read_marks([path]) == {ANN.user_id: Mark.KEPT}
