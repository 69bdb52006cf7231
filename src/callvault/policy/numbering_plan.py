"""The numbering plan: which numbers are internal, and the one form of the others (FILT-6).

A number reaches us as a phone system writes it: with the digit for an outside line before it, in
national or international form, or bare. The plan takes that apart and gives one normal form, E.164
or internal. Each step is told, so that the portal can show how a number was read.
"""

from dataclasses import dataclass
from enum import StrEnum

import msgspec

from callvault.policy.numbers import SHORTEST_FULL_NUMBER, is_number, normalise
from callvault.policy.pattern import PatternList

LONGEST_E164 = 15
"""Digits of the longest international number (ITU-T E.164, section 6)."""
SHORTEST_E164 = 7
SHORTEST_AFTER_PREFIX = 3
"""What follows the digit for an outside line: emergency and service numbers have three digits."""


class NumberingPlan(msgspec.Struct, frozen=True):
    """How numbers are written here. Prefixes are digits, patterns as in policy.pattern."""

    country_code: str = ""  # "39"; empty: numbers without a country keep their form
    international_prefixes: tuple[str, ...] = ("00",)  # dialled for `+`
    national_prefix: str = ""  # dialled before a national number, not kept abroad: "0" in the UK
    outgoing_prefixes: tuple[str, ...] = ()  # dialled for an outside line
    incoming_prefixes: tuple[str, ...] = ()  # what the phone system puts before a caller's number
    internal_patterns: tuple[str, ...] = ()


class Kind(StrEnum):
    """What a number turned out to be."""

    INTERNAL = "internal"  # of the organisation: an internal pattern, or too short for another
    E164 = "e164"  # "+" and the country's code
    NATIONAL = "national"  # a full number whose country is not known
    NAME = "name"  # no number


class Heading(StrEnum):
    """Which way a number was dialled: it decides which prefix can stand before it."""

    IN = "in"  # a caller's
    OUT = "out"  # the one that was called
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Reading:
    """A number in its normal form, and how it was found."""

    text: str
    kind: Kind
    steps: tuple[tuple[str, str], ...] = ()  # (internal_pattern, "7!"), (outgoing_prefix, "0"), …


class PlanReader:
    """Reads numbers by a plan. Built once for a snapshot, then only read."""

    def __init__(self, plan: NumberingPlan) -> None:
        self.plan = plan
        self._internal = PatternList(plan.internal_patterns)
        # The longest first, so that "90" is taken off before "9".
        self._outgoing = tuple(sorted(plan.outgoing_prefixes, key=len, reverse=True))
        self._incoming = tuple(sorted(plan.incoming_prefixes, key=len, reverse=True))
        self._international = tuple(sorted(plan.international_prefixes, key=len, reverse=True))

    def internal_pattern(self, number: str) -> str | None:
        """Return the internal pattern that a number matches, as written or in normal form."""
        return self._internal.find(normalise(number)) or self._internal.find(self.read(number).text)

    def read(self, number: str, heading: Heading = Heading.UNKNOWN) -> Reading:
        """Bring a number into its normal form."""
        plain = normalise(number)
        if not is_number(plain):
            return Reading(plain, Kind.NAME)
        pattern = self._internal.find(plain)
        if pattern is not None:
            return Reading(plain, Kind.INTERNAL, (("internal_pattern", pattern),))
        return self._without_prefix(plain, heading)

    def _without_prefix(self, plain: str, heading: Heading) -> Reading:
        """Take off what only the phone system put before the number."""
        code, prefixes = {
            Heading.OUT: ("outgoing_prefix", self._outgoing),
            Heading.IN: ("incoming_prefix", self._incoming),
        }.get(heading, ("", ()))
        prefix = _prefix_of(plain, prefixes, shortest_rest=SHORTEST_AFTER_PREFIX)
        if not prefix:
            return self._full(plain, ())
        return self._full(plain.removeprefix(prefix), ((code, prefix),))

    def _full(self, plain: str, steps: tuple[tuple[str, str], ...]) -> Reading:
        """Read what can be dialled anywhere in the country."""
        if plain.startswith("+"):
            return Reading(plain, Kind.E164 if len(plain) > SHORTEST_E164 else Kind.INTERNAL, steps)
        prefix = _prefix_of(plain, self._international, shortest_rest=SHORTEST_E164)
        if prefix:
            steps = (*steps, ("international_prefix", prefix))
            return Reading(f"+{plain.removeprefix(prefix)}", Kind.E164, steps)
        if len(plain) < SHORTEST_FULL_NUMBER:
            return Reading(plain, Kind.INTERNAL, (*steps, ("short", str(len(plain)))))
        return self._national(plain, steps)

    def _national(self, plain: str, steps: tuple[tuple[str, str], ...]) -> Reading:
        country_code = self.plan.country_code
        if not country_code:
            return Reading(plain, Kind.NATIONAL, steps)
        prefix = self.plan.national_prefix
        if prefix and plain.startswith(prefix):
            plain = plain.removeprefix(prefix)
            steps = (*steps, ("national_prefix", prefix))
        if len(country_code) + len(plain) > LONGEST_E164:
            return Reading(plain, Kind.NATIONAL, steps)
        return Reading(f"+{country_code}{plain}", Kind.E164, (*steps, ("country", country_code)))


def _prefix_of(number: str, prefixes: tuple[str, ...], *, shortest_rest: int) -> str:
    """Return the prefix that a number begins with, if enough of it is left; else nothing."""
    return next(
        (
            one
            for one in prefixes
            if number.startswith(one) and len(number) >= len(one) + shortest_rest
        ),
        "",
    )
