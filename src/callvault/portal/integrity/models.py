"""The log of recordings as rows: what waits to enter, its lines, its signed days, what is wrong.

What the digests are over is said in `callvault.vault.recording_log`. Rows that wait are written by
every process, in the transaction that lists or deletes a recording; one worker enters them.
"""

from uuid import uuid4

from django.db import models

from callvault.portal.configuration.versioned import VersionedRow
from callvault.vault import DayHead, LogEntry


class Unentered(models.Model):
    """A recording of which the log is to be told: that it is listed, listed anew, or deleted."""

    recording_id = models.UUIDField(db_index=True)
    asked_at = models.DateTimeField(auto_now_add=True)
    is_lost = models.BooleanField(default=False)  # nothing is left of it, not even a tombstone

    def __str__(self) -> str:
        return str(self.recording_id)


class Line(models.Model):
    """One line of the log."""

    place = models.BigIntegerField(primary_key=True)  # from 1, without gaps
    kind = models.CharField(max_length=8)  # of EntryKind
    recording_id = models.UUIDField()
    content = models.BinaryField(max_length=32)
    at = models.CharField(max_length=20)  # as it stands in the line
    day = models.DateField()
    salt = models.BinaryField(max_length=16)
    """Random, part of what `content` is over; empty once the recording is deleted, so that nobody
    finds out by trying which call it was."""

    class Meta:
        """Walked along the log, and within one recording."""

        indexes = (models.Index(fields=["recording_id", "-place"], name="line_by_recording"),)

    def __str__(self) -> str:
        return f"{self.place}: {self.kind} {self.recording_id}"

    @property
    def entry(self) -> LogEntry:
        """The line as it is hashed."""
        return LogEntry(self.place, self.kind, str(self.recording_id), bytes(self.content), self.at)


class Head(models.Model):
    """What was signed of a day; of the day in progress again and again, until it is closed."""

    number = models.BigIntegerField(primary_key=True)  # from 1, without gaps
    log = models.CharField(max_length=36)
    day = models.CharField(max_length=10)
    first = models.BigIntegerField(unique=True)  # place of its first line
    size = models.BigIntegerField()
    root = models.BinaryField(max_length=32)
    previous = models.BinaryField(max_length=32)
    at = models.CharField(max_length=20)
    is_closed = models.BooleanField()
    key = models.CharField(max_length=64)
    signature = models.BinaryField(max_length=64)
    stamp = models.BinaryField(null=True)  # answer of a time-stamp authority, as it came
    stamped_at = models.DateTimeField(null=True)  # as the authority says
    stamped_by = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.number}: {self.day}"

    @property
    def signed(self) -> DayHead:
        """The head as it was signed."""
        return DayHead(
            log=self.log,
            number=self.number,
            day=self.day,
            first=self.first,
            size=self.size,
            root=bytes(self.root),
            previous=bytes(self.previous),
            at=self.at,
            is_closed=self.is_closed,
            key=self.key,
            signature=bytes(self.signature),
        )


class LogState(models.Model):
    """The one row on how far the log is checked again, and the recordings in the store."""

    log = models.UUIDField(default=uuid4)
    round_began_at = models.DateTimeField(null=True)  # of the check under way; null: none is
    round_head = models.BigIntegerField(default=0)  # day reached
    round_record = models.BigIntegerField(default=0)  # record number looked at for its line
    checked_at = models.DateTimeField(null=True)  # end of the last whole check
    checked_lines = models.BigIntegerField(default=0)
    objects_record = models.BigIntegerField(default=0)  # record number whose objects come next
    objects_began_at = models.DateTimeField(null=True)  # of the pass under way
    objects_checked_at = models.DateTimeField(null=True)  # end of the last whole pass
    objects_night = models.CharField(max_length=10, blank=True)  # of the slice under way
    objects_left = models.BigIntegerField(default=0)  # recordings of that night's slice
    stamp_failures = models.PositiveIntegerField(default=0)
    stamp_next_at = models.DateTimeField(null=True)
    stamp_problem = models.CharField(max_length=500, blank=True)  # of the last attempt

    def __str__(self) -> str:
        return f"log {self.log}"


class IntegrityFinding(models.Model):
    """Something wrong with a recording or the log; gone when a check no longer finds it."""

    problem = models.CharField(max_length=16)  # of LogProblem
    recording_id = models.UUIDField(null=True, db_index=True)
    head = models.BigIntegerField(null=True)  # number of the day
    text = models.CharField(max_length=300)
    found_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        """Once each, as they were found."""

        ordering = ("found_at", "id")
        constraints = (
            models.UniqueConstraint(fields=["problem", "text"], name="integrity_finding_once"),
        )

    def __str__(self) -> str:
        return self.text


class StampSettings(VersionedRow):
    """The time-stamp authority that is asked; one row, none: heads are signed only."""

    url = models.CharField(max_length=500, blank=True)  # empty: none is asked
    authorities = models.TextField(blank=True)  # certificates that are trusted, PEM

    def __str__(self) -> str:
        return self.url
