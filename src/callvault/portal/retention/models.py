"""The retention rule, and how the last sweep went: one row each."""

from django.db import models


class RetentionSettings(models.Model):
    """The rule and the one that waits; as `policy.retention_change.Rules` in plain values."""

    rules = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1, editable=False)  # grows with each change

    def __str__(self) -> str:
        return "retention"


class RetentionSweep(models.Model):
    """Whose turn it is to sweep, and what the last sweep found."""

    holder = models.CharField(max_length=100, blank=True)  # worker that sweeps now
    held_until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)  # of the last sweep that came to its end
    deleted = models.PositiveBigIntegerField(default=0)  # in all
    late = models.PositiveBigIntegerField(default=0)  # of them, those that waited for an export
    suspended_at = models.DateTimeField(null=True)  # since a backup was restored; null: it sweeps
    overdue_since = models.DateTimeField(null=True)  # due time of the oldest that is left

    def __str__(self) -> str:
        return "retention sweep"
