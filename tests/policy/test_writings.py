"""One number in all its writings: what matches it, and what a search has to look for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.policy.numbering_plan import Heading, NumberingPlan, PlanReader
from callvault.policy.writings import forms_by, writings

ITALY = PlanReader(
    NumberingPlan(country_code="39", outgoing_prefixes=("0",), internal_patterns=("2......",))
)
UNITED_KINGDOM = PlanReader(NumberingPlan(country_code="44", national_prefix="0"))
AMERICA = PlanReader(
    NumberingPlan(country_code="1", national_prefix="1", international_prefixes=("011",))
)
NOWHERE = PlanReader(NumberingPlan())


@pytest.mark.parametrize(
    ("reader", "one", "other"),
    [
        (AMERICA, "011 39 02 7654321", "+39027654321"),
        (AMERICA, "1 202 555 0142", "202 555 0142"),
        (UNITED_KINGDOM, "020 7946 0958", "+442079460958"),
        (ITALY, "02 7654321", "+39027654321"),
        (NOWHERE, "0039 02 7654321", "+39027654321"),
        (NOWHERE, "Ann.Keller", "ann.keller"),
    ],
)
def test_two_writings_of_one_number_share_a_form(reader: PlanReader, one: str, other: str) -> None:
    assert forms_by(reader, one) & forms_by(reader, other)


def test_an_internal_number_of_full_length_is_itself_only() -> None:
    assert forms_by(ITALY, "2034567") == {"2034567"}
    assert not forms_by(ITALY, "2034567") & forms_by(ITALY, "+392034567")


def test_all_that_may_have_been_dialled_is_found_and_nothing_else() -> None:
    found = writings(ITALY, "02 7654321")
    assert found == {
        "+39027654321",
        "027654321",
        "0027654321",
        "0039027654321",
        "00039027654321",
    }
    assert writings(ITALY, "2034567") == {"2034567"}


def test_a_number_of_another_country_has_no_home_form() -> None:
    assert writings(UNITED_KINGDOM, "+39027654321") == {"+39027654321", "0039027654321"}


def test_nothing_is_written_in_no_way() -> None:
    assert writings(ITALY, "") == frozenset()


digits = st.text("0123456789", max_size=4)
plans = st.builds(
    NumberingPlan,
    country_code=st.text("123456789", max_size=3),
    international_prefixes=st.lists(digits, max_size=2).map(tuple),
    national_prefix=digits,
    outgoing_prefixes=st.lists(digits, max_size=2).map(tuple),
    incoming_prefixes=st.lists(digits, max_size=2).map(tuple),
)


@given(plans, st.text("+0123456789", max_size=14))
def test_each_writing_is_read_as_the_number(plan: NumberingPlan, number: str) -> None:
    reader = PlanReader(plan)
    wanted = reader.read(number).text
    found = writings(reader, number)
    for text in found - {wanted}:
        assert wanted in {reader.read(text, heading).text for heading in Heading}
    assert wanted in found or not wanted
