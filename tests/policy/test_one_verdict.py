"""Every call ends in exactly one verdict, by exactly one step, whatever call it is (OPS-6)."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from callvault.policy import CallSeen, turned_away
from callvault.policy.decision import Capturing, Decision, Outcome, Verdict
from callvault.policy.filters import Filters
from callvault.policy.modes import Modes
from callvault.policy.snapshot import Person, RecordingMode
from callvault.policy.wishes import Mark
from tests.policy.any_call import (
    calls,
    filters,
    judged,
    modes_of_groups,
    people,
    people_with_modes,
)
from tests.policy.cast import TRUNK


def chain_of(decision: Decision) -> list[Outcome]:
    """Return the outcomes, and check that the chain is one: passed, one stops, none after it."""
    outcomes = [step.outcome for step in decision.steps]
    codes = [step.code for step in decision.steps]
    assert len(set(codes)) == len(codes)
    passed = [one for one in outcomes if one is Outcome.PASSED]
    assert outcomes[: len(passed)] == passed
    rest = outcomes[len(passed) :]
    assert rest[:1] in ([], [Outcome.STOPPED])
    assert set(rest[1:]) <= {Outcome.NOT_REACHED}
    return rest


@given(calls(), people, filters)
def test_a_call_is_recorded_or_one_step_says_why_not(
    call: CallSeen, those: tuple[Person, ...], rules: Filters
) -> None:
    decision = judged(call, those, rules)
    stopped = chain_of(decision)
    assert (decision.verdict is Verdict.RECORDED) == (not stopped)
    assert (decision.verdict is Verdict.RECORDED) == bool(decision.assignments)
    # Policy refuses nothing of a call that was taken in, and only a worker can fail.
    assert decision.verdict not in (Verdict.REFUSED, Verdict.FAILED)


@given(calls(), people, filters)
def test_each_recording_has_one_owner_who_is_active(
    call: CallSeen, those: tuple[Person, ...], rules: Filters
) -> None:
    decision = judged(call, those, rules)
    ids = [one.recording_id for one in decision.assignments]
    assert len(set(ids)) == len(ids)
    active = {one.user_id for one in those if one.active}
    assert {one.owner_id for one in decision.assignments} <= active


@given(calls(), people, filters)
def test_a_call_is_judged_the_same_each_time_and_kept_as_it_was_judged(
    call: CallSeen, those: tuple[Person, ...], rules: Filters
) -> None:
    decision = judged(call, those, rules)
    assert judged(call, those, rules) == decision
    assert msgspec.json.decode(msgspec.json.encode(decision), type=Decision) == decision


@given(calls(), people_with_modes, filters, modes_of_groups)
def test_each_owner_is_recorded_in_the_mode_that_was_set_last(
    call: CallSeen, those: tuple[Person, ...], rules: Filters, of_groups: Modes
) -> None:
    decision = judged(call, those, rules, of_groups)
    stopped = chain_of(decision)
    assert (decision.verdict is Verdict.RECORDED) == (not stopped) == bool(decision.assignments)
    by_id = {one.user_id: one for one in those}
    for one in decision.assignments:
        person = by_id[one.owner_id]
        mode = person.mode or of_groups.by_group.get(person.group) or call.trunk.mode
        assert one.mode == mode
        assert mode is not RecordingMode.NEVER
        if mode is RecordingMode.ON_DEMAND:
            assert one.from_ns >= call.wishes.pieces[one.owner_id][0].from_ns
        if mode is RecordingMode.LIVE_KEEP:
            assert call.wishes.marks[one.owner_id] is Mark.KEPT
    wanted = {one.owner_id for one in (*decision.assignments, *decision.offered)}
    if decision.capturing is not Capturing.NOTHING and wanted:
        assert {one.mode for one in decision.assignments} | {
            one.mode for one in decision.offered
        } != {RecordingMode.ON_DEMAND} or any(map(call.wishes.is_started, wanted))


@given(calls(), people_with_modes, modes_of_groups)
def test_without_filters_every_owner_in_always_on_mode_is_recorded(
    call: CallSeen, those: tuple[Person, ...], of_groups: Modes
) -> None:
    always = tuple(replace(one, mode=RecordingMode.ALWAYS_ON) for one in those)
    everybody = {one.owner_id for one in judged(call, always, Filters()).assignments}
    wanted = {
        one.user_id
        for one in those
        if (one.mode or of_groups.by_group.get(one.group) or call.trunk.mode)
        is RecordingMode.ALWAYS_ON
    }
    made = judged(call, those, Filters(), of_groups).assignments
    found = {one.owner_id for one in made if one.mode == RecordingMode.ALWAYS_ON}
    assert found == everybody & wanted


@given(calls(), people, filters)
def test_media_never_reach_the_disk_of_a_trunk_that_records_no_call(
    call: CallSeen, those: tuple[Person, ...], rules: Filters
) -> None:
    decision = judged(call, those, rules)
    if call.trunk.mode is RecordingMode.NEVER or decision.verdict is Verdict.FILTERED:
        assert decision.capturing is Capturing.NOTHING


@given(st.sampled_from(["room", "offer", "media"]), st.text(max_size=20), st.sampled_from(Verdict))
def test_a_call_that_never_began_was_stopped_by_one_step(
    step: str, reason: str, verdict: Verdict
) -> None:
    decision = turned_away(TRUNK, "192.0.2.14", step=step, reason=reason, verdict=verdict)
    assert chain_of(decision)[0] is Outcome.STOPPED
    assert decision.verdict is verdict
    assert not decision.assignments
