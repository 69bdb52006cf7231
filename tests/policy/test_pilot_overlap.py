"""IDENT-5: a pilot must be unused, and what uses it is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.policy.numbering_plan import NumberingPlan
from callvault.policy.pattern import matches, overlap
from callvault.policy.pilot_overlap import (
    Clash,
    HeldNumber,
    PilotNumber,
    clashes,
    covers,
    pilot_numbers,
    pilot_of,
)
from callvault.policy.pilots import PilotKind, Pilots, read_pilot

RECORDING = PilotNumber(PilotKind.RECORDING, "8400")
LIVE_KEEP = PilotNumber(PilotKind.LIVE_KEEP, "8500")
DIAL_IN = PilotNumber(PilotKind.DIAL_IN, "8600")
ITALY = NumberingPlan("39")
UNITED_KINGDOM = NumberingPlan("44", national_prefix="0")
PILOTS = Pilots("8400", "8500", dial_in=("8600",))


def test_unused_pilots_clash_with_nothing() -> None:
    held = [HeldNumber(number, "Ann") for number in ("840", "2001", "86001", "+398400", "98400")]
    assert list(clashes(PILOTS, held=held, internal=["2...", "860", "86000!"])) == []


@pytest.mark.parametrize(
    ("pilots", "pilot", "other"),
    [
        (Pilots("850", "8500"), LIVE_KEEP, PilotNumber(PilotKind.RECORDING, "850")),
        (Pilots("8500", "850"), PilotNumber(PilotKind.LIVE_KEEP, "850"), PilotNumber(
            PilotKind.RECORDING, "8500"
        )),
        (Pilots("8400", dial_in=("84001",)), PilotNumber(PilotKind.DIAL_IN, "84001"), RECORDING),
        (Pilots("84", automated_prefix="84"), PilotNumber(PilotKind.AUTOMATED, "84"), PilotNumber(
            PilotKind.RECORDING, "84"
        )),
    ],
)  # fmt: skip
def test_pilots_that_overlap_are_told_of_once(
    pilots: Pilots, pilot: PilotNumber, other: PilotNumber
) -> None:
    assert list(clashes(pilots)) == [Clash(pilot, other)]


def test_numbers_of_people_and_of_the_plan_are_told_with_whose_they_are() -> None:
    held = [HeldNumber("84001", "Ann"), HeldNumber("8600", "Bob", is_alias=True)]
    found = list(clashes(PILOTS, held=held, internal=["8...", "8500"]))
    assert found == [
        Clash(RECORDING, "8..."),
        Clash(LIVE_KEEP, "8..."),
        Clash(DIAL_IN, "8..."),
        Clash(LIVE_KEEP, "8500"),
        Clash(RECORDING, held[0]),
        Clash(DIAL_IN, held[1]),
    ]


def test_a_number_is_compared_in_each_form_that_it_can_be_written_in() -> None:
    pilots = pilot_numbers(Pilots("+3902840"))
    for written in ("028400012", "+39028400012", "0039028400012", "+39 02 840 00-12"):
        assert pilot_of(pilots, written, ITALY) == pilots[0]
    assert pilot_of(pilots, "028500012", ITALY) is None
    assert pilot_of(pilots, "+49028400012", ITALY) is None


@pytest.mark.parametrize("number", ["+442079460012", "00442079460012", "02079460012"])
def test_a_pilot_in_national_form_takes_the_number_with_its_country_too(number: str) -> None:
    pilots = pilot_numbers(Pilots("02079"))
    assert pilot_of(pilots, number, UNITED_KINGDOM) == pilots[0]
    assert pilot_of(pilot_numbers(Pilots("2079")), number, UNITED_KINGDOM) is None
    assert pilot_of(pilots, "+4402079", UNITED_KINGDOM) is None  # too short for another form


@pytest.mark.parametrize(
    ("first", "second", "plan", "is_one"),
    [
        ("+3902840", "0284", ITALY, True),
        ("003902840", "+390284012", ITALY, True),
        ("+3902840", "0284", UNITED_KINGDOM, False),
        ("+442079", "02079", UNITED_KINGDOM, True),
        ("+442079", "2079", UNITED_KINGDOM, False),
        ("+392079", "2079", NumberingPlan(), False),
    ],
)
def test_pilots_in_two_forms_of_one_number_overlap(
    first: str, second: str, plan: NumberingPlan, *, is_one: bool
) -> None:
    for pilots in (Pilots(first, second), Pilots(second, first)):
        assert bool(list(clashes(pilots, plan=plan))) is is_one


digits = st.text("0123456789", min_size=1, max_size=5)


@given(digits, digits)
def test_a_number_overlaps_exactly_where_dialling_it_would_call_the_pilot(
    prefix: str, number: str
) -> None:
    pilots = Pilots(prefix)
    calls = read_pilot(pilots, number) is not None
    assert (pilot_of(pilot_numbers(pilots), number) is not None) == calls
    assert overlap(pilot_numbers(pilots)[0].pattern, number) == calls


@given(digits, st.text("012.", max_size=4), st.booleans(), digits)
def test_a_pattern_covers_a_pilot_only_if_it_takes_each_number_that_calls_it(
    prefix: str, head: str, has_end: bool, more: str
) -> None:
    pattern = head + ("!" if has_end else "")
    if pattern and covers(pattern, PilotNumber(PilotKind.RECORDING, prefix)):
        assert matches(pattern, prefix)
        assert matches(pattern, prefix + more)


@pytest.mark.parametrize(
    ("pattern", "is_covered"),
    [
        ("8400!", True),
        ("84!", True),
        ("8.!", True),
        ("8400", False),
        ("84001!", False),
        ("x", False),
    ],
)
def test_patterns_that_cover_a_prefix(pattern: str, is_covered: bool) -> None:
    assert covers(pattern, RECORDING) is is_covered


@pytest.mark.parametrize(
    ("pattern", "is_covered"), [("8600", True), ("86..", True), ("8!", True), ("8601", False)]
)
def test_patterns_that_cover_a_whole_number(pattern: str, is_covered: bool) -> None:
    assert covers(pattern, DIAL_IN) is is_covered
