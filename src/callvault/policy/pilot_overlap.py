"""Which numbers stand in the way of a pilot: it must be unused (IDENT-5).

A prefix takes all numbers that begin with it, so that `8400` and an extension `84001` overlap, and
so do the prefixes `850` and `8500`: what is dialled would have two meanings.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from callvault.policy.numbers import forms
from callvault.policy.pattern import PatternInvalid, checked, overlap
from callvault.policy.pilots import PilotKind, Pilots


@dataclass(frozen=True, slots=True)
class PilotNumber:
    """One pilot, with the pattern of all numbers that call it."""

    kind: PilotKind
    number: str

    @property
    def pattern(self) -> str:
        """The numbers that call it, as a black list or a numbering plan writes them."""
        return self.number if self.kind is PilotKind.DIAL_IN else f"{self.number}!"


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


def pilot_of(pilots: list[PilotNumber], number: str, country_code: str = "") -> PilotNumber | None:
    """Return the pilot that a number of a person overlaps, in whatever form it is written."""
    if not pilots or not number:
        return None
    written = {number, *forms(number, country_code=country_code)}
    return next((one for one in pilots if any(_takes(one, form) for form in written)), None)


def clashes(
    pilots: Pilots,
    *,
    held: Iterable[HeldNumber] = (),
    internal: Iterable[str] = (),
    country_code: str = "",
) -> Iterator[Clash]:
    """Yield what each pilot overlaps; of two pilots, the later one clashes with the earlier."""
    all_of_them = pilot_numbers(pilots)
    for place, pilot in enumerate(all_of_them):
        for earlier in all_of_them[:place]:
            if overlap(pilot.pattern, earlier.pattern):
                yield Clash(pilot, earlier)
    for pattern in internal:
        for pilot in all_of_them:
            if overlap(pilot.pattern, pattern):
                yield Clash(pilot, pattern)
    for one in held:
        found = pilot_of(all_of_them, one.number, country_code)
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


def _takes(pilot: PilotNumber, number: str) -> bool:
    if pilot.kind is PilotKind.DIAL_IN:
        return number == pilot.number
    return number.startswith(pilot.number)
