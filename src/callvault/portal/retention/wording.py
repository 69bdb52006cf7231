"""The rule in a sentence, in the reader's language."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from callvault.policy.retention import Period, Preset, RetentionRule


def rule_told(rule: RetentionRule) -> str:
    """Say what a rule does: "Keep 1 year 6 months; preserved ones 30 days longer."."""
    if rule.period is None:
        return _("All recordings are kept.")
    told = _("Recordings are deleted %(period)s after the end of the call.") % {
        "period": period_told(rule.period)
    }
    return f"{told} {_preserved(rule)}"


def period_told(period: Period) -> str:
    """Write a period: "1 year 6 months"."""
    parts = (
        (period.years, ngettext("%(count)s year", "%(count)s years", period.years)),
        (period.months, ngettext("%(count)s month", "%(count)s months", period.months)),
        (period.days, ngettext("%(count)s day", "%(count)s days", period.days)),
        (period.hours, ngettext("%(count)s hour", "%(count)s hours", period.hours)),
    )
    return " ".join(words % {"count": count} for count, words in parts if count)


def _preserved(rule: RetentionRule) -> str:
    if not rule.is_preserve_on:
        return _("Preserved ones too: the rule has no preserving.")
    longer = rule.additional if rule.preset is Preset.CUSTOM else None
    if longer is None:
        return _("Preserved ones are kept until they are released.")
    return _("Preserved ones are kept %(period)s longer.") % {"period": period_told(longer)}
