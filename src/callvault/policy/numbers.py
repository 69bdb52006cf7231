"""Telephone numbers in one form, for comparing: the minimal numbering plan (FILT-6, part).

A number can be written in national form, with an international prefix, or with `+`. Two writings
are the same number if they share a form. Short numbers are extensions and mean only themselves.
"""

import re

_SEPARATORS = re.compile(r"[\s().\-/\u2010-\u2015]")
_DIGITS = re.compile(r"\+?[0-9]+")
SHORTEST_FULL_NUMBER = 7
"""A number with fewer digits is internal: it has no national or international form."""


def normalise(number: str) -> str:
    """Return the number without visual separators; what is no number comes back trimmed."""
    stripped = _SEPARATORS.sub("", number)
    return stripped if _DIGITS.fullmatch(stripped) else number.strip()


def is_number(text: str) -> bool:
    """Whether a text is a number, however it is separated: not a name, not an internal id."""
    return _DIGITS.fullmatch(normalise(text)) is not None


def forms(number: str, *, country_code: str = "") -> frozenset[str]:
    """Return all E.164 forms that the number can stand for, or itself if it is short or a name.

    >>> sorted(forms("02 1234567", country_code="39"))
    ['+39021234567', '+3921234567', '021234567']

    Both with and without the zero, since Italy keeps it in the international form and most
    other countries do not.
    """
    plain = normalise(number)
    if not _DIGITS.fullmatch(plain):
        return frozenset({plain.casefold()} if plain else ())
    if plain.startswith("+"):
        return frozenset({plain})
    if len(plain) < SHORTEST_FULL_NUMBER:
        return frozenset({plain})
    if plain.startswith("00"):
        return frozenset({plain, f"+{plain[2:]}"})
    return frozenset({plain, *_international(plain, country_code)})


def _international(digits: str, country_code: str) -> set[str]:
    """Return what a number without `+` can be abroad, given the country's code."""
    if not country_code:
        return set()
    found = {f"+{country_code}{digits}"}
    if digits.startswith("0"):
        found.add(f"+{country_code}{digits[1:]}")
    if digits.startswith(country_code):
        found.add(f"+{digits}")
    return found
