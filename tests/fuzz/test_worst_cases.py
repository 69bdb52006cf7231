"""No input of up to a megabyte takes more than 50 ms, and none costs more than its size."""

import pytest

from tests.fuzz.measured import LIMIT_S, seconds
from tests.fuzz.targets import TARGETS
from tests.fuzz.worst_cases import CASES, MEGABYTE, Costly

SLACK_S = 0.004  # what a reading may be wrong by
ids = [f"{case.target}: {case.name}" for case in CASES]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_a_case_at_its_bound_is_read_in_time(case: Costly) -> None:
    read = TARGETS[case.target].read
    for size in {case.bound, MEGABYTE}:
        assert seconds(read, case.make(size)) < LIMIT_S, f"{size} bytes"


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_four_times_the_size_costs_about_four_times_as_much(case: Costly) -> None:
    """Ten times would be much; a quadratic reader takes sixteen."""
    read = TARGETS[case.target].read
    quarter_s = seconds(read, case.make(case.bound // 4), limit_s=SLACK_S / 4)
    allowed_s = 10 * quarter_s + SLACK_S
    assert seconds(read, case.make(case.bound), limit_s=allowed_s) <= allowed_s
