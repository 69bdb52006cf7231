"""Which retention rule is in force, and how another comes into force: at once, or the next night.

A rule that deletes anything earlier waits until 02:00 of the next day and can be taken back until
then (DATA-4). No clock has to strike: what is in force is asked with the time.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from callvault.policy.retention import RetentionRule, shortens, takes_effect_at


class Rules(msgspec.Struct, frozen=True):
    """The rule, and the one that waits to take its place."""

    rule: RetentionRule = RetentionRule()
    coming: RetentionRule | None = None
    coming_at: datetime | None = None  # aware

    def in_force(self, now: datetime) -> RetentionRule:
        """Return the rule that holds at a moment."""
        is_there = self.coming is not None and self.coming_at is not None and now >= self.coming_at
        return self.coming if is_there and self.coming is not None else self.rule

    def waiting(self, now: datetime) -> RetentionRule | None:
        """Return the rule that is not yet in force; None: there is none."""
        is_waiting = self.coming_at is not None and now < self.coming_at
        return self.coming if is_waiting else None

    def changed(self, new: RetentionRule, *, now: datetime, zone: ZoneInfo) -> "Rules":
        """Put another rule in place of the one in force, and of one that waited."""
        old = self.in_force(now)
        if shortens(new, old, zone=zone):
            return Rules(old, new, takes_effect_at(now, zone=zone))
        return Rules(new)

    def taken_back(self, now: datetime) -> "Rules":
        """Leave the rule as it is: what waited never comes."""
        return Rules(self.in_force(now))
