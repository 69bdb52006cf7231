"""Which calls of live-keep mode stay, when they are over: those that are marked (MODE-4).

Marks come during the call or within a time after it. What nobody marked is destroyed, or kept
where that is the default, unless somebody drops it.
"""

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from msgspec.structs import replace

from callvault.policy.decision import Assignment, Decision, Outcome, Step, Verdict
from callvault.policy.legal_hold import NOTHING_HELD, Held
from callvault.policy.modes import RecordingMode
from callvault.policy.wishes import Mark


class Settled(NamedTuple):
    """What is made of a call now that no mark comes any more."""

    decision: Decision
    destroyed: tuple[Assignment, ...]  # recordings that are not made; `mark` says why


def undecided(decision: Decision) -> tuple[Assignment, ...]:
    """Return the recordings of a call that a mark would still keep."""
    return tuple(one for one in decision.offered if one.mode == RecordingMode.LIVE_KEEP)


def waits_until_ns(decision: Decision, marks: Mapping[UUID, Mark], ended_at_ns: int) -> int:
    """Return until when marks of a call that ended then are waited for; 0: for none.

    A mark that keeps is for good. One that drops may be taken back as long as others may come.
    """
    if decision.keeping is None:
        return 0
    open_ones = [one for one in undecided(decision) if marks.get(one.owner_id) != Mark.KEPT]
    return ended_at_ns + decision.keeping.within_s * 1_000_000_000 if open_ones else 0


def settle(decision: Decision, marks: Mapping[UUID, Mark], *, held: Held = NOTHING_HELD) -> Settled:
    """Keep what is marked, and take away the rest.

    `marks` came after the call; of what is `held` nothing may be destroyed (a legal hold).
    """
    kept: list[Assignment] = []
    destroyed: list[Assignment] = []
    for one in undecided(decision):
        mark = marks.get(one.owner_id, one.mark)
        by_default = decision.keeping is not None and decision.keeping.keeps_unmarked and not mark
        is_kept = mark == Mark.KEPT or by_default or held.covers(one)
        (kept if is_kept else destroyed).append(replace(one, mark=mark))
    if not kept and not destroyed:
        return Settled(decision, ())
    others = tuple(one for one in decision.offered if one.mode != RecordingMode.LIVE_KEEP)
    assignments = (*decision.assignments, *kept)
    steps = decision.steps
    if kept and decision.verdict is not Verdict.RECORDED:
        steps = tuple(_passed(one) for one in steps if one.outcome is not Outcome.NOT_REACHED)
    elif destroyed and decision.verdict is Verdict.NOT_KEPT:
        steps = tuple(_with_reason(one, destroyed[0].mark or "unmarked") for one in steps)
    verdict = Verdict.RECORDED if assignments else decision.verdict
    after = replace(decision, verdict=verdict, steps=steps, assignments=assignments, offered=others)
    return Settled(after, tuple(destroyed))


def _passed(step: Step) -> Step:
    values = {name: value for name, value in step.values.items() if name != "reason"}
    return replace(step, outcome=Outcome.PASSED, values=values) if step.code == "mode" else step


def _with_reason(step: Step, reason: str) -> Step:
    if step.code != "mode" or step.outcome is not Outcome.STOPPED:
        return step
    return replace(step, values={**step.values, "reason": reason})
