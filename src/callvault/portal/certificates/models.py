"""Re-sealing: one row each time that keys of older recordings are given to other certificates."""

from uuid import uuid4

from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    """Where it is."""

    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    STOPPED = "stopped", _("Stopped")


class Rewrapping(models.Model):
    """Recordings up to `last_number`, from the newest down, as they were when it was asked for.

    What is recorded later is sealed to the certificates in use anyway. `at_number` is where it
    goes on after a restart.
    """

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    asked_at = models.DateTimeField()
    asked_by_name = models.CharField(max_length=301)
    certificates = models.JSONField(default=list)  # SHA-256 fingerprints of those it seals to
    at_number = models.BigIntegerField()  # the next record number to look at
    newest_number = models.BigIntegerField(
        default=0
    )  # what is listed later is looked at in the end
    total = models.PositiveBigIntegerField()
    done = models.PositiveBigIntegerField(default=0)
    failed = models.PositiveBigIntegerField(default=0)
    problem = models.CharField(max_length=500, blank=True)  # of the last one that failed
    waits_for = models.CharField(max_length=500, blank=True)  # why it does not go on now
    lease_until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        """One at a time."""

        constraints = (
            models.UniqueConstraint(
                fields=["state"],
                condition=models.Q(state="running"),
                name="one_rewrapping_at_a_time",
            ),
        )

    def __str__(self) -> str:
        return f"{self.state} {self.public_id}"
