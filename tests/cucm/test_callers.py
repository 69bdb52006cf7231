"""Who called does not change with what goes on with a call."""

from dataclasses import replace

import pytest

from callvault.cucm import RecordingLeg
from callvault.cucm.callers import MOST_REMEMBERED, REMEMBERED_S, Callers
from callvault.cucm.describing import near_called
from tests.cucm.legs import leg

TRUNK = "CUCM"
CALLED = leg()  # the recorded end has the higher id: it was called
CALLING = replace(CALLED, near=replace(CALLED.near, refci="25471833"))


def with_far(one: RecordingLeg, refci: str) -> RecordingLeg:
    return replace(one, far=replace(one.far, refci=refci, number="5550199"))


@pytest.mark.parametrize("first", [CALLED, CALLING])
def test_another_far_end_changes_nothing_of_who_called(first: RecordingLeg) -> None:
    callers = Callers()
    told = callers.told(first, trunk=TRUNK, now_s=0.0)
    for refci in ("1", "99999999"):
        later = callers.told(with_far(first, refci), trunk=TRUNK, now_s=60.0)
        assert later.has_called is told.has_called is near_called(first)


def test_a_call_that_goes_on_at_another_phone_keeps_who_called() -> None:
    callers = Callers()
    callers.told(CALLING, trunk=TRUNK, now_s=0.0)
    elsewhere = replace(
        CALLING, near=replace(CALLING.near, refci="25471999", device="SEP0011AABBCC00")
    )
    assert not near_called(elsewhere)
    assert callers.told(elsewhere, trunk=TRUNK, now_s=9.0).has_called is True


def test_both_phones_of_a_call_have_opposite_words() -> None:
    callers = Callers()
    own = callers.told(CALLED, trunk=TRUNK, now_s=0.0)
    other = callers.told(replace(CALLED, near=CALLED.far, far=CALLED.near), trunk=TRUNK, now_s=0.0)
    assert (own.has_called, other.has_called) == (False, True)


def test_equal_ids_of_another_cluster_or_of_long_ago_say_nothing() -> None:
    callers = Callers()
    callers.told(CALLED, trunk=TRUNK, now_s=0.0)
    later = with_far(CALLED, "99999999")
    elsewhere = replace(
        later,
        near=replace(later.near, cluster_id="cluster2"),
        far=replace(later.far, cluster_id="cluster2"),
    )
    assert callers.told(elsewhere, trunk=TRUNK, now_s=1.0).has_called is True
    assert callers.told(later, trunk=TRUNK, now_s=REMEMBERED_S + 1).has_called is True


def test_what_a_restart_kept_is_learnt_again() -> None:
    callers = Callers()
    callers.told(replace(CALLED, has_called=True), trunk=TRUNK, now_s=0.0)
    assert callers.told(CALLED, trunk=TRUNK, now_s=1.0).has_called is True


def test_memory_is_bounded() -> None:
    callers = Callers()
    for number in range(MOST_REMEMBERED):
        one = replace(CALLED, near=replace(CALLED.near, refci=str(number)))
        callers.told(with_far(one, f"9{number}"), trunk=TRUNK, now_s=0.0)
    assert len(callers._known) == MOST_REMEMBERED
