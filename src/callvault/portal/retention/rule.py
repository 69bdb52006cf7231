"""The retention rule in force, and the system's zone, in which its months are counted."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec
from django.utils import timezone

from callvault.policy.retention import RecordingAge, RetentionRule
from callvault.policy.retention_change import Rules
from callvault.portal.configuration.models import SystemSettings

from .models import RetentionSettings

if TYPE_CHECKING:
    from callvault.portal.recordings.models import Recording


def rules_of(row: RetentionSettings | None) -> Rules:
    """Read a row; without one everything is kept."""
    return msgspec.convert(row.rules, Rules) if row is not None else Rules()


def rules_now() -> Rules:
    """Return the rule, and the one that waits."""
    return rules_of(RetentionSettings.objects.first())


def rule_in_force(now: datetime | None = None) -> RetentionRule:
    """Return the rule that holds now, or at another moment."""
    return rules_now().in_force(now or timezone.now())


def is_preserve_on() -> bool:
    """Whether recordings can be preserved.

    Also while a rule waits that spares what is preserved, and until a rule was chosen for the first
    time: what matters is set apart before anything is deleted.
    """
    row, now = RetentionSettings.objects.first(), timezone.now()
    rules = rules_of(row)
    asked = (rules.in_force(now), rules.waiting(now))
    return row is None or any(rule is not None and rule.is_preserve_on for rule in asked)


def system_zone() -> ZoneInfo:
    """Return the zone in which days and months of retention are counted."""
    return ZoneInfo(SystemSettings.load().zone)


def age_of(recording: Recording, *, waits_since: datetime | None = None) -> RecordingAge:
    """Return a recording as the rules know it."""
    return RecordingAge(
        recording.ended_at,
        is_preserved=recording.preserved_level is not None,
        is_held=recording.is_held,
        export_waits_since=waits_since,
    )
