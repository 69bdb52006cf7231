"""Tokens of the API, what holds for all of them, and counts of what each asked lately."""

from datetime import datetime
from uuid import uuid4

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

MOST_DAYS = 365
DEFAULT_DAYS = 90


class ApiSettings(models.Model):
    """What holds for the API: one row."""

    enabled = models.BooleanField(_("tokens may be used"), default=True)
    most_days = models.PositiveSmallIntegerField(
        _("longest life of a token, in days"),
        default=MOST_DAYS,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_DAYS)],
    )

    def __str__(self) -> str:
        return "API settings"

    @classmethod
    def load(cls) -> "ApiSettings":
        """Return the row, or what holds before anybody changed it, unsaved."""
        return cls.objects.first() or cls()


class ApiToken(models.Model):
    """A token of a person. Of the token itself only a digest and its beginning are kept."""

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens"
    )
    name = models.CharField(_("name"), max_length=64)
    beginning = models.CharField(max_length=12)  # cv_ and six letters: to recognise it by
    digest = models.CharField(max_length=64, unique=True)  # SHA-256 of the token, hex
    scopes = models.JSONField(_("scopes"), default=list)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)  # to ten minutes
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        """The newest first."""

        ordering = ("-created_at", "-pk")

    def __str__(self) -> str:
        return self.beginning

    def is_usable(self, now: datetime) -> bool:
        """Whether it may be used, as far as it itself is concerned."""
        return self.revoked_at is None and self.expires_at > now


class RequestCount(models.Model):
    """How many requests a caller made in the current minute: counted here, right for all nodes."""

    caller = models.CharField(max_length=48, primary_key=True)  # "token 1", "person 1"
    minute = models.BigIntegerField()  # since 1970
    requests = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.caller}: {self.requests}"
