"""The settings of the daily backup, and a row for each backup that was made or failed."""

from datetime import time
from uuid import uuid4

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from callvault.portal.configuration.versioned import VersionedRow

MOST_KEPT = 1000
MOST_WARN_DAYS = 365


class BackupSettings(VersionedRow):
    """When and where a worker makes a backup: one row; before it was saved first, it makes none."""

    enabled = models.BooleanField(_("make a backup every day"), default=False)
    folder = models.CharField(_("folder"), max_length=500, blank=True)
    at = models.TimeField(_("time of day"), default=time(3, 0))
    keep = models.PositiveSmallIntegerField(
        _("how many are kept"),
        default=14,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_KEPT)],
    )
    with_recordings = models.BooleanField(_("with the recordings"), default=False)
    warn_days = models.PositiveSmallIntegerField(
        _("warn after so many days without a backup"),
        default=2,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_WARN_DAYS)],
    )

    def __str__(self) -> str:
        return f"backup to {self.folder or 'nowhere'}"

    @classmethod
    def load(cls) -> "BackupSettings":
        """Return the row, or an unsaved one with the defaults."""
        return cls.objects.first() or cls(version=0)


class Origin(models.TextChoices):
    """Why a backup was made."""

    SCHEDULE = "schedule", _("Daily")
    ASKED = "asked", _("Asked for")
    COMMAND = "command", _("By command")


class BackupRun(models.Model):
    """One backup: waiting, being made, made, or failed."""

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    origin = models.CharField(max_length=8, choices=Origin.choices)
    due_on = models.DateField(null=True, unique=True)  # of the schedule: one a day
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True, db_index=True)
    node = models.CharField(max_length=63, blank=True)  # whose worker has it
    folder = models.CharField(max_length=500, blank=True)
    file = models.CharField(max_length=200, blank=True)
    size_bytes = models.PositiveBigIntegerField(default=0)
    recordings = models.PositiveBigIntegerField(default=0)  # listed in its database
    with_keys = models.BooleanField(default=False)
    with_recordings = models.BooleanField(default=False)
    problem = models.CharField(max_length=500, blank=True)
    removed_at = models.DateTimeField(
        null=True
    )  # the file went, since enough younger ones are kept

    class Meta:
        """Shown the newest first."""

        ordering = ("-asked_at", "-id")

    def __str__(self) -> str:
        return f"{self.origin} {self.file or self.problem or 'waiting'}"

    @property
    def is_good(self) -> bool:
        """Whether it was made."""
        return self.ended_at is not None and not self.problem
