"""Legs find each other whatever comes first and however long the other takes."""

from dataclasses import replace
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from callvault.cucm import Outlived, Pairs, Place, RecordingLeg, Side, StayedAlone
from callvault.cucm.pairs import LINGER_S, WINDOW_S
from tests.cucm.legs import CALL, MIRRORED, leg

NEAR, FAR = leg(CALL), leg(CALL, "x-farend")


class Node:
    """Pairs of one trunk, with journals named by their order."""

    def __init__(self) -> None:
        self.pairs = Pairs()
        self.legs = 0

    def comes(self, one: RecordingLeg, at_s: float, *, trunk: str = "CUCM") -> tuple[Place, UUID]:
        place = self.pairs.place(one, trunk=trunk, new_id=uuid4(), now_s=at_s)
        self.legs += 1
        journal = UUID(int=self.legs)
        self.pairs.began(place, journal, trunk=trunk, now_s=at_s)
        return place, journal


@given(st.booleans(), st.floats(0, 4))
def test_two_legs_make_one_call_in_either_order(is_near_first: bool, gap_s: float) -> None:
    node = Node()
    legs = (NEAR, FAR) if is_near_first else (FAR, NEAR)
    first, one = node.comes(legs[0], 10.0)
    second, other = node.comes(legs[1], 10.0 + gap_s)
    assert first.pair_id == second.pair_id
    assert (first.is_second, second.is_second) == (False, True)
    assert first.conversation == second.conversation
    assert not list(node.pairs.due(100.0))
    assert set(node.pairs.legs_of(one)) == {one, other} == set(node.pairs.legs_of(other))


def test_the_second_leg_may_come_late_as_long_as_the_first_lives() -> None:
    node = Node()
    first, _ = node.comes(NEAR, 0.0)
    assert list(node.pairs.due(WINDOW_S)) == [StayedAlone(first.pair_id, Side.NEAR)]
    assert list(node.pairs.due(WINDOW_S + 1)) == []
    assert node.comes(FAR, 60.0)[0].pair_id == first.pair_id


def test_a_leg_that_ended_is_joined_by_none_and_told_of() -> None:
    node = Node()
    first, journal = node.comes(NEAR, 0.0)
    node.pairs.ended(journal, now_s=1.0)
    assert node.comes(FAR, 2.0)[0].pair_id != first.pair_id
    assert list(node.pairs.due(WINDOW_S)) == [StayedAlone(first.pair_id, Side.NEAR)]
    assert not node.pairs.has(first.pair_id)


def test_when_one_leg_ends_the_other_has_three_seconds() -> None:
    node = Node()
    first, near = node.comes(NEAR, 0.0)
    _, far = node.comes(FAR, 0.3)
    node.pairs.ended(near, now_s=20.0)
    assert list(node.pairs.due(20.0 + LINGER_S - 0.1)) == []
    assert list(node.pairs.due(20.0 + LINGER_S)) == [Outlived(far)]
    assert list(node.pairs.due(30.0)) == []
    node.pairs.ended(far, now_s=24.0)
    assert not node.pairs.has(first.pair_id)


def test_a_call_is_found_by_its_first_leg_though_that_has_ended() -> None:
    node = Node()
    place = node.pairs.place(NEAR, trunk="CUCM", new_id=uuid4(), now_s=0.0)
    first = place.pair_id
    node.pairs.began(place, first, trunk="CUCM", now_s=0.0)
    _, far = node.comes(FAR, 0.3)
    node.pairs.ended(first, now_s=20.0)
    assert node.pairs.legs_of(first) == (far,)


def test_the_other_leg_of_a_call_without_codec_is_of_that_call_for_a_moment() -> None:
    node = Node()
    first, journal = node.comes(NEAR, 0.0)
    node.pairs.ended(journal, now_s=0.1, is_told=True)
    second, other = node.comes(FAR, 0.4)
    assert (second.pair_id, second.is_second) == (first.pair_id, True)
    assert node.pairs.is_void(first.pair_id)
    node.pairs.ended(other, now_s=0.5, is_told=True)
    assert not node.pairs.has(first.pair_id)
    third, journal = node.comes(NEAR, 1.0)
    node.pairs.ended(journal, now_s=1.1, is_told=True)
    assert list(node.pairs.due(1.1 + WINDOW_S)) == []
    assert node.comes(FAR, 1.2 + WINDOW_S)[0].pair_id != third.pair_id


