"""Saving the rule: audited, never over another's edit, and taking back one that waits."""

import msgspec
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from callvault.policy.retention import RetentionRule
from callvault.policy.retention_change import Rules
from callvault.portal.audit.changes import record_change
from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.configuration.filter_saving import refuse_stale
from callvault.portal.configuration.models import PolicyRevision

from .models import RetentionSettings
from .rule import rules_of, system_zone
from .sweep import resume

KIND = "retention"


@transaction.atomic
def save_rule(request: HttpRequest, rule: RetentionRule, *, opened_at: int | None) -> Rules:
    """Save a rule. Raises StaleSetting, having changed nothing, if somebody was quicker."""
    row = _locked()
    refuse_stale(opened_at, row.version, KIND)
    now = timezone.now()
    return _save(request, row, rules_of(row if row.pk else None).changed(
        rule, now=now, zone=system_zone()
    ))  # fmt: skip


@transaction.atomic
def take_back(request: HttpRequest, *, opened_at: int | None) -> bool:
    """Leave the rule as it is; False: it came into force meanwhile. Raises StaleSetting."""
    row = _locked()
    refuse_stale(opened_at, row.version, KIND)
    before, now = rules_of(row if row.pk else None), timezone.now()
    if before.waiting(now) is None:
        return False
    _save(request, row, before.taken_back(now))
    return True


@transaction.atomic
def resume_after_restore(request: HttpRequest) -> bool:
    """Have the sweep delete again; False: it does."""
    since = resume()
    if since is not None:
        record(request, Action.RETENTION_RESUMED, kind="settings", since=since.isoformat())
    return since is not None


def facts_of(rules: Rules) -> dict[str, object]:
    """Return the rules as the audit log shows them."""
    return dict(msgspec.to_builtins(rules))


def _locked() -> RetentionSettings:
    PolicyRevision.bump()  # first: whoever else saves waits here, where there is no row yet too
    row = RetentionSettings.objects.select_for_update().first()
    return row or RetentionSettings(version=0)


def _save(request: HttpRequest, row: RetentionSettings, after: Rules) -> Rules:
    before, new = facts_of(rules_of(row if row.pk else None)), facts_of(after)
    record_change(request, KIND, before, new, version=row.version + 1)
    row.rules, row.version = new, row.version + 1
    row.save()
    return after
