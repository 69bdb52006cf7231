"""When an external store is advised."""

import pytest

from callvault.policy.retention import Period
from callvault.policy.storage_advice import advises_external, expected_recordings


@pytest.mark.parametrize(
    ("daily", "period", "expected"),
    [
        (1250, Period(years=1), 456_250),
        (250, Period(years=5), 456_250),
        (600, Period(months=12), 219_000),
        (100, Period(days=30), 3_000),
        (2400, Period(hours=4), 400),
        (100, None, 182_500),
        (0, Period(years=5), 0),
    ],
)
def test_what_is_expected_follows_from_a_day_and_retention(
    daily: float, period: Period | None, expected: int
) -> None:
    assert expected_recordings(daily, period) == expected


def test_only_many_recordings_on_several_nodes_want_an_external_store() -> None:
    year = Period(years=1)
    assert advises_external(1250, year, nodes=2)
    assert not advises_external(1250, year, nodes=1)
    assert not advises_external(600, year, nodes=2)
    assert advises_external(140, None, nodes=2)
