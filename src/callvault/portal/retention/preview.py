"""What a rule would delete, counted before it is saved, and after that as a dry run."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from callvault.policy.retention import Period, RetentionRule, due_at, spans_due
from callvault.portal.configuration.plan_reading import plan_reader
from callvault.portal.recordings import listing
from callvault.portal.recordings.models import Recording

from .rule import age_of, system_zone
from .sweep import candidates, period_of
from .waiting import exports_waiting

EXAMPLES = 5
AHEAD = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Example:
    """One of the recordings that would go first."""

    row: listing.Row
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Preview:
    """How many recordings would go, how many would be spared, and which go first."""

    due: int  # at `at`
    due_later: int  # within 30 days more
    preserved: int  # spared by their flag, though the period is over
    waiting: int  # of the examples: their export is still to be made
    examples: tuple[Example, ...]
    at: datetime

    @property
    def is_nothing(self) -> bool:
        """Whether nothing would be deleted soon."""
        return not (self.due or self.due_later)


def preview(rule: RetentionRule, *, at: datetime) -> Preview:
    """Look at the catalogue as it is with a rule as it would be, at the time it comes into force.

    Counts may be wrong by the hour of a change of clocks (`policy.retention.spans_due`).
    """
    due = _due(rule, is_preserved=False, at=at) + _due(rule, is_preserved=True, at=at)
    later = at + AHEAD
    due_later = _due(rule, is_preserved=False, at=later) + _due(rule, is_preserved=True, at=later)
    over = _count(rule.period, is_preserved=True, at=at)
    examples = _examples(rule, at)
    return Preview(
        due=due,
        due_later=due_later - due,
        preserved=over - _due(rule, is_preserved=True, at=at),
        waiting=len(exports_waiting(examples)),
        examples=tuple(_shown(rule, examples)),
        at=at,
    )


def _due(rule: RetentionRule, *, is_preserved: bool, at: datetime) -> int:
    return _count(period_of(rule, is_preserved=is_preserved), is_preserved=is_preserved, at=at)


def _count(period: Period | None, *, is_preserved: bool, at: datetime) -> int:
    if period is None:
        return 0
    rows = candidates(is_preserved=is_preserved).filter(_ended_in(period, at))
    return rows.order_by().count()


def _ended_in(period: Period, at: datetime) -> Q:
    found = Q()
    for begin, end in spans_due(period, zone=system_zone(), now=at):
        span = Q(ended_at__lt=end)
        found |= span if begin is None else span & Q(ended_at__gte=begin)
    return found


def _examples(rule: RetentionRule, at: datetime) -> list[Recording]:
    rows: list[Recording] = []
    for is_preserved in (False, True):
        period = period_of(rule, is_preserved=is_preserved)
        if period is not None:
            due = candidates(is_preserved=is_preserved).filter(_ended_in(period, at + AHEAD))
            rows += due[:EXAMPLES]
    return sorted(rows, key=lambda one: one.ended_at)[:EXAMPLES]


def _shown(rule: RetentionRule, rows: list[Recording]) -> list[Example]:
    reader, zone = plan_reader(), system_zone()
    shown = []
    for one in rows:
        due = due_at(age_of(one), rule, zone=zone)
        if due is not None:
            shown.append(Example(listing.row_of(one, reader=reader), due))
    return shown
