"""Calls that stay only if they are marked."""

from collections.abc import Mapping
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from callvault.policy.decision import Decision, Outcome, Step, Verdict
from callvault.policy.filters import Filters
from callvault.policy.legal_hold import Held
from callvault.policy.live_keep import settle, undecided, waits_until_ns
from callvault.policy.modes import Keeping, Modes, RecordingMode
from callvault.policy.snapshot import Person
from callvault.policy.wishes import Mark, Wishes
from tests.policy.any_call import calls, filters, judged, modes_of_groups, people_with_modes
from tests.policy.cast import ANN, BOB
from tests.policy.test_modes import LIVE_KEEP, NEVER, decided, people

S = 1_000_000_000
DROPS, KEEPS = Keeping(120), Keeping(120, keeps_unmarked=True)


def call(
    mark: Mark | None = None, keeping: Keeping = DROPS, bob: RecordingMode | None = NEVER
) -> Decision:
    """Judge a call between Ann in live-keep mode and Bob."""
    wishes = Wishes().marked([ANN.user_id], mark) if mark else Wishes()
    snapshot = replace(people(LIVE_KEEP, bob), modes=Modes(keeping=keeping))
    return decided("1001", "1002", snapshot=snapshot, wishes=wishes)


@pytest.mark.parametrize(
    ("keeping", "during", "after", "is_kept"),
    [
        (DROPS, None, None, False),
        (DROPS, None, Mark.KEPT, True),
        (DROPS, Mark.DROPPED, None, False),
        (DROPS, Mark.DROPPED, Mark.KEPT, True),
        (KEEPS, None, None, True),
        (KEEPS, None, Mark.DROPPED, False),
        (KEEPS, Mark.DROPPED, None, False),
        (KEEPS, Mark.DROPPED, Mark.KEPT, True),
    ],
)
def test_the_last_mark_decides_or_the_default(
    keeping: Keeping, during: Mark | None, after: Mark | None, *, is_kept: bool
) -> None:
    marks = {ANN.user_id: after} if after else {}
    decision, destroyed = settle(call(during, keeping), marks)
    assert (decision.verdict is Verdict.RECORDED) == is_kept
    assert [one.owner_id for one in decision.assignments] == [ANN.user_id] * is_kept
    assert [one.owner_id for one in destroyed] == [ANN.user_id] * (not is_kept)
    assert [one.mark for one in destroyed] == [after or during or ""] * (not is_kept)
    assert decision.offered == ()


def test_what_was_marked_during_the_call_is_not_waited_for() -> None:
    decision = call(Mark.KEPT)
    assert (undecided(decision), waits_until_ns(decision, {}, 5 * S)) == ((), 0)
    assert settle(decision, {}) == (decision, ())


@pytest.mark.parametrize("during", [None, Mark.DROPPED])
def test_marks_are_waited_for_until_one_keeps_the_call(during: Mark | None) -> None:
    decision = call(during)
    assert waits_until_ns(decision, {}, 5 * S) == 125 * S
    assert waits_until_ns(decision, {ANN.user_id: Mark.DROPPED}, 5 * S) == 125 * S
    assert waits_until_ns(decision, {ANN.user_id: Mark.KEPT}, 5 * S) == 0


def test_the_steps_say_what_became_of_it() -> None:
    kept = settle(call(), {ANN.user_id: Mark.KEPT}).decision.steps[-1]
    values = {"mode": "live_keep", "set_by": "user", "of": "user1"}
    other = {"other_mode": "never", "other_set_by": "user", "other_of": "user2"}
    assert kept == Step("mode", Outcome.PASSED, values | other)
    dropped = settle(call(), {ANN.user_id: Mark.DROPPED}).decision.steps[-1]
    assert dropped == Step("mode", Outcome.STOPPED, values | other | {"reason": "dropped"})


def test_a_legal_hold_stops_the_destruction() -> None:
    decision, destroyed = settle(call(Mark.DROPPED), {}, held=Held(users=frozenset({ANN.user_id})))
    assert ([one.owner_id for one in decision.assignments], destroyed) == ([ANN.user_id], ())


def test_the_other_users_recording_stays_whatever_becomes_of_the_first() -> None:
    decision, destroyed = settle(call(bob=None), {})
    assert [one.owner_id for one in decision.assignments] == [BOB.user_id]
    assert [one.owner_id for one in destroyed] == [ANN.user_id]
    assert decision.verdict is Verdict.RECORDED


marks = st.dictionaries(st.sampled_from([ANN.user_id, BOB.user_id]), st.sampled_from(Mark))


@given(calls(), people_with_modes, filters, modes_of_groups, marks)
def test_each_call_in_live_keep_mode_is_kept_or_destroyed_and_nothing_else_changes(
    seen: object,
    those: tuple[Person, ...],
    rules: Filters,
    of_groups: Modes,
    after: Mapping[UUID, Mark],
) -> None:
    before = judged(seen, those, rules, of_groups)  # type: ignore[arg-type]
    decision, destroyed = settle(before, after)
    made = {one.recording_id for one in decision.assignments}
    gone = {one.recording_id for one in destroyed}
    open_ones = {one.recording_id for one in undecided(before)}
    assert made | gone == {one.recording_id for one in before.assignments} | open_ones
    assert not made & gone
    assert not undecided(decision)
    assert (decision.verdict is Verdict.RECORDED) == bool(made)
    assert {one.outcome for one in decision.steps} == {Outcome.PASSED} or not made
