"""The catalogue's row of a sealed recording. It points to objects in the vault and holds no audio.

Beside it what people add to it (notes, the preserve flag), and what is left of it once deleted.

Who may see which row is not decided here: everything starts from `permissions`.
"""

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class DirectionChoice(models.TextChoices):
    """The call's direction from the owner's phone; values as in policy.decision.Direction."""

    IN = "in", _("In")
    OUT = "out", _("Out")
    DIAL_IN = "dial_in", _("Dial-in")


class Interaction(models.Model):
    """One conversation: its recordings across hold, transfer, conference and consultation.

    Nobody sees an interaction: who opens one of its recordings sees those others of it that the
    gate lets through, and nothing of the rest, not even how many there are.
    """

    interaction_id = models.UUIDField(primary_key=True)
    began_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.interaction_id)


class InteractionKey(models.Model):
    """What an interaction is known by, and when (policy.interaction): a digest, not the id."""

    interaction = models.ForeignKey(Interaction, on_delete=models.CASCADE, related_name="keys")
    digest = models.CharField(max_length=64)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        """A key may come again after a day, then as that of another interaction."""

        constraints = (
            models.UniqueConstraint(
                fields=["digest", "interaction"], name="interaction_has_key_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.digest[:8]} {self.interaction_id}"


class Recording(models.Model):
    """A sealed, playable recording of one owner's call.

    What is said of the owner is what was true when it was made: it stays when the person changes
    group or extension (IDENT-6, USER-5), or is deleted (USER-3).
    """

    record_number = models.BigAutoField(primary_key=True)  # for file names and mail only
    recording_id = models.UUIDField(unique=True)  # random: what people and addresses see
    interaction = models.ForeignKey(
        Interaction, on_delete=models.PROTECT, related_name="recordings"
    )
    call = models.ForeignKey(
        "decisions.Call", null=True, on_delete=models.SET_NULL, related_name="recordings"
    )

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,  # recording_by_owner begins with it
    )
    owner_name = models.CharField(max_length=301)
    owner_username = models.CharField(max_length=150)
    owner_extension = models.CharField(max_length=32)
    owner_group = models.CharField(max_length=100, blank=True)

    direction = models.CharField(max_length=8, choices=DirectionChoice.choices)
    direction_confidence = models.CharField(max_length=4, default="high")  # high, low
    channel_confidence = models.CharField(max_length=4, default="high")  # of who is on which
    local_number = models.CharField(max_length=254, blank=True)
    remote_number = models.CharField(max_length=254, blank=True)  # as received
    remote_normalised = models.CharField(max_length=254, blank=True)  # one form for search and show
    remote_name = models.CharField(max_length=254, blank=True)
    names_folded = models.CharField(max_length=900)  # names for the search: no case, no accents

    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    duration_ms = models.PositiveBigIntegerField()
    end_reason = models.CharField(max_length=64, blank=True)

    trunk_name = models.CharField(max_length=64, blank=True)
    node = models.CharField(max_length=63)
    peer = models.CharField(max_length=64)
    sip_call_id = models.CharField(max_length=512, blank=True)

    audio_format = models.CharField(max_length=8)
    codecs = models.JSONField(default=list)  # as received, of both channels
    sample_rate_hz = models.PositiveIntegerField()
    size_bytes = models.PositiveBigIntegerField()  # of the audio, opened
    flags = models.JSONField(default=list)  # finalise.catalogue.QualityReport.flags
    is_flagged = models.BooleanField(default=False)  # whether there is any flag
    quality = models.JSONField(default=dict)
    timeline = models.JSONField(default=list)
    phone_system = models.JSONField(default=list)  # finalise.catalogue.PhoneSystemDetail of each
    participants = models.JSONField(default=list)  # finalise.catalogue.ParticipantSpan of each
    objects_sealed = models.JSONField(default=list)  # kind, size_bytes, sha256 of each
    location = models.ForeignKey(  # null: in the folder of its node
        "storage.StorageLocation",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,  # recording_by_location begins with it
    )
    envelope_certificates = models.JSONField(default=list)  # SHA-256 fingerprints, hex
    journal_ids = models.JSONField(default=list)
    listed_at = models.DateTimeField(auto_now_add=True)

    # The preserve flag; all of it null or empty without one.
    preserved_level = models.PositiveSmallIntegerField(null=True)  # standing at that time
    preserved_at = models.DateTimeField(null=True)
    preserved_by_name = models.CharField(max_length=301, blank=True)
    is_held = models.BooleanField(default=False)  # some legal hold covers it (portal.holds)

    class Meta:
        """One index a way of walking the list (architecture, section 7)."""

        indexes = (
            models.Index(fields=["-started_at", "-record_number"], name="recording_by_start"),
            models.Index(
                fields=["record_number"], name="recording_held", condition=models.Q(is_held=True)
            ),
            models.Index(
                fields=["owner_group", "-started_at", "-record_number", "remote_normalised"],
                name="recording_by_group",
            ),
            models.Index(
                fields=["owner", "-started_at", "-record_number"], name="recording_by_owner"
            ),
            models.Index(
                fields=["remote_normalised", "-started_at"],
                name="recording_by_number",
                # In most languages PostgreSQL cannot look for a beginning by its own order.
                opclasses=["varchar_pattern_ops", "timestamptz_ops"],
            ),
            models.Index(fields=["-duration_ms", "-record_number"], name="recording_by_duration"),
            models.Index(fields=["location", "-record_number"], name="recording_by_location"),
            models.Index(
                fields=["owner_group", "-duration_ms", "-record_number"],
                name="recording_group_duration",
            ),
            models.Index(
                fields=["-started_at", "-record_number"],
                name="recording_preserved",
                condition=models.Q(preserved_level__isnull=False),
            ),
            models.Index(
                fields=["owner_group", "-started_at", "-record_number"],
                name="recording_group_preserved",
                condition=models.Q(preserved_level__isnull=False),
            ),
            models.Index(
                fields=["-started_at", "-record_number"],
                name="recording_flagged",
                condition=models.Q(is_flagged=True),
            ),
            models.Index(
                fields=["owner_group", "-started_at", "-record_number"],
                name="recording_group_flagged",
                condition=models.Q(is_flagged=True),
            ),
            # For retention, which walks by the end of calls: two, so that it passes over none.
            models.Index(
                fields=["ended_at", "record_number"],
                name="recording_by_end",
                condition=models.Q(preserved_level__isnull=True),
            ),
            models.Index(
                fields=["ended_at", "record_number"],
                name="preserved_by_end",
                condition=models.Q(preserved_level__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.record_number:06} {self.recording_id}"

    def sealed_object(self, kind: str) -> dict[str, str | int] | None:
        """Return size and digest of one of the recording's objects; None: it has none."""
        return next((fact for fact in self.objects_sealed if fact["kind"] == kind), None)


class RecordingTally(models.Model):
    """What was recorded in one quarter of an hour, of everybody: for administrators' figures.

    Kept by triggers of the database (`portal.tallies`), so that it is exact whoever writes or
    deletes recordings.
    """

    quarter = models.BigIntegerField(unique=True)  # of an hour, since the epoch
    count = models.BigIntegerField(default=0)
    flagged = models.BigIntegerField(default=0)  # with any flag
    size_bytes = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.quarter}: {self.count}"


class GroupTally(models.Model):
    """The same of one group of owners, for supervisors' figures."""

    quarter = models.BigIntegerField()  # of an hour, since the epoch
    owner_group = models.CharField(max_length=100, blank=True)
    count = models.BigIntegerField(default=0)
    flagged = models.BigIntegerField(default=0)

    class Meta:
        """Walked by time within a group."""

        constraints = (
            models.UniqueConstraint(fields=["owner_group", "quarter"], name="group_tally_once"),
        )

    def __str__(self) -> str:
        return f"{self.quarter} {self.owner_group}: {self.count}"


class Note(models.Model):
    """What somebody wrote about a recording, at a moment of the call or about all of it.

    Author and level are those of the time of writing (docs/reference/permissions.md).
    """

    note_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    author_name = models.CharField(max_length=301)
    author_level = models.PositiveSmallIntegerField()  # as it was, for showing
    level = models.PositiveSmallIntegerField()  # the highest of author and editors: holds the note
    text = models.TextField()
    folded = models.TextField()  # for the search: no case, no accents
    at_ms = models.PositiveBigIntegerField(null=True)  # from the recording's start
    written_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True)
    edited_by_name = models.CharField(max_length=301, blank=True)
    version = models.PositiveIntegerField(default=1)  # grows with each change

    class Meta:
        """In the order of writing."""

        ordering = ("written_at", "pk")

    def __str__(self) -> str:
        return str(self.note_id)


class Reassignment(models.Model):
    """That a recording was given to another owner, by whom and when."""

    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="reassignments")
    at = models.DateTimeField()
    by_name = models.CharField(max_length=301)
    from_name = models.CharField(max_length=301)
    from_username = models.CharField(max_length=150)
    to_name = models.CharField(max_length=301)
    to_username = models.CharField(max_length=150)

    class Meta:
        """In the order in which it was given."""

        ordering = ("at", "pk")

    def __str__(self) -> str:
        return f"{self.from_username} to {self.to_username}"


class Tombstone(models.Model):
    """What is left of a deleted recording, so that nothing brings it back.

    Its objects leave the vault after the commit; until then `objects_gone_at` is null, and
    workers try again from `next_try_at` on.
    """

    recording_id = models.UUIDField(unique=True)
    record_number = models.BigIntegerField(null=True)  # null: found in the vault, not listed here
    deleted_at = models.DateTimeField()
    cause = models.CharField(max_length=32)  # by_hand, restored, erasure, retention
    location = models.ForeignKey(  # of its objects
        "storage.StorageLocation", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    objects_sealed = models.JSONField(default=list)  # kind, size_bytes, sha256 of each
    objects_gone_at = models.DateTimeField(null=True)
    next_try_at = models.DateTimeField()
    failures = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=500, blank=True)  # of the last attempt

    class Meta:
        """Those whose objects are still there are looked for all the time."""

        indexes = (
            models.Index(
                fields=["next_try_at"],
                name="tombstone_unfinished",
                condition=models.Q(objects_gone_at__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return str(self.recording_id)
