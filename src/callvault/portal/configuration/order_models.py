"""Recordings that programs ordered of automated dial-in (CAP-4)."""

from datetime import datetime
from uuid import uuid4

from django.db import models
from django.utils.translation import gettext_lazy as _


class RecordingOrder(models.Model):
    """One recording ordered: whoever calls its number once, in time, records for its person."""

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    person = models.ForeignKey("people.User", on_delete=models.CASCADE, related_name="+")
    digits = models.CharField(_("digits"), max_length=4, unique=True)
    ordered_at = models.DateTimeField(_("ordered"))
    expires_at = models.DateTimeField(_("expires"), db_index=True)

    def __str__(self) -> str:
        return str(self.public_id)

    def is_expired(self, now: datetime) -> bool:
        """Whether no call may come to it any more."""
        return self.expires_at <= now
