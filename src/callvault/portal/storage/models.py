"""External stores of recordings, and recordings on their way from one store to another.

Wherever a row points to a store, null means the folder of the node (`vault.folder`).
"""

from uuid import uuid4

from django.db import models
from django.utils.translation import gettext_lazy as _

from callvault.portal.configuration.versioned import VersionedRow
from callvault.portal.sealing import seal, unseal

SECRET_PURPOSE = "storage secret"  # noqa: S105 - what it is sealed for


class Kind(models.TextChoices):
    """What kind of store it is."""

    SMB = "smb", _("Network share (SMB)")
    S3 = "s3", _("Object storage (S3)")


class StorageLocation(VersionedRow):
    """An external store; how it answered last is written by workers."""

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=80, unique=True)
    kind = models.CharField(max_length=8, choices=Kind.choices, editable=False)
    share = models.CharField(_("path"), max_length=400, blank=True)
    domain = models.CharField(_("domain"), max_length=120, blank=True)
    username = models.CharField(_("user name"), max_length=120, blank=True)
    endpoint = models.CharField(_("endpoint"), max_length=300, blank=True)
    region = models.CharField(_("region"), max_length=60, blank=True)
    bucket = models.CharField(_("bucket"), max_length=100, blank=True)
    prefix = models.CharField(_("folder in the bucket"), max_length=200, blank=True)
    access_key = models.CharField(_("access key"), max_length=200, blank=True)
    path_style = models.BooleanField(_("bucket in the path"), default=True)
    ca_pem = models.TextField(_("certificates of the authority"), blank=True)
    sealed_secret = models.TextField(blank=True, editable=False)  # password, or secret key
    is_current = models.BooleanField(default=False, editable=False)  # new recordings go there

    checked_at = models.DateTimeField(null=True, editable=False)
    trouble = models.CharField(max_length=500, blank=True, editable=False)  # why it cannot be used
    trouble_since = models.DateTimeField(null=True, editable=False)
    free_bytes = models.BigIntegerField(null=True, editable=False)  # null: it does not tell

    class Meta:
        """At most one takes what is new."""

        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(
                fields=["is_current"],
                condition=models.Q(is_current=True),
                name="one_current_location",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @classmethod
    def current(cls) -> "StorageLocation | None":
        """Return where new recordings go; None: they stay on their node."""
        return cls.objects.filter(is_current=True).first()

    @property
    def address(self) -> str:
        """Where it is, without any secret."""
        if self.kind == Kind.SMB:
            return self.share
        inner = f"{self.bucket}/{self.prefix}".rstrip("/")
        return f"{self.endpoint.rstrip('/')}/{inner}" if self.endpoint else f"s3://{inner}"

    @property
    def secret(self) -> str:
        """The secret. Raises VaultError where this machine has another secret key."""
        return unseal(self.sealed_secret, purpose=SECRET_PURPOSE) if self.sealed_secret else ""

    @secret.setter
    def secret(self, typed: str) -> None:
        self.sealed_secret = seal(typed, purpose=SECRET_PURPOSE) if typed else ""


class State(models.TextChoices):
    """Where a relocation is."""

    RUNNING = "running", _("Running")
    PAUSED = "paused", _("Paused")
    DONE = "done", _("Done")
    STOPPED = "stopped", _("Stopped")


class Relocation(models.Model):
    """All recordings of one store are to lie in another; from the newest down.

    `at_number` is the next record number to look at; it goes on there after a restart.
    """

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    source = models.ForeignKey(
        StorageLocation, null=True, on_delete=models.CASCADE, related_name="+"
    )
    target = models.ForeignKey(
        StorageLocation, null=True, on_delete=models.CASCADE, related_name="+"
    )
    asked_at = models.DateTimeField()
    asked_by_name = models.CharField(max_length=301)
    at_number = models.BigIntegerField()
    total = models.PositiveBigIntegerField()
    done = models.PositiveBigIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)
    is_open = models.BooleanField(default=True)  # running or paused

    class Meta:
        """One at a time."""

        constraints = (
            models.UniqueConstraint(
                fields=["is_open"],
                condition=models.Q(is_open=True),
                name="one_relocation_at_a_time",
            ),
        )

    def __str__(self) -> str:
        return f"{self.state} {self.public_id}"


class Move(models.Model):
    """One recording that is to go from one store to another; gone when the row says it is there."""

    recording_id = models.UUIDField(unique=True)
    source = models.ForeignKey(
        StorageLocation, null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    target = models.ForeignKey(
        StorageLocation, null=True, on_delete=models.CASCADE, related_name="+"
    )
    node = models.CharField(max_length=63, blank=True)  # in whose folder it begins or ends
    relocation = models.ForeignKey(
        Relocation, null=True, on_delete=models.CASCADE, related_name="moves"
    )
    asked_at = models.DateTimeField()
    next_try_at = models.DateTimeField()
    claimed_by = models.CharField(max_length=63, blank=True)  # the node that carries it now
    failures = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=500, blank=True)  # of the last attempt
    has_failed = models.BooleanField(default=False)  # for good: somebody has to look at it

    class Meta:
        """What is due is looked for all the time."""

        indexes = (
            models.Index(
                fields=["next_try_at"], name="move_due", condition=models.Q(has_failed=False)
            ),
        )

    def __str__(self) -> str:
        return str(self.recording_id)


class LeftCopy(models.Model):
    """Objects of a recording in a store where they do not belong, or not yet.

    Written before the first byte is copied there (`is_coming`), and for the old place when the
    recording has moved: whatever dies in between, somebody takes away what is left.
    """

    recording_id = models.UUIDField()
    location = models.ForeignKey(
        StorageLocation, null=True, on_delete=models.CASCADE, related_name="+"
    )
    node = models.CharField(max_length=63, blank=True)  # in whose folder it lies
    is_coming = models.BooleanField(default=False)
    remove_at = models.DateTimeField(db_index=True)
    removed_by = models.CharField(max_length=63, blank=True)  # who takes it away just now
    failures = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=500, blank=True)

    class Meta:
        """One a store; that of the node is null, which is never equal to itself."""

        constraints = (
            models.UniqueConstraint(fields=["recording_id", "location"], name="left_once"),
            models.UniqueConstraint(
                fields=["recording_id"],
                condition=models.Q(location__isnull=True),
                name="left_once_on_node",
            ),
        )

    def __str__(self) -> str:
        return str(self.recording_id)
