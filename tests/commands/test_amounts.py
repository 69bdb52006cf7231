"""How bytes, times and progress are worded."""

import pytest

from callvault.commands.amounts import Advance, duration, size


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (999_940, "999.9 kB"),
        (999_960, "1.0 MB"),
        (3_400_000_000, "3.4 GB"),
    ],
)
def test_bytes_are_worded_with_one_decimal(count: int, said: str) -> None:
    assert size(count) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "less than 1 s"),
        (8.4, "8 s"),
        (119, "119 s"),
        (720, "12 min"),
        (11_100, "3 h 5 min"),
    ],
)
def test_times_are_worded_as_people_would(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_what_is_left_follows_from_the_bytes_done() -> None:
    now = [100.0]
    advance = Advance("journals", 4, 8_000_000, now=lambda: now[0])
    assert str(advance) == "0 of 4 journals, 0 B of 8.0 MB"
    now[0] = 110.0
    advance.add(2_000_000)
    assert str(advance) == "1 of 4 journals, 2.0 MB of 8.0 MB, about 30 s left"
    for _ in range(3):
        advance.add(2_000_000)
    assert str(advance) == "4 of 4 journals, 8.0 MB of 8.0 MB"
    assert advance.took_s == 10.0
