"""Which pairs of calls a conversation gives, and what their ids say of one another."""

import pytest

from callvault.policy.decision import Direction
from callvault.simulator.cucm.plan import CucmWishes, Order, Scene
from callvault.simulator.script import Speaker
from tests.simulator.calls import ANN, CARLA
from tests.simulator.cucm.calls import PRIYA, plan, script


@pytest.mark.parametrize("direction", [Direction.IN, Direction.OUT])
def test_the_callers_id_is_the_lower_one(direction: Direction) -> None:
    (pair,) = plan(CucmWishes(), script(direction=direction)).pairs
    assert pair.near.refci - pair.far.refci == (1 if direction is Direction.IN else -1)
    assert (pair.near.number, pair.far.number) == (ANN.number, CARLA.number)


def test_a_resumed_call_keeps_its_ids_and_waits_for_the_end_of_the_first_pair() -> None:
    first, resumed = plan(CucmWishes(scene=Scene.HOLD)).pairs
    assert (first.near, first.far, first.session_id) == (
        resumed.near,
        resumed.far,
        resumed.session_id,
    )
    assert (first.after, resumed.after) == (None, 0)
    assert resumed.wait_ms >= 400


def test_the_call_to_a_colleague_has_ids_of_its_own() -> None:
    first, asked = plan(CucmWishes(scene=Scene.TRANSFER)).pairs
    assert first.near.device == asked.near.device
    assert len({one.refci for pair in (first, asked) for one in (pair.near, pair.far)}) == 4
    assert first.session_id != asked.session_id
    assert asked.script.direction is Direction.OUT
    assert asked.script.remote.user is not None


def test_another_far_end_of_the_same_call_keeps_the_near_end() -> None:
    first, later = plan(CucmWishes(scene=Scene.TRANSFERRED)).pairs
    assert first.near == later.near
    assert first.far.number != later.far.number
    assert first.far.refci != later.far.refci


def test_a_conference_is_a_pair_with_a_bridge_after_the_call_to_a_colleague() -> None:
    first, asked, together = plan(CucmWishes(scene=Scene.CONFERENCE)).pairs
    assert (first.after, asked.after, together.after) == (None, 0, 1)
    assert first.near == together.near
    assert together.far.is_conference
    assert together.far.device.startswith("CFB")
    assert together.far.number.startswith("b00")


def test_a_shared_line_goes_on_at_another_phone_of_the_same_number() -> None:
    first, later = plan(CucmWishes(scene=Scene.SHARED_LINE)).pairs
    assert first.near.number == later.near.number
    assert first.near.device != later.near.device
    assert first.far == later.far


def test_mirrors_swap_ends_directions_and_voices() -> None:
    own, own_later, other, other_later = plan(
        CucmWishes(scene=Scene.HOLD, is_mirrored=True), script(remote=PRIYA)
    ).pairs
    assert (own.near, own.far) == (other.far, other.near)
    assert other.script.owner is PRIYA
    assert other.script.direction is Direction.OUT
    assert [turn.speaker.other for turn in own.script.turns] == [
        turn.speaker for turn in other.script.turns
    ]
    assert (own.after, own_later.after, other.after, other_later.after) == (None, 0, None, 2)


def test_two_clusters_have_equal_ids_and_differ_in_cluster_and_people() -> None:
    one, namesake = plan(CucmWishes(two_clusters=True)).pairs
    assert (one.near.refci, one.near.device, one.far.refci) == (
        namesake.near.refci,
        namesake.near.device,
        namesake.far.refci,
    )
    assert one.near.cluster != namesake.near.cluster
    assert one.near.number != namesake.near.number
    assert namesake.after is None


def test_every_script_of_a_conversation_has_a_number_of_its_own() -> None:
    pairs = plan(CucmWishes(scene=Scene.CONFERENCE)).pairs
    assert [pair.script.index for pair in pairs] == [24, 25, 26]


def test_the_order_is_as_wished() -> None:
    (near_first,) = plan(CucmWishes(order=Order.NEAR_FIRST)).pairs
    (far_first,) = plan(CucmWishes(order=Order.FAR_FIRST)).pairs
    assert (near_first.first, far_first.first) == (Speaker.OWNER, Speaker.REMOTE)
