"""Mail to owners about their recordings: settings, templates, and a row for each mail."""

from uuid import uuid4

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from callvault.policy.mail_template import LONGEST_SUBJECT
from callvault.portal.configuration.versioned import VersionedRow

MB = 1024 * 1024
MOST_MB = 100
"""Beyond it no mail carries a recording, whatever is set: it is built in memory."""


class RecordingMailSettings(VersionedRow):
    """What holds for all such mails: one row; before it was saved first, the defaults."""

    sender_name = models.CharField(_("sender's name"), max_length=100, blank=True)
    limit_mb = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_MB)],
    )

    def __str__(self) -> str:
        return "mail about recordings"

    @classmethod
    def load(cls) -> "RecordingMailSettings":
        """Return the row, or an unsaved one with the defaults."""
        return cls.objects.first() or cls(version=0)

    @property
    def limit_bytes(self) -> int:
        """The largest recording that a mail carries."""
        return (MOST_MB if self.limit_mb is None else self.limit_mb) * MB


class RecordingMailTemplate(models.Model):
    """What such a mail says in one language, to all or to one department (NOTE-2)."""

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    language = models.CharField(max_length=8, choices=settings.LANGUAGES)
    department = models.CharField(max_length=150, blank=True)
    department_key = models.CharField(max_length=150, blank=True, editable=False)  # case folded
    subject = models.CharField(max_length=LONGEST_SUBJECT)
    body = models.TextField()
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        """One for a language and department."""

        constraints = (
            models.UniqueConstraint(
                fields=["language", "department_key"], name="template_of_language_and_department"
            ),
        )

    def __str__(self) -> str:
        return f"{self.language} {self.department}".strip()


class MailState(models.TextChoices):
    """Where a mail about a recording is."""

    WAITING = "waiting", _("Waiting")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")
    NOT_SENT = "not_sent", _("Not sent")


class RecordingMail(models.Model):
    """The mail about one recording, asked for in the transaction that listed it (NOTE-3).

    `next_try_at` is moved on before an attempt, so that one worker has the row at a time; what a
    crash leaves is tried again, under the same message id.
    """

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    recording = models.OneToOneField(
        "recordings.Recording", on_delete=models.CASCADE, related_name="mail"
    )
    state = models.CharField(max_length=8, choices=MailState.choices, default=MailState.WAITING)
    asked_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)  # null: done with
    problem = models.CharField(max_length=32, blank=True)  # MailFault.kind, or why it was not sent
    said = models.CharField(max_length=300, blank=True)  # by the mail server
    host = models.CharField(max_length=253, blank=True)  # of the last attempt
    port = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    attached_bytes = models.PositiveBigIntegerField(default=0)

    class Meta:
        """Worked off by time, listed the newest first, within a state too."""

        indexes = (
            models.Index(
                fields=["next_try_at"],
                name="recording_mail_to_try",
                condition=models.Q(next_try_at__isnull=False),
            ),
            models.Index(fields=["-asked_at", "-id"], name="recording_mail_by_time"),
            models.Index(fields=["state", "-asked_at", "-id"], name="recording_mail_by_state"),
        )

    def __str__(self) -> str:
        return f"{self.state} {self.public_id}"
