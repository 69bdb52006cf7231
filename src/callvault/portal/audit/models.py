"""One row a deed. Rows are added, never changed; telephone numbers appear by reference only."""

from django.conf import settings
from django.db import models


class Action(models.TextChoices):
    """What was done."""

    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    SIGN_IN_FAILED = "sign_in_failed"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a name, not a password
    PLAYED = "played"
    DOWNLOADED = "downloaded"
    SIGNALLING_READ = "signalling_read"
    PERSON_CREATED = "person_created"
    PERSON_CHANGED = "person_changed"
    ONE_TIME_PASSWORD_SET = "one_time_password_set"  # noqa: S105 - a name, not a password
    TRUNK_CREATED = "trunk_created"
    TRUNK_CHANGED = "trunk_changed"
    TRUNK_DELETED = "trunk_deleted"
    PEER_ALLOWED = "peer_allowed"
    PEER_DISMISSED = "peer_dismissed"
    SETTINGS_CHANGED = "settings_changed"


def actions() -> list[tuple[str, str]]:
    """Return the choices of an entry's action; asked for, so that a new one needs no migration."""
    return list(Action.choices)


class AuditEntry(models.Model):
    """Who did what, when and from where."""

    at = models.DateTimeField(auto_now_add=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    actor_name = models.CharField(max_length=150)  # user name, as it was; kept when the person goes
    address = models.GenericIPAddressField(null=True)  # null: this machine's command line
    action = models.CharField(max_length=32, choices=actions)
    object_kind = models.CharField(max_length=32, blank=True)  # recording, person, trunk, …
    object_id = models.CharField(max_length=64, blank=True)  # as in addresses of pages
    detail = models.JSONField(default=dict, blank=True)  # names of changed fields, never numbers

    class Meta:
        """Read by time, and by object: who opened this recording."""

        indexes = (
            models.Index(fields=["at"], name="audit_by_time"),
            models.Index(fields=["object_kind", "object_id", "at"], name="audit_by_object"),
        )

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.actor_name} {self.action} {self.object_id}"
