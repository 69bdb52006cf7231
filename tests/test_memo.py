"""What is remembered, and what is not."""

import pytest

from callvault.memo import LONGEST, lazy, remembered


def test_a_short_text_is_worked_out_once_and_a_long_one_each_time() -> None:
    asked: list[str] = []

    @remembered(2)
    def length(text: str) -> int:
        asked.append(text)
        return len(text)

    short, long = "a" * LONGEST, "a" * (LONGEST + 1)
    assert [length(text) for text in (short, short, long, long)] == [256, 256, 257, 257]
    assert asked == [short, long, long]


def test_the_latest_results_are_remembered_and_no_error_is() -> None:
    asked: list[str] = []

    @remembered(2)
    def number(text: str) -> int:
        asked.append(text)
        return int(text)

    for text in ("1", "2", "3", "3", "1"):
        number(text)
    for _ in range(2):
        with pytest.raises(ValueError, match="invalid literal"):
            number("x")
    assert asked == ["1", "2", "3", "1", "x", "x"]


def test_a_lazy_property_is_worked_out_once_for_each_object() -> None:
    class Word:
        def __init__(self, text: str) -> None:
            self.text = text
            self.asked = 0

        @lazy
        def upper(self) -> str:
            """The word in capitals."""
            self.asked += 1
            return self.text.upper()

    one, other = Word("one"), Word("other")
    assert (one.upper, one.upper, other.upper) == ("ONE", "ONE", "OTHER")
    assert (one.asked, other.asked) == (1, 1)
    assert Word.upper.__doc__ == "The word in capitals."
