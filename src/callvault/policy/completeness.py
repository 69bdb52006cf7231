"""Completeness: what the phone system's own records say, held against what reached us (OPS-6).

A call record (CDR) is matched to the calls that reached a recorder, by an id that both know, else
by both numbers and the time. Each record ends in exactly one verdict. Whose call it is, and
whether it was to be recorded, is asked of the policy in force now: what it was then nobody kept.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import msgspec

from callvault.policy.decision import Direction, Verdict
from callvault.policy.filters import CallFacts, Effect, FilterJudge
from callvault.policy.mode_judge import ModeJudge
from callvault.policy.modes import RecordingMode
from callvault.policy.numbering_plan import Kind, PlanReader
from callvault.policy.owner import Address, Match, NoMatch, PeopleIndex
from callvault.policy.snapshot import Snapshot, Trunk
from callvault.policy.writings import forms_by

TOLERANCE = timedelta(seconds=30)
"""By how much the clocks of phone system and recorder may differ."""
SHORTEST_ID = 6
"""A shorter id says nothing: phone systems count calls from 1."""


class CdrVerdict(StrEnum):
    """The one way in which a call record ends."""

    RECORDED = "recorded"
    LEFT_OUT = (
        "left_out"  # by a rule: filtered, discarded, not kept, a mode that did not ask for it
    )
    FAILED = "failed"
    REFUSED = "refused"
    MISSING = "missing"  # never reached us, though it was to be recorded
    NOT_OURS = "not_ours"  # nobody of ours takes part
    NOT_ANSWERED = "not_answered"


COUNTED = (CdrVerdict.RECORDED, CdrVerdict.FAILED, CdrVerdict.REFUSED, CdrVerdict.MISSING)
"""Those that were to be recorded."""
OPEN = (CdrVerdict.MISSING, CdrVerdict.FAILED, CdrVerdict.REFUSED)
"""Those that may turn out otherwise: a recording comes late, a number is entered late."""


class Why(StrEnum):
    """What a verdict rests on."""

    BY_ID = "by_id"  # a call that reached us, found by an id
    BY_NUMBERS = "by_numbers"  # likewise, by numbers and time
    NEVER_REACHED = "never_reached"
    SHARED = "shared"  # never reached us, and several people share its number
    MODE = "mode"  # of the person
    FILTER = "filter"  # would have left it out
    NOBODY = "nobody"
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class CdrCall:
    """A call as the phone system wrote it down; `begin` is when it was answered, if it was."""

    begin: datetime
    end: datetime
    caller: str = ""
    callees: tuple[str, ...] = ()  # who was called, and who answered
    call_ids: tuple[str, ...] = ()
    is_answered: bool = True


@dataclass(frozen=True, slots=True)
class ReachedCall:
    """A call that reached a recorder, with the numbers of all who took part."""

    key: int
    begin: datetime
    end: datetime
    verdict: Verdict
    numbers: tuple[str, ...] = ()
    call_ids: frozenset[str] = frozenset()


class Judged(NamedTuple):
    """What became of a call record, and why."""

    verdict: CdrVerdict
    why: Why
    reached: int | None = None  # the call, by its key
    username: str = ""  # whose call it would have been


_OF_VERDICT = {
    Verdict.RECORDED: CdrVerdict.RECORDED,
    Verdict.FAILED: CdrVerdict.FAILED,
    Verdict.REFUSED: CdrVerdict.REFUSED,
    Verdict.FILTERED: CdrVerdict.LEFT_OUT,
    Verdict.DISCARDED: CdrVerdict.LEFT_OUT,
    Verdict.NOT_KEPT: CdrVerdict.LEFT_OUT,
}
_RANK = {verdict: rank for rank, verdict in enumerate(_OF_VERDICT)}


class _Found(NamedTuple):
    call: ReachedCall
    why: Why


def capture_rate(counts: Mapping[CdrVerdict, int]) -> float | None:
    """Return the recorded share in per cent, cut and not rounded; None: none was to be recorded."""
    total = sum(counts.get(one, 0) for one in COUNTED)
    if not total:
        return None
    return counts.get(CdrVerdict.RECORDED, 0) * 10_000 // total / 100


class CdrJudge:
    """Judges call records by the policy in force. Built once for a snapshot, then only read."""

    def __init__(self, snapshot: Snapshot, *, tolerance: timedelta = TOLERANCE) -> None:
        plan = msgspec.structs.replace(snapshot.plan, country_code=snapshot.country_code)
        self._reader = PlanReader(plan)
        self._people = PeopleIndex.of(snapshot)
        self._modes = ModeJudge.of(snapshot)
        self._trunk = _strictest(snapshot.trunks)
        self._filters = FilterJudge(snapshot.filters, self._reader, is_known=self._people.knows)
        self._tolerance = tolerance
        self._forms: dict[str, frozenset[str]] = {}

    def judge(
        self,
        records: Sequence[CdrCall],
        reached: Iterable[ReachedCall],
        *,
        taken: Set[int] = frozenset(),
    ) -> list[Judged]:
        """Return what became of each record; `taken` are calls that others have by now.

        First what is sure. What the clocks alone set apart is taken only where no other record
        has it: of two calls between the same numbers, one after the other, one may be missing.
        """
        calls = list(reached)
        by_id, by_form = _by_id(calls), self._by_form(calls)
        found = [self._sure(one, by_id, by_form) for one in records]
        used = {one.call.key for one in found if one is not None} | taken
        for place, record in enumerate(records):
            if found[place] is None and record.is_answered:
                near = self._near(record, by_form, used)
                if near is not None:
                    found[place] = near
                    used.add(near.call.key)
        return [self._judged(*pair) for pair in zip(records, found, strict=True)]

    def _judged(self, record: CdrCall, found: _Found | None) -> Judged:
        if found is not None:
            return Judged(_OF_VERDICT[found.call.verdict], found.why, found.call.key)
        if not record.is_answered:
            return Judged(CdrVerdict.NOT_ANSWERED, Why.UNANSWERED)
        return self._never_reached(record)

    def _never_reached(self, record: CdrCall) -> Judged:
        """Say whether it was to be recorded: if that holds of one party, it was."""
        said = [
            self._of_party(number, other, direction)
            for number, other, direction in _sides(record)
            if number
        ]
        order = (CdrVerdict.MISSING, CdrVerdict.LEFT_OUT)
        for verdict in order:
            for one in said:
                if one.verdict is verdict:
                    return one
        return Judged(CdrVerdict.NOT_OURS, Why.NOBODY)

    def _of_party(self, number: str, other: str, direction: Direction) -> Judged:
        found = self._people.find((Address(number),))
        if isinstance(found, NoMatch):
            if found.reason == "ambiguous":
                return Judged(CdrVerdict.MISSING, Why.SHARED)
            return Judged(CdrVerdict.NOT_OURS, Why.NOBODY)
        return self._of_person(found, other, direction)

    def _of_person(self, match: Match, other: str, direction: Direction) -> Judged:
        person = match.person
        mode = self._modes.rule_on(self._trunk, person).mode
        if not mode.captures:
            return Judged(CdrVerdict.LEFT_OUT, Why.MODE, username=person.username)
        facts = CallFacts(person.user_id, person.group, direction, other, is_final=True)
        if self._filters.rule_on(facts).effect is Effect.FILTER:
            return Judged(CdrVerdict.LEFT_OUT, Why.FILTER, username=person.username)
        return Judged(CdrVerdict.MISSING, Why.NEVER_REACHED, username=person.username)

    def _sure(
        self,
        record: CdrCall,
        by_id: Mapping[str, list[ReachedCall]],
        by_form: Mapping[str, list[ReachedCall]],
    ) -> _Found | None:
        """Return the call that has the record's id, or its numbers and half of its time."""
        named = [
            call for one in record.call_ids for call in by_id.get(one, ())
            if self._is_near(record, call)
        ]  # fmt: skip
        if named:
            return _Found(_best(record, named), Why.BY_ID)
        if not record.is_answered:
            return None
        said = [one for one in self._with_numbers(record, by_form) if _is_within(record, one)]
        return _Found(_best(record, said), Why.BY_NUMBERS) if said else None

    def _near(
        self, record: CdrCall, by_form: Mapping[str, list[ReachedCall]], used: Set[int]
    ) -> _Found | None:
        """Return a call that no other record has, at most the tolerance of the clocks away."""
        said = [
            one for one in self._with_numbers(record, by_form)
            if one.key not in used and self._is_near(record, one)
        ]  # fmt: skip
        return _Found(_best(record, said), Why.BY_NUMBERS) if said else None

    def _is_near(self, record: CdrCall, call: ReachedCall) -> bool:
        return _overlap(record, call) >= -self._tolerance

    def _with_numbers(
        self, record: CdrCall, by_form: Mapping[str, list[ReachedCall]]
    ) -> list[ReachedCall]:
        """Return calls between the record's parties; of one whose other side is unknown, one's."""
        found: dict[int, ReachedCall] = {}
        for number in (record.caller, *record.callees):
            for form in self._forms_of(number):
                found.update((one.key, one) for one in by_form.get(form, ()))
        return [one for one in found.values() if self._is_between(record, one)]

    def _is_between(self, record: CdrCall, call: ReachedCall) -> bool:
        sides = [self._forms_of(number) for number in call.numbers]
        caller = self._places(record.caller, sides)
        callees = {at for number in record.callees for at in self._places(number, sides)}
        if any(one != other for one in caller for other in callees):
            return True
        is_half = not self._is_told(record.caller) or not any(map(self._is_told, record.callees))
        return bool(caller | callees) and (is_half or len(sides) < 2)

    def _places(self, number: str, sides: Sequence[frozenset[str]]) -> set[int]:
        forms = self._forms_of(number)
        return {place for place, side in enumerate(sides) if forms & side}

    def _is_told(self, number: str) -> bool:
        """Whether it is a number: not empty, withheld, or a name."""
        return bool(number) and self._reader.read(number).kind is not Kind.NAME

    def _forms_of(self, number: str) -> frozenset[str]:
        if number not in self._forms:
            self._forms[number] = forms_by(self._reader, number) if number else frozenset()
        return self._forms[number]

    def _by_form(self, calls: Iterable[ReachedCall]) -> dict[str, list[ReachedCall]]:
        index: dict[str, list[ReachedCall]] = {}
        for call in calls:
            for form in {form for number in call.numbers for form in self._forms_of(number)}:
                index.setdefault(form, []).append(call)
        return index


