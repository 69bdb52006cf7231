"""Erasures: each is a request, worked off by the worker, and a report afterwards.

The number is kept while the work goes on, since it is needed for it, and forgotten at its end;
its reference stays, by which who knows the number finds the report.
"""

from uuid import uuid4

from django.conf import settings
from django.db import models


class Erasure(models.Model):
    """One erasure, under way or done."""

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    reference = models.CharField(max_length=64)  # of the number, or the person's public id
    number = models.CharField(max_length=254, blank=True)  # normal form; empty: a person, or done
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
    )
    asked_by_name = models.CharField(max_length=301)
    asked_at = models.DateTimeField(auto_now_add=True)
    expected = models.PositiveIntegerField()  # recordings, as they were counted and confirmed
    reached = models.BigIntegerField(default=0)  # record number: what is up to it is done
    deleted = models.PositiveIntegerField(default=0)
    redacted = models.PositiveIntegerField(default=0)  # call decisions
    refused = models.JSONField(default=dict)  # how many recordings stay, by reason
    problem = models.CharField(max_length=300, blank=True)  # why it does not get on now
    ended_at = models.DateTimeField(null=True)

    class Meta:
        """The latest first; those under way are looked for all the time."""

        ordering = ("-asked_at", "-pk")
        indexes = (
            models.Index(
                fields=["id"], name="erasure_under_way", condition=models.Q(ended_at__isnull=True)
            ),
        )

    def __str__(self) -> str:
        return f"{self.public_id}: {self.deleted} of {self.expected}"