def test_the_same_voice_again_is_a_call_of_its_own_and_the_newer_gets_its_twin() -> None:
    node = Node()
    older, _ = node.comes(NEAR, 0.0)
    newer, _ = node.comes(NEAR, 1.0)
    assert older.pair_id != newer.pair_id
    assert node.comes(FAR, 1.1)[0].pair_id == newer.pair_id
    assert node.comes(FAR, 1.2)[0].pair_id not in (older.pair_id, newer.pair_id)


def test_without_flags_the_first_leg_is_the_recorded_user_and_that_is_a_guess() -> None:
    node = Node()
    plain = replace(NEAR, side=Side.UNSAID)
    first, _ = node.comes(plain, 0.0)
    second, _ = node.comes(plain, 0.2)
    assert (first.leg.side, second.leg.side) == (Side.NEAR, Side.FAR)
    assert first.leg.is_guess
    assert second.leg.is_guess
    assert first.pair_id == second.pair_id


def test_one_that_says_its_side_tells_that_of_the_other() -> None:
    node = Node()
    first, _ = node.comes(FAR, 0.0)
    second, _ = node.comes(replace(NEAR, side=Side.UNSAID), 0.2)
    assert second.leg.side is Side.NEAR
    assert second.pair_id == first.pair_id


def test_equal_ids_of_two_clusters_or_trunks_are_two_calls() -> None:
    node = Node()
    elsewhere = replace(FAR, near=replace(FAR.near, cluster_id="cluster2"))
    assert node.comes(NEAR, 0.0)[0].pair_id != node.comes(elsewhere, 0.1)[0].pair_id
    nameless = replace(NEAR, near=replace(NEAR.near, cluster_id=""))
    other = replace(FAR, near=replace(FAR.near, cluster_id=""))
    first, _ = node.comes(nameless, 1.0)
    assert node.comes(other, 1.1, trunk="Other")[0].pair_id != first.pair_id
    assert node.comes(other, 1.2)[0].pair_id == first.pair_id


def test_a_mirror_is_a_call_of_its_own() -> None:
    node = Node()
    assert node.comes(NEAR, 0.0)[0].pair_id != node.comes(leg(MIRRORED), 0.1)[0].pair_id


def test_what_goes_on_at_the_same_phone_is_one_conversation() -> None:
    node = Node()
    first, near = node.comes(NEAR, 0.0)
    node.pairs.ended(near, now_s=30.0)
    list(node.pairs.due(40.0))
    resumed, again = node.comes(NEAR, 200.0)
    assert resumed.conversation == first.conversation
    node.pairs.ended(again, now_s=210.0)
    assert node.comes(NEAR, 600.0)[0].conversation != first.conversation
    other = replace(NEAR, near=replace(NEAR.near, device="SEP00"))
    assert node.comes(other, 211.0)[0].conversation != first.conversation


def test_after_a_restart_the_legs_are_one_call_again_and_none_is_told_of() -> None:
    before = Node()
    first, _ = before.comes(NEAR, 0.0)
    second, _ = before.comes(FAR, 0.1)
    after = Pairs()
    for number, place in enumerate((second, first)):
        after.began(place, UUID(int=number), trunk="CUCM", now_s=5.0, is_told=True)
    assert list(after.due(60.0)) == []
    after.ended(UUID(int=0), now_s=61.0)
    assert list(after.due(65.0)) == [Outlived(UUID(int=1))]


@given(st.lists(st.tuples(st.sampled_from([NEAR, FAR, leg(MIRRORED)]), st.floats(0, 9))))
def test_nothing_is_kept_of_calls_that_are_over(comings: list[tuple[RecordingLeg, float]]) -> None:
    node = Node()
    now_s = 0.0
    for one, gap_s in comings:
        now_s += gap_s
        node.comes(one, now_s)
    for number in range(1, node.legs + 1):
        node.pairs.ended(UUID(int=number), now_s=now_s)
    list(node.pairs.due(now_s + 60))
    assert not node.pairs._by_pair
    assert not node.pairs._by_journal
    assert not node.pairs._open
