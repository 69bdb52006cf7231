"""IDENT-5: a pilot must be unused, and what uses it is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    assert pilot_of(pilots, "028400012", "39") == pilots[0]
    assert pilot_of(pilots, "028500012", "39") is None


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
