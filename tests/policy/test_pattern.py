"""Patterns of telephone numbers: written, refused, matched, and overlapping."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.policy.pattern import (
    LONGEST_PATTERN,
    LineInvalid,
    PatternInvalid,
    PatternList,
    checked,
    matches,
    overlap,
    read_list,
)

NUMBERS = st.text("0123456789+*#", max_size=6)
PATTERNS = st.builds(
    lambda body, end: body + end, st.text("01+*#.", max_size=5), st.sampled_from(["", "!"])
).filter(bool)


@pytest.mark.parametrize(
    ("pattern", "number", "expected"),
    [
        ("7100", "7100", True),
        ("7100", "71000", False),
        ("72.", "729", True),
        ("72.", "72", False),
        ("72.", "72*", False),
        ("8!", "8", True),
        ("8!", "8123456789", True),
        ("8!", "8+1", False),
        ("!", "", True),
        ("!", "12", True),
        ("+39!", "+390212345", True),
        ("+39!", "390212345", False),
        ("*21#", "*21#", True),
        ("..", "1", False),
        ("72.", "72٣", False),  # a digit, but not of a telephone
    ],
)
def test_a_pattern_stands_for_its_numbers(pattern: str, number: str, expected: bool) -> None:
    assert matches(pattern, number) is expected
    assert (PatternList([pattern]).find(number) == pattern) is expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("7!1", "end_mark"),
        ("!!", "end_mark"),
        ("7a", "character"),
        ("7 1", "character"),
        ("٣", "character"),
        ("1" * (LONGEST_PATTERN + 1), "too_long"),
    ],
)
def test_what_is_no_pattern_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(PatternInvalid) as refused:
        checked(text)
    assert refused.value.reason == reason


def test_a_list_names_the_line_of_each_bad_pattern_and_keeps_the_good_ones() -> None:
    assert read_list("7100\n\n 72. \n8!8\nseven\n7100\n") == (
        ["7100", "72."],
        [LineInvalid(4, "8!8", "end_mark", "!"), LineInvalid(5, "seven", "character", "s")],
    )


@given(st.lists(PATTERNS, max_size=8), NUMBERS)
def test_a_list_finds_what_its_patterns_find_one_by_one(patterns: list[str], number: str) -> None:
    found = PatternList(patterns).find(number)
    alone = [pattern for pattern in patterns if matches(pattern, number)]
    assert (found in alone) if alone else (found is None)


@given(PATTERNS, PATTERNS)
def test_patterns_overlap_exactly_if_a_number_matches_both(first: str, second: str) -> None:
    longest = max(len(first), len(second))
    alphabet = "01+*#"  # all that the patterns drawn here tell apart
    common = _a_number_of_both(first, second, alphabet, longest)
    assert overlap(first, second) is overlap(second, first) is common


def _a_number_of_both(first: str, second: str, alphabet: str, longest: int) -> bool:
    """Look for a common number by walking both patterns at once, a character at a time."""
    reached = {""}
    for _ in range(longest + 1):
        if any(matches(first, one) and matches(second, one) for one in reached):
            return True
        longer = {one + character for one in reached for character in alphabet}
        reached = {one for one in longer if _may_become(first, one) and _may_become(second, one)}
    return False


def _may_become(pattern: str, beginning: str) -> bool:
    fixed = pattern.removesuffix("!")
    head = re.fullmatch(
        "".join("[0-9]" if one == "." else re.escape(one) for one in fixed[: len(beginning)]),
        beginning[: len(fixed)],
    )
    rest = beginning[len(fixed) :]
    return head is not None and (not rest or (pattern[-1] == "!" and rest.isdigit()))


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_line_by_line(text: str) -> None:
    good, wrong = read_list(text)
    assert all(checked(one) == one for one in good)
    assert all(one.line >= 1 and one.reason for one in wrong)
