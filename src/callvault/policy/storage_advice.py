"""When external storage is advised: more recordings than a replicated local store keeps up with."""

from callvault.policy.retention import Period

MOST_REPLICATED = 250_000
WITHOUT_END_DAYS = 5 * 365
"""What is kept without end is reckoned for five years."""


def expected_recordings(daily: float, period: Period | None) -> int:
    """Return how many recordings lie in the store in the end, at so many a day."""
    return round(daily * _days(period))


def advises_external(daily: float, period: Period | None, *, nodes: int) -> bool:
    """Whether a store in the folders of several nodes should give way to an external one."""
    return nodes > 1 and expected_recordings(daily, period) > MOST_REPLICATED


def _days(period: Period | None) -> float:
    if period is None:
        return WITHOUT_END_DAYS
    months = 12 * period.years + period.months
    return months * 365 / 12 + period.days + period.hours / 24
