"""Time, passed in rather than fetched: one reading of both clocks, and conversions of UTC.

Pure code takes `now` as a parameter. Only drivers call `read`.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Instant:
    """The wall clock and the monotonic clock, read together."""

    realtime_ns: int  # since the Unix epoch, UTC; may step
    monotonic_ns: int  # since boot; never steps

    @property
    def utc(self) -> datetime:
        """The wall-clock half as an aware datetime (microseconds)."""
        return utc_from_ns(self.realtime_ns)


def read() -> Instant:
    """Read both clocks. For drivers; pure code gets its time as a parameter."""
    return Instant(time.time_ns(), time.monotonic_ns())


def utc_from_ns(realtime_ns: int) -> datetime:
    """Aware UTC of nanoseconds since the epoch, cut to microseconds."""
    return EPOCH + timedelta(microseconds=realtime_ns // 1000)


def ns_from_utc(moment: datetime) -> int:
    """Nanoseconds since the epoch of an aware datetime, exact."""
    delta = moment - EPOCH
    return ((delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds) * 1000
