"""The ways in which one number is written, under the numbering plan: to match and to search by.

Nothing of this is kept with a call. What is kept is what was received, so that a plan that is
changed holds for the calls before it, too.
"""

from collections.abc import Iterator

from callvault.policy.numbering_plan import Heading, Kind, PlanReader
from callvault.policy.numbers import forms

_HEADINGS = (Heading.UNKNOWN, Heading.OUT, Heading.IN)


def forms_by(reader: PlanReader, number: str) -> frozenset[str]:
    """Return the forms by which a number is known to be another: they are if they share one.

    An internal number is itself only. Others have their normal form besides those that go by the
    country code alone, for where a plan says nothing of a national prefix.
    """
    reading = reader.read(number)
    if reading.kind is Kind.INTERNAL:
        return frozenset({reading.text})
    if reading.kind is Kind.NAME:
        return forms(number)
    return forms(number, country_code=reader.plan.country_code) | {reading.text}


def writings(reader: PlanReader, number: str) -> frozenset[str]:
    """Return all that may have been dialled for a number, its normal form among them.

    >>> from callvault.policy.numbering_plan import NumberingPlan
    >>> uk = PlanReader(NumberingPlan("44", national_prefix="0", outgoing_prefixes=("9",)))
    >>> sorted(writings(uk, "020 7946 0958"))[:3]
    ['+442079460958', '00442079460958', '02079460958']
    """
    wanted = reader.read(number).text
    if not wanted:
        return frozenset()
    found = {text for text in _possible(reader, wanted) if _is_read_as(reader, text, wanted)}
    return frozenset({wanted, *found})


def _possible(reader: PlanReader, wanted: str) -> Iterator[str]:
    """Return what the plan lets people dial, also where it then means another number."""
    plan = reader.plan
    before = ("", *plan.outgoing_prefixes, *plan.incoming_prefixes)
    bare = [wanted]
    if wanted.startswith("+"):
        digits = wanted[1:]
        bare += [digits, *(prefix + digits for prefix in plan.international_prefixes)]
        if plan.country_code and digits.startswith(plan.country_code):
            home = digits.removeprefix(plan.country_code)
            bare += [home, plan.national_prefix + home]
    for text in bare:
        yield from (prefix + text for prefix in before if not (prefix and text.startswith("+")))


def _is_read_as(reader: PlanReader, text: str, wanted: str) -> bool:
    return any(reader.read(text, heading).text == wanted for heading in _HEADINGS)
