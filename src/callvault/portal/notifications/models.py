"""The mail server's settings, and resets of passwords that were asked for by mail."""

from uuid import uuid4

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from callvault.portal.sealing import seal, unseal

from .recording_models import (
    MailState,
    RecordingMail,
    RecordingMailSettings,
    RecordingMailTemplate,
)

__all__ = (
    "MailSettings",
    "MailState",
    "RecordingMail",
    "RecordingMailSettings",
    "RecordingMailTemplate",
    "ResetLink",
    "ResetRequest",
    "Security",
)

PASSWORD_PURPOSE = "smtp password"  # noqa: S105 - what it is sealed for


class Security(models.TextChoices):
    """How the way to the mail server is protected."""

    STARTTLS = "starttls", _("STARTTLS: encrypted from the second line on (port 587)")
    TLS = "tls", _("TLS from the first byte (port 465)")
    NONE = "none", _("None: everybody on the way can read along (port 25)")


class MailSettings(models.Model):
    """The server that mail goes through: one row. Without it no mail is sent."""

    host = models.CharField(_("server"), max_length=253)
    port = models.PositiveIntegerField(
        _("port"), default=587, validators=[MinValueValidator(1), MaxValueValidator(65535)]
    )
    security = models.CharField(
        _("encryption"), max_length=8, choices=Security.choices, default=Security.STARTTLS
    )
    checks_certificate = models.BooleanField(_("check the server's certificate"), default=True)
    username = models.CharField(_("user name"), max_length=254, blank=True)
    sealed_password = models.TextField(blank=True, editable=False)
    sender_name = models.CharField(_("sender's name"), max_length=100, default="Callvault")
    sender_address = models.EmailField(_("sender's address"))
    portal_url = models.URLField(_("address of the portal"), max_length=300)
    timeout_s = models.PositiveSmallIntegerField(
        _("time-out in seconds"),
        default=15,
        validators=[MinValueValidator(2), MaxValueValidator(60)],
    )

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @classmethod
    def load(cls) -> "MailSettings | None":
        """Return the row; None while mail is not set up."""
        return cls.objects.first()

    @property
    def password(self) -> str:
        """The password. Raises VaultError where this machine has another secret key."""
        if not self.sealed_password:
            return ""
        return unseal(self.sealed_password, purpose=PASSWORD_PURPOSE)

    @password.setter
    def password(self, typed: str) -> None:
        self.sealed_password = seal(typed, purpose=PASSWORD_PURPOSE) if typed else ""


class ResetRequest(models.Model):
    """Somebody asked for a new password at the sign-in; a worker finds out whether to send mail.

    Every request makes a row, whoever is named, so that neither answer nor time tells who exists.
    The name is sealed, since in its place people also type their password, and goes with the deed.
    """

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    asked_at = models.DateTimeField(db_index=True)
    address = models.GenericIPAddressField(null=True)
    sealed_name = models.TextField(blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, db_index=True)  # null: done with

    def __str__(self) -> str:
        return str(self.public_id)


class ResetLink(models.Model):
    """A link that was sent: of its secret only the digest is kept."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reset_links"
    )
    digest = models.CharField(max_length=64, unique=True)  # SHA-256, hex
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"link of {self.made_at:%Y-%m-%d %H:%M}"
