"""Which of the owners' recordings are made, by the mode of each: the steps `mode` and `filters`.

A call between two users may have two modes. Its media are kept as long as one of them wants it;
whose recording is not to be made gets none of it (finalise goes by the assignments).
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from callvault.policy.decision import Assignment, Capturing, Outcome, Step, Verdict
from callvault.policy.filtering import Filtering, ask_filters
from callvault.policy.filters import FilterJudge
from callvault.policy.modes import ModeRuling, RecordingMode

_ON_REQUEST = (RecordingMode.ON_DEMAND, RecordingMode.LIVE_KEEP)


class Ruled(NamedTuple):
    """A recording that may be made, and the mode of its owner's call."""

    assignment: Assignment
    ruling: ModeRuling


def ask_modes(ruled: Sequence[Ruled], filters: FilterJudge, *, is_over: bool) -> Filtering:
    """Return which recordings are made. Filters are asked of always-on calls alone (FILT-1)."""
    always = [one for one in ruled if one.ruling.mode is RecordingMode.ALWAYS_ON]
    if not always:
        waits = any(one.ruling.mode in _ON_REQUEST for one in ruled)
        verdict = Verdict.NOT_KEPT if waits else Verdict.FILTERED
        return Filtering(verdict, (_step(Outcome.STOPPED, ruled),), (), Capturing.NOTHING)
    said = ask_filters(filters, [one.assignment for one in always], is_over=is_over)
    others = [one for one in ruled if one not in always]
    steps = (_step(Outcome.PASSED, [*always, *others]), *said.steps)
    # The call went on to somebody who wants none of it: who was recorded has left.
    if _goes_on(one.assignment for one in others) and not _goes_on(said.assignments):
        return said._replace(steps=steps, capturing=Capturing.NOTHING)
    return said._replace(steps=steps)


def _goes_on(assignments: Iterable[Assignment]) -> bool:
    """Whether somebody's part of the call has no end yet."""
    return any(not one.until_ns for one in assignments)


def _step(outcome: Outcome, ruled: Sequence[Ruled]) -> Step:
    """Say the mode of the first owner, and of the first one whose mode is another."""
    first = ruled[0].ruling
    values = {"mode": first.mode.value, "set_by": first.set_by.value, "of": first.of}
    other = next((one.ruling for one in ruled if one.ruling.mode is not first.mode), None)
    if other is not None:
        values |= {
            "other_mode": other.mode.value,
            "other_set_by": other.set_by.value,
            "other_of": other.of,
        }
    return Step("mode", outcome, values)
