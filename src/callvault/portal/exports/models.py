"""Data export: its settings, whose turn it is, a row for each recording, and back-fills."""

from uuid import uuid4

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from callvault.portal.configuration.versioned import VersionedRow
from callvault.portal.sealing import seal, unseal

SECRET_PURPOSE = "password of the export target"  # noqa: S105 - a purpose, not a password
LONGEST_WAIT_HOURS = 24 * 30


class ExportMode(models.TextChoices):
    """Whether recordings are exported."""

    OFF = "off", _("Off")
    ON = "on", _("On: each new recording is exported")
    PAUSED = "paused", _("Paused: new recordings wait")


class TargetKind(models.TextChoices):
    """What kind of place takes the files."""

    SMB = "smb", _("Windows or Samba share (SMB)")
    SFTP = "sftp", _("Server by SFTP")


class ExportSettings(VersionedRow):
    """Where recordings go: one row; before it was saved first, export is off."""

    mode = models.CharField(_("export"), max_length=8, choices=ExportMode, default=ExportMode.OFF)
    kind = models.CharField(_("target"), max_length=8, choices=TargetKind, default=TargetKind.SMB)
    place = models.CharField(_("network path"), max_length=500, blank=True)
    port = models.PositiveIntegerField(
        _("port"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(65535)],
    )
    username = models.CharField(_("user name"), max_length=254, blank=True)
    fingerprint = models.CharField(_("key of the server"), max_length=100, blank=True)  # by SFTP
    sealed_password = models.TextField(blank=True, editable=False)
    password_set_at = models.DateTimeField(null=True, editable=False)
    wait_hours = models.PositiveSmallIntegerField(
        default=24, validators=[MinValueValidator(0), MaxValueValidator(LONGEST_WAIT_HOURS)]
    )
    enabled_at = models.DateTimeField(null=True, editable=False)  # since it was off last

    def __str__(self) -> str:
        return f"export to {self.place or 'nowhere'}: {self.mode}"

    @classmethod
    def load(cls) -> "ExportSettings":
        """Return the row, or an unsaved one with the defaults."""
        return cls.objects.first() or cls(version=0)

    @property
    def is_off(self) -> bool:
        """Whether nothing is exported, nor is to be."""
        return self.mode == ExportMode.OFF

    @property
    def password(self) -> str:
        """The password, or a private key. Raises VaultError where this machine has another key."""
        if not self.sealed_password:
            return ""
        return unseal(self.sealed_password, purpose=SECRET_PURPOSE)

    @password.setter
    def password(self, typed: str) -> None:
        self.sealed_password = seal(typed, purpose=SECRET_PURPOSE) if typed else ""
        self.password_set_at = timezone.now() if typed else None


class ExportTurn(models.Model):
    """Whose turn it is to export, when the next is, and what is wrong with the target: one row."""

    holder = models.CharField(max_length=100, blank=True)
    held_until = models.DateTimeField(null=True)
    next_run_at = models.DateTimeField(null=True)  # null: at once
    looked_until = models.BigIntegerField(default=0)  # record number: those up to it have rows
    failures = models.PositiveIntegerField(default=0)  # runs that failed since one did not
    failing_since = models.DateTimeField(null=True)
    problem = models.CharField(max_length=32, blank=True)  # kind of the fault
    said = models.CharField(max_length=300, blank=True)
    exported_at = models.DateTimeField(null=True)  # the last one
    exported = models.PositiveBigIntegerField(default=0)  # in all

    def __str__(self) -> str:
        return f"export, {self.problem or 'well'}"


class ExportState(models.TextChoices):
    """Where the export of a recording is."""

    WAITING = "waiting", _("Waiting")
    LEAVING = "leaving", _("Being written")
    NAMED = "named", _("Written, not listed yet")
    DONE = "done", _("Exported")
    FAILED = "failed", _("Failed")


OPEN_STATES = (ExportState.WAITING, ExportState.LEAVING, ExportState.NAMED)
"""States of recordings that retention waits for."""


class RecordingExport(models.Model):
    """The export of one recording, asked for in the transaction that listed it.

    It goes with its recording: that a copy left stays in the audit log, and its name, which tells
    numbers, nowhere.
    """

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    recording = models.OneToOneField(
        "recordings.Recording", on_delete=models.CASCADE, related_name="export"
    )
    state = models.CharField(max_length=8, choices=ExportState, default=ExportState.WAITING)
    is_backfill = models.BooleanField(default=False)
    asked_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)  # null: done with
    problem = models.CharField(max_length=32, blank=True)
    said = models.CharField(max_length=300, blank=True)
    folder = models.CharField(
        max_length=16, blank=True
    )  # 2026/11/23, as soon as it is being written
    file_name = models.CharField(max_length=255, blank=True)
    place = models.CharField(max_length=500, blank=True)  # of the target at that time
    size_bytes = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    exported_at = models.DateTimeField(null=True)

    class Meta:
        """Worked off by time, listed the newest first, within a state too."""

        indexes = (
            models.Index(
                fields=["next_try_at", "id"],
                name="export_to_try",
                condition=models.Q(next_try_at__isnull=False),
            ),
            models.Index(fields=["-asked_at", "-id"], name="export_by_time"),
            models.Index(fields=["state", "-asked_at", "-id"], name="export_by_state"),
        )

    def __str__(self) -> str:
        return f"{self.state} {self.public_id}"


class ExportBackfill(models.Model):
    """That recordings of some days, made before, are exported too; worked off by workers."""

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    asked_by_name = models.CharField(max_length=301)
    first_day = models.DateField()  # of calls' starts, in the system's zone
    last_day = models.DateField()
    expected = models.PositiveIntegerField()
    reached = models.BigIntegerField(default=0)  # record number: those up to it have rows
    added = models.PositiveIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        """The latest first."""

        ordering = ("-asked_at", "-pk")

    def __str__(self) -> str:
        return f"{self.first_day} to {self.last_day}: {self.added} of {self.expected}"