def _strictest(trunks: Iterable[Trunk]) -> Trunk:
    """Return the trunk that asks for most: by which one a call would have come nobody knows."""
    order = (RecordingMode.ALWAYS_ON, RecordingMode.LIVE_KEEP, RecordingMode.ON_DEMAND)
    ranked = sorted(
        trunks, key=lambda one: order.index(one.mode) if one.mode in order else len(order)
    )
    return ranked[0] if ranked else _NO_TRUNK


_NO_TRUNK = Trunk(trunk_id=UUID(int=0), name="", peers=())


def _sides(record: CdrCall) -> Iterable[tuple[str, str, Direction]]:
    """Return each party with the other one, and the direction from there."""
    callee = record.callees[-1] if record.callees else ""
    yield record.caller, callee, Direction.OUT
    for number in record.callees:
        yield number, record.caller, Direction.IN


def _by_id(calls: Iterable[ReachedCall]) -> dict[str, list[ReachedCall]]:
    index: dict[str, list[ReachedCall]] = {}
    for call in calls:
        for one in call.call_ids:
            if len(one) >= SHORTEST_ID:
                index.setdefault(one, []).append(call)
    return index


def _overlap(record: CdrCall, call: ReachedCall) -> timedelta:
    """Return how long both went on; below zero: how far they are apart."""
    return min(record.end, call.end) - max(record.begin, call.begin)


def _is_within(record: CdrCall, call: ReachedCall) -> bool:
    """Whether they share half of the shorter one; a call that never began lies in the record."""
    shorter = min(record.end - record.begin, call.end - call.begin)
    return _overlap(record, call) >= shorter / 2


def _best(record: CdrCall, calls: Sequence[ReachedCall]) -> ReachedCall:
    """Return the one that speaks best for us; of equals, the one that shares most time."""
    return min(calls, key=lambda one: (_RANK[one.verdict], -_overlap(record, one), one.key))
