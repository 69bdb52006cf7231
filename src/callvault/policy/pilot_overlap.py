"""Which numbers stand in the way of a pilot: it must be unused (IDENT-5).

A prefix takes all numbers that begin with it, so that `8400` and an extension `84001` overlap, and
so do the prefixes `850` and `8500`: what is dialled would have two meanings. One number has several
forms, with the country's code and without it: by the numbering plan they are one.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from callvault.policy.numbering_plan import NumberingPlan
from callvault.policy.numbers import SHORTEST_FULL_NUMBER, forms, normalise
from callvault.policy.pattern import PatternInvalid, checked, overlap
from callvault.policy.pilots import PilotKind, Pilots

_ANY_PLAN = NumberingPlan()


@dataclass(frozen=True, slots=True)
class PilotNumber:
    """One pilot, with the pattern of all numbers that call it."""

    kind: PilotKind
    number: str

    @property
    def pattern(self) -> str:
        """The numbers that call it, as a black list or a numbering plan writes them."""
        return self._pattern_of(self.number)

    def patterns(self, plan: NumberingPlan) -> set[str]:
        """Return the same in each form that the number has by a plan."""
        return {self._pattern_of(one) for one in {self.number, *_dialled(self.number, plan)}}

    def _pattern_of(self, number: str) -> str:
        return number if self.kind is PilotKind.DIAL_IN else f"{number}!"


@dataclass(frozen=True, slots=True)
class HeldNumber:
    """A number that somebody has."""

    number: str
    holder: str  # name of the person
    is_alias: bool = False


@dataclass(frozen=True, slots=True)
class Clash:
    """A pilot, and what it overlaps: another pilot, a number that somebody has, or a pattern."""

    pilot: PilotNumber
    other: PilotNumber | HeldNumber | str


def pilot_numbers(pilots: Pilots) -> list[PilotNumber]:
    """Return every pilot that is set."""
    prefixes = (
        (PilotKind.RECORDING, pilots.recording_prefix),
        (PilotKind.LIVE_KEEP, pilots.live_keep_prefix),
        (PilotKind.AUTOMATED, pilots.automated_prefix),
    )
    found = [PilotNumber(kind, one) for kind, one in prefixes if one]
    return [*found, *(PilotNumber(PilotKind.DIAL_IN, one) for one in pilots.dial_in if one)]


def pilot_of(
    pilots: list[PilotNumber], number: str, plan: NumberingPlan = _ANY_PLAN
) -> PilotNumber | None:
    """Return the pilot that a number of a person overlaps, in whatever form it is written."""
    if not pilots or not number:
        return None
    written = {number, *forms(number, country_code=plan.country_code)}
    digits = normalise(number).lstrip("+")
    if len(digits) >= SHORTEST_FULL_NUMBER + len(plan.country_code):  # an extension has no other
        written |= _dialled(number, plan)
    return next((one for one in pilots if any(_takes(one, form) for form in written)), None)


def clashes(
    pilots: Pilots,
    *,
    held: Iterable[HeldNumber] = (),
    internal: Iterable[str] = (),
    plan: NumberingPlan = _ANY_PLAN,
) -> Iterator[Clash]:
    """Yield what each pilot overlaps; of two pilots, the later one clashes with the earlier."""
    all_of_them = pilot_numbers(pilots)
    for place, pilot in enumerate(all_of_them):
        for earlier in all_of_them[:place]:
            if _overlap(pilot, earlier, plan):
                yield Clash(pilot, earlier)
    for pattern in internal:
        for pilot in all_of_them:
            if overlap(pilot.pattern, pattern):
                yield Clash(pilot, pattern)
    for one in held:
        found = pilot_of(all_of_them, one.number, plan)
        if found is not None:
            yield Clash(found, one)


def covers(pattern: str, pilot: PilotNumber) -> bool:
    """Whether a pattern of a black list stands for every number that calls a pilot."""
    try:
        head = checked(pattern).removesuffix("!")
    except PatternInvalid:
        return False
    if pilot.kind is PilotKind.DIAL_IN:
        return overlap(pattern, pilot.number)
    is_wide = pattern.endswith("!") and len(head) <= len(pilot.number)
    return is_wide and overlap(pattern, pilot.number)


def _overlap(one: PilotNumber, other: PilotNumber, plan: NumberingPlan) -> bool:
    others = other.patterns(plan)
    return any(overlap(pattern, theirs) for pattern in one.patterns(plan) for theirs in others)


def _dialled(number: str, plan: NumberingPlan) -> set[str]:
    """Return how a number with the country's code is dialled at home and from abroad.

    Also of the beginning of a number: nothing of it need follow. None of a number of elsewhere.
    """
    plain = normalise(number)
    for prefix in plan.international_prefixes:
        if prefix and plain.startswith(prefix + plan.country_code):
            plain = f"+{plain.removeprefix(prefix)}"
            break
    at_home = plain.removeprefix(f"+{plan.country_code}")
    if not plan.country_code or not at_home or at_home == plain:
        return set()
    abroad = {f"{one}{plan.country_code}{at_home}" for one in plan.international_prefixes if one}
    return {f"+{plan.country_code}{at_home}", f"{plan.national_prefix}{at_home}", *abroad}


def _takes(pilot: PilotNumber, number: str) -> bool:
    if pilot.kind is PilotKind.DIAL_IN:
        return number == pilot.number
    return number.startswith(pilot.number)
