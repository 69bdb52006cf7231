"""The step `filters` of a decision: which owners' recordings are not made (FILT-1 to 3, FILT-5)."""

from collections.abc import Sequence
from typing import NamedTuple

from callvault.policy.decision import Assignment, Capturing, Outcome, Step, Verdict
from callvault.policy.filters import CallFacts, Effect, FilterJudge, Filters, Ruling
from callvault.policy.numbering_plan import NumberingPlan, PlanReader
from callvault.siprec import user_and_host

NO_FILTERS = FilterJudge(Filters(), PlanReader(NumberingPlan()), is_known=lambda _number: False)

# What a phone system writes for a number that the caller withholds (RFC 3323, section 4.1.1.3).
# `unknown` is not among them: it may become known.
_WITHHELD = frozenset({"anonymous", "unavailable", "restricted"})


class Filtering(NamedTuple):
    """What filters make of a call that would be recorded."""

    verdict: Verdict
    steps: tuple[Step, ...]
    assignments: tuple[Assignment, ...]
    capturing: Capturing


def ask_filters(
    judge: FilterJudge, assignments: Sequence[Assignment], *, is_over: bool
) -> Filtering:
    """Take away the recordings that a filter forbids; all of them gone, the call is filtered.

    Where a filter waits for the remote number, the recording is planned, and its media wait.
    """
    if not judge.are_set:
        return Filtering(Verdict.RECORDED, (), tuple(assignments), Capturing.KEEP)
    ruled = [(one, _rule_on(judge, one, is_over=is_over)) for one in assignments]
    kept = tuple(one for one, ruling in ruled if ruling.effect is not Effect.FILTER)
    filtered = [pair for pair in ruled if pair[1].effect is Effect.FILTER]
    if not kept:
        step = Step("filters", Outcome.STOPPED, _values(*filtered[0]))
        return Filtering(Verdict.FILTERED, (step,), (), Capturing.NOTHING)
    values: dict[str, str] = {}
    if filtered:
        counts = {"filtered": str(len(filtered)), "owners": str(len(ruled))}
        values = _values(*filtered[0]) | counts
    waiting = [ruling for _, ruling in ruled if ruling.effect is Effect.WAIT]
    if waiting:
        values["waits"] = "1"
    # As soon as one recording is sure, its media are kept: those of a session are kept together.
    capturing = Capturing.HOLD if len(waiting) == len(kept) else Capturing.KEEP
    step = Step("filters", Outcome.PASSED, values)
    return Filtering(Verdict.RECORDED, (step,), kept, capturing)


def _rule_on(judge: FilterJudge, assignment: Assignment, *, is_over: bool) -> Ruling:
    remote = assignment.remote
    is_withheld = user_and_host(remote.aor)[0].casefold() in _WITHHELD
    return judge.rule_on(
        CallFacts(
            assignment.owner_id,
            assignment.owner_group,
            assignment.direction,
            remote.number,
            is_final=is_over or is_withheld,
        )
    )


def _values(assignment: Assignment, ruling: Ruling) -> dict[str, str]:
    whose = {"group": assignment.owner_group, "person": assignment.owner_username}
    values = {
        "rule": ruling.rule,
        "value": str(ruling.value),
        "scope": ruling.scope,
        "of": whose.get(ruling.scope, ""),
        "number": assignment.remote.number,
        "direction": assignment.direction.value,
    }
    return {name: value for name, value in values.items() if value}
