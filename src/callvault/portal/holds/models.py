"""Legal holds, and which recordings each covers."""

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    """What a hold covers."""

    RECORDINGS = "recordings", _("Chosen recordings")
    PERSON = "person", _("A person's recordings, past and to come")
    NUMBER = "number", _("Calls with a number, past and to come")


class LegalHold(models.Model):
    """One hold. Two persons release it: one asks, another confirms."""

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    matter = models.CharField(_("matter"), max_length=100)
    reason = models.TextField(_("reason"), blank=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    person_name = models.CharField(max_length=301, blank=True)
    number = models.CharField(max_length=254, blank=True)  # normal form
    placed_at = models.DateTimeField()
    placed_by_name = models.CharField(max_length=301)
    release_asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    release_asked_by_name = models.CharField(max_length=301, blank=True)
    release_asked_at = models.DateTimeField(null=True)
    release_reason = models.TextField(blank=True)
    released_at = models.DateTimeField(null=True)
    released_by_name = models.CharField(max_length=301, blank=True)
    covered = models.PositiveBigIntegerField(default=0)  # when it was released

    class Meta:
        """Open ones are asked for with each recording that is listed."""

        indexes = (
            models.Index(
                fields=["kind"],
                name="hold_open",
                condition=models.Q(released_at__isnull=True),
            ),
            models.Index(fields=["-placed_at", "-id"], name="hold_by_time"),
        )

    def __str__(self) -> str:
        return self.matter

    @property
    def is_open(self) -> bool:
        """Whether it holds."""
        return self.released_at is None


class HeldRecording(models.Model):
    """A recording under an open hold. PROTECT: no way of deleting rows gets past it."""

    hold = models.ForeignKey(LegalHold, on_delete=models.PROTECT, related_name="held")
    recording = models.ForeignKey(
        "recordings.Recording", on_delete=models.PROTECT, related_name="holds"
    )

    class Meta:
        """Once for a hold."""

        constraints = (
            models.UniqueConstraint(fields=["hold", "recording"], name="held_once_by_a_hold"),
        )

    def __str__(self) -> str:
        return f"{self.hold_id} {self.recording_id}"
