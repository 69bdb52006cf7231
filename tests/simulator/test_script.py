"""Scripts: who, which way, what is said when."""

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callvault.policy.decision import Direction
from callvault.simulator.cast import DEMO_PEOPLE, NUMBERS_OF_NOBODY, REMOTE_PARTIES
from callvault.simulator.script import (
    FRAME_MS,
    CallScript,
    Line,
    Speaker,
    Wishes,
    plan_calls,
    users_of,
)


def length_of(line: Line) -> int:
    """Speak 60 ms a letter, the same for all voices."""
    return 60 * len(line.text)


def planned(
    seed: int = 1,
    *,
    calls: int = 1,
    shortest_ms: int = 15_000,
    longest_ms: int = 60_000,
    hold_share: float = 0.25,
    unknown_share: float = 0.0,
    internal_share: float = 0.0,
) -> list[CallScript]:
    """Plan calls with lines of a known length."""
    wishes = Wishes(
        calls=calls,
        shortest_ms=shortest_ms,
        longest_ms=longest_ms,
        hold_share=hold_share,
        unknown_share=unknown_share,
        internal_share=internal_share,
    )
    return list(plan_calls(wishes, seed=seed, length_of=length_of))


def speakers(scripts: Iterable[CallScript]) -> list[set[Speaker]]:
    return [{turn.speaker for turn in script.turns} for script in scripts]


def test_the_same_seed_gives_the_same_calls() -> None:
    assert planned(seed=7, calls=5) == planned(seed=7, calls=5)
    assert planned(seed=7, calls=5) != planned(seed=8, calls=5)


def test_a_call_does_not_depend_on_how_many_come_after_it() -> None:
    assert planned(calls=3, hold_share=0.0) == planned(calls=9, hold_share=0.0)[:3]


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_shares_are_kept_exactly(share: float) -> None:
    scripts = planned(calls=20, hold_share=share, unknown_share=share)
    assert sum(script.hold is not None for script in scripts) == 20 * share
    assert sum(script.owner.user is None for script in scripts) == 20 * share


def test_an_unknown_call_is_of_a_number_that_no_user_has() -> None:
    extensions = {person.extension for person in DEMO_PEOPLE}
    assert not extensions & set(NUMBERS_OF_NOBODY)
    for script in planned(calls=10, unknown_share=1.0):
        assert script.owner.number in NUMBERS_OF_NOBODY
        assert script.remote.user is None


def test_an_internal_call_is_between_two_different_users() -> None:
    for script in planned(calls=10, internal_share=1.0):
        assert script.owner.user is not None
        assert script.remote.user is not None
        assert script.owner.user is not script.remote.user


def test_both_directions_occur_and_name_the_caller() -> None:
    scripts = planned(calls=20)
    assert {script.direction for script in scripts} == {Direction.IN, Direction.OUT}
    for script in scripts:
        outwards = script.direction is Direction.OUT
        assert script.caller is (script.owner if outwards else script.remote)
        assert script.callee is (script.remote if outwards else script.owner)


def test_whoever_is_called_speaks_first() -> None:
    for script in planned(calls=20):
        first = Speaker.OWNER if script.direction is Direction.IN else Speaker.REMOTE
        assert script.turns[0].speaker is first


def test_some_turns_overlap_and_most_do_not() -> None:
    pairs = [
        (one.end_ms, two.start_ms)
        for script in planned(calls=30, longest_ms=60_000, hold_share=0.0)
        for one, two in zip(script.turns, script.turns[1:], strict=False)
    ]
    overlaps = sum(start < end for end, start in pairs)
    assert 0.05 < overlaps / len(pairs) < 0.3


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), length=st.integers(4_000, 90_000), held=st.booleans())
def test_turns_stay_inside_the_call_and_outside_the_hold(
    seed: int, length: int, held: bool
) -> None:
    (script,) = planned(
        seed, calls=1, shortest_ms=length, longest_ms=length, hold_share=1.0 if held else 0.0
    )
    assert script.length_ms % FRAME_MS == 0
    for turn in script.turns:
        assert 0 <= turn.start_ms < turn.end_ms <= script.length_ms
        if script.hold is not None:
            assert turn.end_ms <= script.hold.start_ms or turn.start_ms >= script.hold.end_ms


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 10_000), length=st.integers(4_000, 20_000))
def test_both_sides_speak_even_in_a_short_call(seed: int, length: int) -> None:
    scripts = planned(seed, calls=1, shortest_ms=length, longest_ms=length, hold_share=1.0)
    assert speakers(scripts) == [{Speaker.OWNER, Speaker.REMOTE}]


def test_a_call_too_short_for_a_hold_has_none() -> None:
    (script,) = planned(calls=1, shortest_ms=4_000, longest_ms=5_000, hold_share=1.0)
    assert script.hold is None


def test_the_users_of_calls_are_those_to_be_recorded() -> None:
    scripts = planned(calls=30, unknown_share=0.5)
    users = users_of(scripts)
    assert [user.extension for user in users] == sorted(user.extension for user in users)
    assert set(users) <= set(DEMO_PEOPLE)
    assert len(users) > 3


def test_the_cast_has_no_number_twice_and_keeps_to_numbers_of_fiction() -> None:
    numbers = [person.extension for person in DEMO_PEOPLE] + [one.number for one in REMOTE_PARTIES]
    assert len(numbers) == len(set(numbers))
    assert all(one.number.startswith("+155501") for one in REMOTE_PARTIES)
