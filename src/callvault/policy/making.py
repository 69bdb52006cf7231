"""Which of the owners' recordings are made, by the mode of each: the steps `mode` and `filters`.

A call between two users may have two modes. Its media are kept as long as one of them wants it;
whose recording is not to be made gets none of it (finalise goes by the assignments).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from callvault.policy.decision import Assignment, Capturing, Outcome, Step, Verdict
from callvault.policy.filtering import Filtering, ask_filters
from callvault.policy.filters import FilterJudge
from callvault.policy.modes import ModeRuling, RecordingMode
from callvault.policy.wishes import Mark, Piece, Wishes

PieceId = Callable[[Assignment, int], Assignment]
"""Gives the n-th piece of an owner's call the id of a recording of its own."""
_NOTHING = Filtering(Verdict.RECORDED, (), (), Capturing.NOTHING)


class Ruled(NamedTuple):
    """A recording that may be made, and the mode of its owner's call."""

    assignment: Assignment
    ruling: ModeRuling


class Making(NamedTuple):
    """What is made of a call."""

    verdict: Verdict
    steps: tuple[Step, ...]
    assignments: tuple[Assignment, ...]
    offered: tuple[Assignment, ...]  # made only if somebody asks for it
    capturing: Capturing


def ask_modes(
    ruled: Sequence[Ruled],
    filters: FilterJudge,
    wishes: Wishes,
    *,
    piece_id: PieceId,
    is_over: bool,
) -> Making:
    """Return which recordings are made. Filters are asked of always-on calls alone (FILT-1)."""
    ruled = [
        one._replace(
            assignment=msgspec.structs.replace(
                one.assignment,
                mode=one.ruling.mode,
                mark=wishes.marks.get(one.assignment.owner_id, ""),
            )
        )
        for one in ruled
    ]
    always = list(_of(ruled, RecordingMode.ALWAYS_ON))
    said = ask_filters(filters, always, is_over=is_over) if always else _NOTHING
    asked = [made for one in ruled for made in _asked_for(one, wishes, piece_id)]
    made = {one.owner_id for one in asked}
    offered = tuple(
        one.assignment
        for one in ruled
        if _is_on_request(one) and (one.assignment.owner_id not in made or _is_idle(one, wishes))
    )
    assignments = (*said.assignments, *asked)
    return Making(
        *_verdict(ruled, said, assignments, offered),
        assignments,
        offered,
        _capturing(ruled, said, asked),
    )


def _of(ruled: Iterable[Ruled], mode: RecordingMode) -> Iterator[Assignment]:
    return (one.assignment for one in ruled if one.ruling.mode is mode)


def _asked_for(one: Ruled, wishes: Wishes, piece_id: PieceId) -> Iterator[Assignment]:
    """Yield the recordings of one owner that somebody asked for."""
    assignment = one.assignment
    if one.ruling.mode is RecordingMode.LIVE_KEEP and assignment.mark == Mark.KEPT:
        yield assignment
    if one.ruling.mode is not RecordingMode.ON_DEMAND:
        return
    for number, piece in enumerate(wishes.pieces.get(assignment.owner_id, ())):
        found = _within(assignment, piece)
        if found is not None:
            yield piece_id(found, number) if number else found


def _within(assignment: Assignment, piece: Piece) -> Assignment | None:
    """Return what lies in a piece of the owner's part of the call."""
    from_ns = max(assignment.from_ns, piece.from_ns)
    ends = [one for one in (assignment.until_ns, piece.until_ns) if one]
    until_ns = min(ends, default=0)
    if until_ns and until_ns <= from_ns:
        return None
    return msgspec.structs.replace(assignment, from_ns=from_ns, until_ns=until_ns)


def _is_on_request(one: Ruled) -> bool:
    return one.ruling.mode in (RecordingMode.ON_DEMAND, RecordingMode.LIVE_KEEP)


def _is_idle(one: Ruled, wishes: Wishes) -> bool:
    """Whether a call that is recorded on demand is not being recorded now."""
    is_started = wishes.is_started(one.assignment.owner_id)
    return one.ruling.mode is RecordingMode.ON_DEMAND and not is_started


def _verdict(
    ruled: Sequence[Ruled],
    said: Filtering,
    assignments: Sequence[Assignment],
    offered: Sequence[Assignment],
) -> tuple[Verdict, tuple[Step, ...]]:
    """Return the one verdict, and by which step."""
    if assignments:
        filters = tuple(msgspec.structs.replace(one, outcome=Outcome.PASSED) for one in said.steps)
        made = {one.mode for one in assignments}
        return Verdict.RECORDED, (_step(Outcome.PASSED, _first(ruled, made)), *filters)
    if offered:
        modes = {one.mode for one in offered}
        reason = {
            RecordingMode.ON_DEMAND: "not_started",
            RecordingMode.LIVE_KEEP: offered[0].mark or "unmarked",
        }[RecordingMode(offered[0].mode)]
        step = _step(Outcome.STOPPED, _first(ruled, modes), reason=reason)
        filters = tuple(Step(one.code, Outcome.NOT_REACHED) for one in said.steps)
        return Verdict.NOT_KEPT, (step, *filters)
    if said.steps:
        always = {RecordingMode.ALWAYS_ON}
        return said.verdict, (_step(Outcome.PASSED, _first(ruled, always)), *said.steps)
    return Verdict.FILTERED, (_step(Outcome.STOPPED, ruled),)


def _first(ruled: Sequence[Ruled], modes: Iterable[str]) -> list[Ruled]:
    """Return owners of these modes before the others; of several, always-on before all."""
    wanted = sorted(modes, key=lambda mode: mode != RecordingMode.ALWAYS_ON)
    return sorted(
        ruled,
        key=lambda one: wanted.index(one.ruling.mode) if one.ruling.mode in wanted else len(wanted),
    )


def _step(outcome: Outcome, ruled: Sequence[Ruled], *, reason: str = "") -> Step:
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
    if reason:
        values["reason"] = reason
    return Step("mode", outcome, values)


def _capturing(ruled: Sequence[Ruled], said: Filtering, asked: Sequence[Assignment]) -> Capturing:
    """Return what is done with media: kept, if one owner wants it.

    Whose part of the call has ended wants them still while nobody else is there, since the news
    that they are back may come late; not, where the call went on to somebody who wants none.
    """
    live = list(_of(ruled, RecordingMode.LIVE_KEEP))
    pieces = [one for one in asked if one.mode == RecordingMode.ON_DEMAND]
    if _goes_on(pieces):
        return Capturing.KEEP
    wanting = {one.owner_id for one in (*said.assignments, *live)}
    others = [one.assignment for one in ruled if one.assignment.owner_id not in wanting]
    is_left = _goes_on(others)
    if live and (_goes_on(live) or not is_left):
        return Capturing.KEEP
    return said.capturing if _goes_on(said.assignments) or not is_left else Capturing.NOTHING


def _goes_on(assignments: Iterable[Assignment]) -> bool:
    """Whether somebody's part of the call has no end yet."""
    return any(not one.until_ns for one in assignments)
