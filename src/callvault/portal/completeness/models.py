"""Call records of the phone system: mappings, imports, and what became of each record."""

from uuid import uuid4

from django.conf import settings
from django.db import models

from callvault.policy.completeness import CdrVerdict, Why
from callvault.portal.configuration.versioned import VersionedRow
from callvault.portal.decisions.models import Call


class CdrMapping(VersionedRow):
    """Which column of a CSV is what; kept by a name, so that a phone system is described once."""

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    name = models.CharField(max_length=64, unique=True)
    start_column = models.CharField(max_length=100)
    end_column = models.CharField(max_length=100, blank=True)
    duration_column = models.CharField(max_length=100, blank=True)
    caller_column = models.CharField(max_length=100)
    callee_column = models.CharField(max_length=100)
    call_id_column = models.CharField(max_length=100, blank=True)
    date_format = models.CharField(max_length=16, default="iso")
    zone = models.CharField(max_length=64, default="UTC")
    delimiter = models.CharField(max_length=4, blank=True)  # empty: as the first line tells

    class Meta:
        """By name."""

        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class CdrImport(models.Model):
    """A file that was read."""

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    by_name = models.CharField(max_length=301, blank=True)
    file_name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    layout = models.CharField(max_length=64)  # "cucm", or the mapping's name
    added = models.PositiveIntegerField(default=0)
    known = models.PositiveIntegerField(default=0)  # from another file, or twice in this one
    skipped = models.PositiveIntegerField(default=0)  # legs that carry the recording itself
    wrong = models.PositiveIntegerField(default=0)
    errors = models.JSONField(default=list)  # line and reason (cdr_reading.Wrong) of the first

    class Meta:
        """The latest first."""

        indexes = (models.Index(fields=["-at", "-id"], name="cdr_import_by_time"),)

    def __str__(self) -> str:
        return self.file_name


class CdrCall(models.Model):
    """A call as the phone system wrote it down, and its one verdict."""

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    source = models.ForeignKey(CdrImport, on_delete=models.CASCADE, related_name="calls")
    identity = models.CharField(max_length=64, unique=True)  # keyed digest: no number is told
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    is_answered = models.BooleanField()
    caller = models.CharField(max_length=254, blank=True)
    dialled = models.CharField(max_length=254, blank=True)  # if not the one who answered
    callee = models.CharField(max_length=254, blank=True)
    caller_digits = models.CharField(max_length=64, blank=True)  # for the search by number
    dialled_digits = models.CharField(max_length=64, blank=True)
    callee_digits = models.CharField(max_length=64, blank=True)
    call_ids = models.JSONField(default=list)
    # Empty: not judged yet.
    verdict = models.CharField(
        max_length=16, blank=True, choices=[(one.value, one.value) for one in CdrVerdict]
    )
    why = models.CharField(
        max_length=16, blank=True, choices=[(one.value, one.value) for one in Why]
    )
    username = models.CharField(max_length=150, blank=True)  # whose call it would have been
    call = models.ForeignKey(Call, null=True, on_delete=models.SET_NULL, related_name="+")
    look_at = models.DateTimeField(null=True)  # when it is judged next; null: it stays so

    class Meta:
        """Walked by time, alone or within a verdict or an import; judged by when it is due."""

        indexes = (
            models.Index(fields=["-began_at", "-id"], name="cdr_by_time"),
            models.Index(fields=["verdict", "-began_at", "-id"], name="cdr_by_verdict"),
            models.Index(fields=["source", "-began_at", "-id"], name="cdr_by_import"),
            models.Index(
                fields=["look_at"], name="cdr_due", condition=models.Q(look_at__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return f"{self.began_at:%Y-%m-%d %H:%M:%S} {self.verdict}"


class CdrTally(models.Model):
    """How many records of one verdict began in one quarter of an hour, kept by triggers."""

    quarter = models.BigIntegerField()  # of an hour, since the epoch
    verdict = models.CharField(max_length=16)
    count = models.BigIntegerField(default=0)

    class Meta:
        """Walked by time."""

        constraints = (
            models.UniqueConstraint(fields=["quarter", "verdict"], name="cdr_tally_once"),
        )

    def __str__(self) -> str:
        return f"{self.quarter} {self.verdict}: {self.count}"


class CompletenessSettings(VersionedRow):
    """When people are told, and how long records are kept: one row."""

    days = models.PositiveSmallIntegerField(default=7)
    least_percent = models.DecimalField(max_digits=5, decimal_places=2, null=True)  # null: no alarm
    kept_days = models.PositiveSmallIntegerField(default=90)

    def __str__(self) -> str:
        return "completeness"

    @classmethod
    def load(cls) -> "CompletenessSettings":
        """Return the row, or an unsaved one with the defaults."""
        return cls.objects.first() or cls(version=0)


class CompletenessTurn(models.Model):
    """Whose turn it is to judge: the one row."""

    holder = models.CharField(max_length=100, blank=True)
    held_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return "completeness"
