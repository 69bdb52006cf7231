"""Patterns of telephone numbers: the black list and the internal numbers (FILT-3, FILT-6).

A digit, `+`, `*` and `#` stand for themselves, `.` for exactly one digit, and `!`, which may only
stand at the end, for zero or more further digits. `7100`, `72.`, `8!`.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LONGEST_PATTERN = 64
MOST_PATTERNS = 10_000
_LITERAL = frozenset("0123456789+*#")
_DIGITS = frozenset("0123456789")


class PatternInvalid(ValueError):
    """A text is no pattern. `reason` is empty, too_long, end_mark, too_many or character."""

    def __init__(self, reason: str, *, character: str = "") -> None:
        super().__init__(f"{reason} {character}".strip())
        self.reason = reason
        self.character = character  # the one that may not stand there


@dataclass(frozen=True, slots=True)
class LineInvalid:
    """A line of a list that is no pattern; lines are counted from 1."""

    line: int
    text: str
    reason: str
    character: str = ""


def checked(text: str) -> str:
    """Return a pattern without blanks around it. Raises PatternInvalid."""
    pattern = text.strip()
    if not pattern:
        raise PatternInvalid("empty")
    if len(pattern) > LONGEST_PATTERN:
        raise PatternInvalid("too_long")
    for place, character in enumerate(pattern):
        if character == "!":
            if place != len(pattern) - 1:
                raise PatternInvalid("end_mark", character=character)
        elif character != "." and character not in _LITERAL:
            raise PatternInvalid("character", character=character)
    return pattern


def read_list(text: str) -> tuple[list[str], list[LineInvalid]]:
    """Read one pattern a line: the good ones, each once, and what is wrong with the others."""
    good: dict[str, None] = {}
    wrong: list[LineInvalid] = []
    for line, written in enumerate(text.splitlines(), start=1):
        if not written.strip():
            continue
        try:
            good[checked(written)] = None
        except PatternInvalid as problem:
            shown = written.strip()[:LONGEST_PATTERN]
            wrong.append(LineInvalid(line, shown, problem.reason, problem.character))
        if len(good) > MOST_PATTERNS:
            wrong.append(LineInvalid(line, "", "too_many"))
            break
    return list(good), wrong


def matches(pattern: str, number: str) -> bool:
    """Whether a number is one of those that a checked pattern stands for.

    >>> matches("72.", "729"), matches("72.", "7290"), matches("8!", "8")
    (True, False, True)
    """
    return _expression(pattern).fullmatch(number) is not None


def _expression(pattern: str) -> re.Pattern[str]:
    written = {".": "[0-9]", "!": "[0-9]*"}
    return re.compile("".join(written.get(one) or re.escape(one) for one in pattern))


class PatternList:
    """Many patterns, asked at once. Built once for a snapshot, then only read.

    What a pattern begins with is looked up, so that ten thousand cost a call no more than ten.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._exact: set[str] = set()
        self._by_beginning: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
        for pattern in patterns:
            beginning = _beginning(pattern)
            if beginning == pattern:
                self._exact.add(pattern)
            else:
                self._by_beginning.setdefault(beginning, []).append((pattern, _expression(pattern)))
        self._longest = max(map(len, self._by_beginning), default=-1)

    def __bool__(self) -> bool:
        return bool(self._exact or self._by_beginning)

    def find(self, number: str) -> str | None:
        """Return the pattern that a number matches: itself before those with wild cards."""
        if number in self._exact:
            return number
        return next(self._wild(number), None)

    def _wild(self, number: str) -> Iterator[str]:
        for length in range(min(self._longest, len(number)), -1, -1):
            for pattern, expression in self._by_beginning.get(number[:length], ()):
                if expression.fullmatch(number):
                    yield pattern


def _beginning(pattern: str) -> str:
    return re.split("[.!]", pattern, maxsplit=1)[0]


def overlap(first: str, second: str) -> bool:
    """Whether some number matches both of two checked patterns (IDENT-5)."""
    shorter, longer = sorted((first, second), key=lambda one: len(one.removesuffix("!")))
    head, body = shorter.removesuffix("!"), longer.removesuffix("!")
    if not all(map(_meet, head, body)):
        return False
    rest = body[len(head) :]
    return not rest or (shorter.endswith("!") and all(one in _DIGITS or one == "." for one in rest))


def _meet(one: str, other: str) -> bool:
    if one == other:
        return True
    return (one == "." and other in _DIGITS) or (other == "." and one in _DIGITS)
