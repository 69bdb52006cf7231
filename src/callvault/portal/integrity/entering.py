"""Entering recordings into the log: each that waits gets the next place, in the day it enters.

The day is that of entering and not of the call: what is recovered a week later enters today, and
days that are closed stay as they were signed.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from django.db import transaction

from callvault.portal.recordings.models import Recording, Tombstone
from callvault.portal.recordings.permissions import recordings_in_catalogue
from callvault.vault import EntryKind, content_digest

from . import content
from .models import Line, LogState, Unentered

BATCH = 500
SALT_BYTES = 16
STATE = 1  # the one row


def log_state() -> LogState:
    """Return the row on the log; the first who asks makes it."""
    return LogState.objects.get_or_create(pk=STATE)[0]


def locked_state() -> LogState:
    """Return it, so that nobody else enters or signs until the end of the transaction."""
    log_state()
    return LogState.objects.select_for_update().get(pk=STATE)


@transaction.atomic
def enter_waiting(*, now: datetime, limit: int = BATCH) -> int:
    """Enter what waits; return how many were looked at, at most `limit`."""
    locked_state()
    asked = list(Unentered.objects.filter(is_lost=False).order_by("pk")[:limit])
    if not asked:
        return 0
    entering = _Entering.of(dict.fromkeys(one.recording_id for one in asked), now=now)
    Line.objects.bulk_create(entering.lines())
    Line.objects.filter(recording_id__in=entering.ended).exclude(salt=b"").update(salt=b"")
    done = Unentered.objects.filter(pk__in=[one.pk for one in asked])
    done.filter(recording_id__in=entering.lost).update(is_lost=True)
    done.exclude(recording_id__in=entering.lost).delete()
    return len(asked)


@dataclass(slots=True)
class _Entering:
    """Recordings that enter together."""

    now: datetime
    wanted: list[UUID]
    listed: dict[UUID, Recording]
    deleted: dict[UUID, Tombstone]
    before: dict[UUID, Line]  # the last line of each so far
    ended: list[UUID]
    lost: list[UUID]

    @classmethod
    def of(cls, wanted: dict[UUID, None], *, now: datetime) -> "_Entering":
        """Read what is there of each: first the row, so that a tombstone put since is seen."""
        rows = recordings_in_catalogue().filter(recording_id__in=wanted).only(*content.COLUMNS)
        listed = {row.recording_id: row for row in rows}
        graves = Tombstone.objects.filter(recording_id__in=wanted)
        lines = Line.objects.filter(recording_id__in=wanted).order_by("place")
        return cls(
            now,
            list(wanted),
            listed,
            {row.recording_id: row for row in graves},
            {line.recording_id: line for line in lines},
            [],
            [],
        )

    def lines(self) -> Iterator[Line]:
        """Yield the new lines."""
        last = Line.objects.order_by("-place").first()
        place, day = last.place if last else 0, _day(self.now, last)
        for recording_id in self.wanted:
            made = self._line(recording_id)
            if made is not None:
                place += 1
                made.place, made.day, made.recording_id = place, day, recording_id
                made.at = self.now.astimezone(UTC).strftime(content.AT_FORMAT)
                yield made

    def _line(self, recording_id: UUID) -> Line | None:
        """Return what is to be said of a recording; None: it is said, or nothing is left of it."""
        before, row = self.before.get(recording_id), self.listed.get(recording_id)
        if row is not None:
            if before is not None and before.kind == EntryKind.SEALED:
                same = content_digest(content.of_recording(row, bytes(before.salt)))
                if same == bytes(before.content):
                    return None
            salt = os.urandom(SALT_BYTES)
            digest = content_digest(content.of_recording(row, salt))
            return Line(kind=EntryKind.SEALED.value, content=digest, salt=salt)
        grave = self.deleted.get(recording_id)
        if grave is None:
            self.lost.append(recording_id)
            return None
        self.ended.append(recording_id)
        if before is not None and before.kind == EntryKind.DELETED:
            return None
        digest = content_digest(content.of_deletion(grave))
        return Line(kind=EntryKind.DELETED.value, content=digest, salt=b"")


def _day(now: datetime, last: Line | None) -> date:
    """Return the day that lines enter now; none before the last one, whatever the clock says."""
    today = now.astimezone(UTC).date()
    return max(today, last.day) if last else today
