"""One number, written in several ways."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.policy import forms, normalise


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("+1 (555) 014-2000", "+15550142000"),
        ("02/1234.5678", "0212345678"),
        ("1001", "1001"),
        ("ann keller ", "ann keller"),
        ("+", "+"),
        ("", ""),
    ],
)
def test_visual_separators_are_taken_out_of_numbers_only(written: str, plain: str) -> None:
    assert normalise(written) == plain


@pytest.mark.parametrize(
    ("one", "other", "country_code"),
    [
        ("+39 02 1234567", "021234567", "39"),  # Italy keeps the zero
        ("+44 20 7946 0000", "020 7946 0000", "44"),  # most others drop it
        ("0044 20 7946 0000", "+442079460000", ""),
        ("15550142000", "+1 555 014 2000", "1"),
        ("5550142000", "+1 555 014 2000", "1"),
        ("ANN", "ann", ""),
    ],
)
def test_two_writings_of_one_number_share_a_form(one: str, other: str, country_code: str) -> None:
    assert forms(one, country_code=country_code) & forms(other, country_code=country_code)


@pytest.mark.parametrize(
    ("one", "other", "country_code"),
    [
        ("1001", "+391001", "39"),  # an extension is not E.164
        ("+15550142000", "+445550142000", "1"),
        ("021234567", "+39021234567", ""),  # no country is assumed
    ],
)
def test_different_numbers_share_none(one: str, other: str, country_code: str) -> None:
    assert not forms(one, country_code=country_code) & forms(other, country_code=country_code)


@given(st.text(max_size=30), st.sampled_from(["", "1", "39"]))
def test_a_number_always_matches_itself(text: str, country_code: str) -> None:
    found = forms(text, country_code=country_code)
    assert bool(found) == bool(normalise(text))
    assert forms(normalise(text), country_code=country_code) == found
