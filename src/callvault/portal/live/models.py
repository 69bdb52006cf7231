"""Who listens just now, and whose calls are to be kept on a node that did not answer."""

from django.conf import settings
from django.db import models


class OpenListening(models.Model):
    """One who listens to a call, from the first word until the end is in the audit log."""

    listener = models.UUIDField(primary_key=True, editable=False)  # of the recorder
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    username = models.CharField(max_length=150)
    address = models.GenericIPAddressField(null=True)
    call_id = models.UUIDField()
    owner = models.UUIDField(null=True)  # whose recording is heard; None: the call is nobody's
    trunk = models.CharField(max_length=255)
    begun_at = models.DateTimeField()
    heard_at = models.DateTimeField(db_index=True)  # about: written every few seconds


class KeepWish(models.Model):
    """A user called the live-keep pilot of one node, and another that may have the call was away.

    The worker that would destroy the call finds it here (live.wishes).
    """

    owner = models.UUIDField()  # of the user
    at_ns = models.BigIntegerField(db_index=True)  # UTC
