"""What a conversation must have left: a recording for each pair, of its near end."""

import numpy as np
import pytest

from callvault.policy.decision import Direction
from callvault.simulator.comparison import PlacedCall
from callvault.simulator.cucm.placed import placed_pairs
from callvault.simulator.cucm.plan import CucmWishes, Fault, Scene
from callvault.simulator.preparation import PreparedCall
from callvault.simulator.script import CallScript, Party, Speaker
from tests.simulator.calls import CARLA, VOICE
from tests.simulator.cucm.calls import PRIYA, FakeCucm, cucm, script


def placed(done: FakeCucm) -> list[PlacedCall]:
    return list(placed_pairs(done.call, [prepared(pair.plan.script) for pair in done.call.pairs]))


def prepared(said: CallScript) -> PreparedCall:
    loud = np.full(said.length_ms // 20, 9_000.0)
    return PreparedCall(said, {}, dict.fromkeys(Speaker, loud))


def test_a_pair_leaves_one_recording_under_either_of_its_ids() -> None:
    (call,) = placed(cucm(gap_ms=1_000).run(5))
    (expected,) = call.expected
    assert (expected.owner_extension, expected.remote_number) == ("2014", CARLA.number)
    assert len(set(call.call_ids)) == 2
    assert call.length_ms == pytest.approx(4_000, abs=10)
    assert int(np.count_nonzero(expected.owner_pattern)) == 200
    assert int(np.count_nonzero(expected.remote_pattern)) == pytest.approx(150, abs=1)


def test_a_missing_side_is_expected_to_be_silent() -> None:
    (call,) = placed(cucm(fault=Fault.FAR_MISSING).run(5))
    assert len(call.call_ids) == 1
    assert not call.expected[0].remote_pattern.any()
    assert call.expected[0].owner_pattern.any()


def test_a_held_conversation_leaves_two_recordings() -> None:
    calls = placed(cucm(CucmWishes(scene=Scene.HOLD)).run(10))
    assert [len(call.expected) for call in calls] == [1, 1]


def test_the_other_party_is_whoever_came_last_and_of_a_conference_nobody() -> None:
    changed = cucm(CucmWishes(scene=Scene.UPDATE)).run(5)
    far = changed.call.pairs[0].plan.far_later
    assert far is not None
    assert [call.expected[0].remote_number for call in placed(changed)] == [far.number]
    together = placed(cucm(CucmWishes(scene=Scene.CONFERENCE)).run(12))[-1]
    assert together.expected[0].remote_number == ""


def test_both_phones_leave_one_each_with_opposite_directions() -> None:
    calls = placed(cucm(CucmWishes(is_mirrored=True), script(remote=PRIYA)).run(5))
    told = [(call.expected[0].owner_extension, call.expected[0].direction) for call in calls]
    assert told == [("2014", Direction.IN), ("2022", Direction.OUT)]


def test_calls_without_codec_or_of_nobody_leave_none() -> None:
    (refused,) = placed(cucm(fault=Fault.CAUSE_47).run(1))
    assert refused.expected == ()
    nobody = Party("2098", "", VOICE)
    said = script()
    unknown = cucm(None, CallScript(3, nobody, said.remote, said.direction, said.codec, 4_000, ()))
    unknown.answers = False
    unknown.run(0.02)
    unknown.answer(1, "INVITE", status=403)
    unknown.answer(2, "INVITE", status=403)
    (call,) = placed(unknown)
    assert (call.expected, call.faults, call.length_ms) == ((), (), 0.0)


def test_a_pair_that_never_began_is_not_told_of() -> None:
    done = cucm(CucmWishes(scene=Scene.HOLD)).run(1)
    assert len(placed(done)) == 1
