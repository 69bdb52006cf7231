"""The numbering plan: one normal form of each number, and how it was found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.policy.numbering_plan import Heading, Kind, NumberingPlan, PlanReader, Reading

ITALY = PlanReader(
    NumberingPlan(
        country_code="39",
        outgoing_prefixes=("0", "90"),
        incoming_prefixes=("9",),
        internal_patterns=("2...", "+39021234!"),
    )
)
UNITED_KINGDOM = PlanReader(NumberingPlan(country_code="44", national_prefix="0"))
AMERICA = PlanReader(
    NumberingPlan(country_code="1", national_prefix="1", international_prefixes=("011",))
)
NOWHERE = PlanReader(NumberingPlan())


@pytest.mark.parametrize(
    ("reader", "number", "heading", "text", "kind"),
    [
        (ITALY, "2001", Heading.OUT, "2001", Kind.INTERNAL),
        (ITALY, "0 02 7654321", Heading.OUT, "+39027654321", Kind.E164),
        (ITALY, "9002765432", Heading.OUT, "+3902765432", Kind.E164),
        (ITALY, "0112", Heading.OUT, "112", Kind.INTERNAL),
        (ITALY, "0044 20 7946 0958", Heading.UNKNOWN, "+442079460958", Kind.E164),
        (ITALY, "00044 20 7946 0958", Heading.OUT, "+442079460958", Kind.E164),
        (ITALY, "902 7654321", Heading.IN, "+39027654321", Kind.E164),
        (ITALY, "02 7654321", Heading.IN, "+39027654321", Kind.E164),
        (ITALY, "+39021234567", Heading.IN, "+39021234567", Kind.INTERNAL),
        (ITALY, "ann.keller", Heading.IN, "ann.keller", Kind.NAME),
        (UNITED_KINGDOM, "020 7946 0958", Heading.UNKNOWN, "+442079460958", Kind.E164),
        (AMERICA, "1 (202) 555-0142", Heading.UNKNOWN, "+12025550142", Kind.E164),
        (AMERICA, "2025550142", Heading.UNKNOWN, "+12025550142", Kind.E164),
        (AMERICA, "011 44 20 7946 0958", Heading.UNKNOWN, "+442079460958", Kind.E164),
        (NOWHERE, "02 7654321", Heading.UNKNOWN, "027654321", Kind.NATIONAL),
        (NOWHERE, "00", Heading.UNKNOWN, "00", Kind.INTERNAL),
        (NOWHERE, "+1", Heading.UNKNOWN, "+1", Kind.INTERNAL),
        (NOWHERE, "", Heading.UNKNOWN, "", Kind.NAME),
    ],
)
def test_a_number_has_one_normal_form(
    reader: PlanReader, number: str, heading: Heading, text: str, kind: Kind
) -> None:
    found = reader.read(number, heading)
    assert (found.text, found.kind) == (text, kind)


def test_each_step_is_told() -> None:
    assert ITALY.read("0 0044 20 7946 0958", Heading.OUT) == Reading(
        "+442079460958", Kind.E164, (("outgoing_prefix", "0"), ("international_prefix", "00"))
    )
    assert UNITED_KINGDOM.read("02079460958").steps == (
        ("national_prefix", "0"),
        ("country", "44"),
    )


@pytest.mark.parametrize(
    ("number", "pattern"),
    [("2001", "2..."), ("00390212345", "+39021234!"), ("02 1234 99", "+39021234!"), ("3001", None)],
)
def test_internal_patterns_are_asked_as_written_and_in_normal_form(
    number: str, pattern: str | None
) -> None:
    assert ITALY.internal_pattern(number) == pattern


@given(st.text("+0123456789 -().ab", max_size=30), st.sampled_from(Heading))
def test_a_normal_form_is_its_own_normal_form(number: str, heading: Heading) -> None:
    for reader in (ITALY, UNITED_KINGDOM, AMERICA, NOWHERE):
        found = reader.read(number, heading)
        if found.kind is Kind.E164:
            assert reader.read(found.text, heading) == Reading(found.text, Kind.E164) or (
                reader.read(found.text).kind is Kind.INTERNAL
            )
