"""Which recording calls belong together, in either order."""

import pytest

from callvault.cucm import (
    SEGMENT_GAP_S,
    LegKey,
    continues,
    key_of,
    key_of_mirror,
    makes_pair,
)
from tests.cucm.legs import CALL, MIRRORED, leg

FAR = "x-farend"


def test_a_key_has_cluster_call_leg_and_device() -> None:
    expected = LegKey("cluster:cluster1", "25471835", "sep0011aabbccdd", "25471834")
    assert key_of(leg(), trunk="7") == expected


def test_the_two_voices_of_a_call_make_a_pair_in_either_order() -> None:
    assert makes_pair(leg(), leg(flag=FAR), trunk="7")
    assert makes_pair(leg(flag=FAR), leg(), trunk="7")
    assert makes_pair(leg(), leg(CALL.replace("SEP", "sep"), FAR), trunk="7")


@pytest.mark.parametrize("flag", ["x-nearend", "x-nearend;x-farend", "x-other"])
def test_legs_that_are_not_of_opposite_sides_make_no_pair(flag: str) -> None:
    assert not makes_pair(leg(), leg(flag=flag), trunk="7")
    assert not makes_pair(leg(flag=flag), leg(flag=flag), trunk="7")


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("x-refci=25471835", "x-refci=1"),
        ("x-farendrefci=25471834", "x-farendrefci=1"),
        ("SEP0011AABBCCDD", "SEP0011AABBCCDF"),
        ("x-nearendclusterid=cluster1", "x-nearendclusterid=cluster2"),
        ("x-nearendclusterid=cluster1;", ""),
    ],
)
def test_one_part_of_the_key_that_differs_makes_another_call(written: str, instead: str) -> None:
    assert written in CALL
    assert not makes_pair(leg(), leg(CALL.replace(written, instead), FAR), trunk="7")


def test_without_x_refci_there_is_no_twin() -> None:
    nameless = CALL.replace("x-refci=25471835;", "")
    assert key_of(leg(nameless), trunk="7") is None
    assert not makes_pair(leg(nameless), leg(nameless, FAR), trunk="7")


def test_without_a_cluster_the_trunk_counts_and_is_never_taken_for_one() -> None:
    nameless = leg("x-refci=1;x-nearenddevice=SEP1")
    named = leg("x-refci=1;x-nearenddevice=SEP1;x-nearendclusterid=7")
    assert key_of(nameless, trunk="7") == LegKey("trunk:7", "1", "sep1", "")
    assert key_of(nameless, trunk="7") != key_of(nameless, trunk="8")
    assert key_of(nameless, trunk="7") != key_of(named, trunk="7")


def test_the_pair_that_records_the_other_phone_is_the_mirror_of_this_one() -> None:
    assert key_of_mirror(leg(), trunk="7") == key_of(leg(MIRRORED), trunk="7")
    assert key_of_mirror(leg(MIRRORED, FAR), trunk="7") == key_of(leg(), trunk="7")
    assert not makes_pair(leg(), leg(MIRRORED, FAR), trunk="7")


def test_a_far_end_without_cluster_is_in_the_near_ones_and_without_call_leg_has_no_mirror() -> None:
    nameless = CALL.replace("x-farendclusterid=cluster1;", "")
    assert key_of_mirror(leg(nameless), trunk="7") == key_of_mirror(leg(), trunk="7")
    assert key_of_mirror(leg("x-refci=1"), trunk="7") is None


AGAIN = CALL.replace("25471835", "25471840").replace("25471834", "25471841")
NUMBERLESS = AGAIN.replace("x-farendaddr=5550102", "x-farendaddr=")


@pytest.mark.parametrize(
    ("later", "gap_s", "is_same"),
    [
        (CALL, 0.0, True),
        (CALL, SEGMENT_GAP_S, True),
        (CALL, SEGMENT_GAP_S + 0.1, False),
        (AGAIN, 60.0, False),  # the same other party calls once more
        (AGAIN.replace("25471841", "25471834"), 60.0, True),  # parked, and taken back
        (AGAIN.replace("x-refci=25471840;", ""), 60.0, True),  # which leg is not said
        (CALL.replace("5550102", "5550103"), 60.0, True),  # a transfer inside the call leg
        (AGAIN.replace("5550102", "5550103"), 60.0, False),  # another call
        (NUMBERLESS, 60.0, False),
        (CALL.replace("SEP0011AABBCCDD", "SEP0011AABBCCDF"), 60.0, False),
        (CALL.replace("clusterid=cluster1", "clusterid=cluster2"), 60.0, False),
        (CALL.replace("SEP", "sep"), 60.0, True),
    ],
)
def test_a_segment_goes_on_with_a_call_of_the_same_phone(
    later: str, gap_s: float, *, is_same: bool
) -> None:
    assert continues(leg(later), leg(flag=FAR), trunk="7", gap_s=gap_s) is is_same


def test_two_conferences_without_a_number_are_not_one_for_want_of_it() -> None:
    other = NUMBERLESS.replace("25471840", "1").replace("25471841", "2")
    assert not continues(leg(other), leg(NUMBERLESS), trunk="7", gap_s=1.0)


def test_a_phone_without_a_name_goes_on_with_nothing() -> None:
    nameless = leg("x-refci=1;x-farendaddr=5550102")
    assert not continues(nameless, nameless, trunk="7", gap_s=1.0)
