"""Disk space and capacity of a planned load: the rules of the storage calculator (PORT-8).

A load is given by people and their calls, or by channels that are in use. Figures are those of a
working day; what varies within it is the busiest hour.
"""

from dataclasses import dataclass
from math import ceil

MOST_CHANNELS = 100_000
REPLICATED_RECORDINGS = 250_000
"""What a replicated local store should hold at most (DATA-5)."""
REFERENCE_CALLS_PER_SECOND = 3.0
"""What the product that this one is measured against asks to stay below."""
RECEIVED_KBIT_S = 128.0
"""Two streams of G.711, kept as they came."""


def erlang_b(traffic_erlangs: float, channels: int) -> float:
    """Return the share of calls that find all channels taken (Erlang's first formula).

    By the recursion B(0) = 1, B(n) = A·B(n-1) / (n + A·B(n-1)), which neither overflows nor loses
    digits. Calls come at random and a refused one is not tried again.

    >>> round(erlang_b(10.0, 15), 4)
    0.0365
    """
    refused = 1.0
    for channel in range(1, channels + 1):
        refused = traffic_erlangs * refused / (channel + traffic_erlangs * refused)
    return refused if traffic_erlangs > 0 else 0.0


def channels_for(traffic_erlangs: float, *, refused_share: float) -> int:
    """Return how many channels refuse no larger share of calls.

    >>> channels_for(149.0, refused_share=0.001)
    182
    """
    if traffic_erlangs <= 0:
        return 0
    refused, channels = 1.0, 0
    while refused > refused_share and channels < MOST_CHANNELS:
        channels += 1
        refused = traffic_erlangs * refused / (channels + traffic_erlangs * refused)
    return channels


def traffic_for(channels: int, *, refused_share: float) -> float:
    """Return the traffic in erlangs of which so many channels refuse just this share."""
    low, high = 0.0, 2.0 * channels + 1
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if erlang_b(middle, channels) <= refused_share else (low, middle)
    return low


@dataclass(frozen=True, slots=True)
class Plan:
    """A planned load. Either `users` and `calls_per_user`, or `channels`, is given."""

    users: int = 0
    calls_per_user: float = 0.0  # on a working day
    channels: int = 0
    mean_call_s: float = 0.0
    working_days_per_month: float = 21.0
    busiest_hour_share: float = 0.14  # of a day's calls
    refused_share: float = 0.001  # of calls that may find all channels taken
    retention_months: float = 12.0
    audio_kbit_s: float = 32.0
    received_too: bool = False  # what came is kept as well
    screen_kbit_s: float = 0.0  # of screen recording; 0: none


@dataclass(frozen=True, slots=True)
class Needs:
    """What a plan needs. Sizes are in bytes, decimal units when shown."""

    calls_per_day: float
    calls_per_second: float  # in the busiest hour
    traffic_erlangs: float  # calls in progress on average in the busiest hour
    calls_at_once: int
    bytes_per_day: float
    bytes_kept: float  # at full retention
    recordings_kept: float
    received_bytes_kept: float  # what keeping the received packets adds, or would add
    screen_bytes_kept: float

    def bytes_after(self, months: float, plan: Plan) -> float:
        """Return what lies on the disk so many months from now."""
        if plan.retention_months <= 0:
            return 0.0
        return self.bytes_kept * min(months, plan.retention_months) / plan.retention_months


def needs_of(plan: Plan) -> Needs:
    """Work out what a plan needs."""
    if plan.channels:
        traffic = traffic_for(plan.channels, refused_share=plan.refused_share)
        per_hour = 3600 * traffic / plan.mean_call_s if plan.mean_call_s else 0.0
        per_day = per_hour / plan.busiest_hour_share if plan.busiest_hour_share else 0.0
        at_once = plan.channels
    else:
        per_day = plan.users * plan.calls_per_user
        per_hour = per_day * plan.busiest_hour_share
        traffic = per_hour * plan.mean_call_s / 3600
        at_once = channels_for(traffic, refused_share=plan.refused_share)
    seconds = per_day * plan.mean_call_s
    days = plan.working_days_per_month * plan.retention_months
    received = seconds * RECEIVED_KBIT_S * 125
    screen = seconds * plan.screen_kbit_s * 125
    daily = seconds * plan.audio_kbit_s * 125 + screen + (received if plan.received_too else 0.0)
    return Needs(
        calls_per_day=per_day,
        calls_per_second=per_hour / 3600,
        traffic_erlangs=traffic,
        calls_at_once=at_once,
        bytes_per_day=daily,
        bytes_kept=daily * days,
        recordings_kept=per_day * days,
        received_bytes_kept=received * days,
        screen_bytes_kept=screen * days,
    )


def finalise_cores(needs: Needs, *, times_real_time: float) -> float:
    """Return the cores that finish calls as fast as they end in the busiest hour.

    `times_real_time` is how much audio a core finishes in the time that it takes to hear it.
    """
    return needs.traffic_erlangs / times_real_time if times_real_time > 0 else 0.0


def months_until_full(needs: Needs, plan: Plan, *, free_bytes: float) -> int | None:
    """Return after how many whole months a disk is full; None: never, by this plan."""
    if needs.bytes_kept <= free_bytes or plan.retention_months <= 0:
        return None
    monthly = needs.bytes_kept / plan.retention_months
    return max(0, ceil(free_bytes / monthly) - 1)
