"""What becomes of one recording by retention: when it goes, or why it stays."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from callvault.policy.retention import RetentionRule, due_at
from callvault.portal.recordings.models import Recording

from .rule import age_of, rules_now, system_zone


class Why(StrEnum):
    """What the page of a recording says of it."""

    DUE = "due"  # it goes at `at`
    OVERDUE = "overdue"  # the next sweep takes it, or an export is waited for
    NO_RULE = "no_rule"  # retention keeps all
    HELD = "held"  # by a legal hold, whatever the rule
    PRESERVED = "preserved"  # without end
    PRESERVED_UNTIL = "preserved_until"  # it goes at `at`, later for its flag


@dataclass(frozen=True, slots=True)
class Fate:
    """When a recording goes, and the same by a rule that waits, if that is earlier."""

    why: Why
    at: datetime | None = None
    is_flag_void: bool = False  # preserved, and the rule does not know of that
    coming_at: datetime | None = None
    goes_then_at: datetime | None = None  # by the rule that comes


def fate_of(recording: Recording, *, now: datetime) -> Fate:
    """Return what the rule makes of a recording."""
    rules, zone, age = rules_now(), system_zone(), age_of(recording)
    if age.is_held:
        return Fate(Why.HELD)
    rule, waiting = rules.in_force(now), rules.waiting(now)
    at = due_at(age, rule, zone=zone)
    then = due_at(age, waiting, zone=zone) if waiting is not None else None
    is_earlier = then is not None and (at is None or then < at)
    starts = rules.coming_at if is_earlier else None
    return Fate(
        _why(rule, age.is_preserved and rule.is_preserve_on, at, now),
        at,
        is_flag_void=age.is_preserved and not rule.is_preserve_on and rule.period is not None,
        coming_at=starts,
        goes_then_at=max(then, starts) if then is not None and starts is not None else None,
    )


def _why(rule: RetentionRule, is_spared: bool, at: datetime | None, now: datetime) -> Why:  # noqa: FBT001
    if rule.period is None:
        return Why.NO_RULE
    if at is None:
        return Why.PRESERVED
    if at <= now:
        return Why.OVERDUE
    return Why.PRESERVED_UNTIL if is_spared else Why.DUE
