"""What the catalogue lists, for the verification of the vault; never for a request.

Walked by pages in the order of the record number, so that neither memory nor a transaction grows
with the catalogue, and recordings come and go meanwhile.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet, Sum

from callvault.portal.recordings.models import Recording
from callvault.portal.recordings.permissions import recordings_in_catalogue
from callvault.vault import Listed, ObjectKind, SealedObject

PAGE = 500


def chosen(*, since: datetime | None, recording_id: UUID | None) -> QuerySet[Recording]:
    """Return the recordings of calls that began at `since` or later, or one, or all."""
    rows = recordings_in_catalogue()
    if since is not None:
        rows = rows.filter(started_at__gte=since)
    if recording_id is not None:
        rows = rows.filter(recording_id=recording_id)
    return rows


def amount(rows: QuerySet[Recording]) -> tuple[int, int]:
    """Return how many recordings there are, and the bytes of their audio."""
    return rows.count(), rows.aggregate(size=Sum("size_bytes"))["size"] or 0


def walk(rows: QuerySet[Recording]) -> Iterator[Listed]:
    """Yield recordings, those listed first first."""
    rows = rows.order_by("record_number").only(
        "record_number", "recording_id", "objects_sealed", "envelope_certificates"
    )
    after = 0
    while page := list(rows.filter(record_number__gt=after)[:PAGE]):
        yield from map(_listed, page)
        after = page[-1].record_number


def undecoded(rows: QuerySet[Recording]) -> Iterator[UUID]:
    """Yield the recordings of which packets are kept that were not decoded."""
    rows = rows.order_by("record_number").only(
        "record_number", "recording_id", "flags", "objects_sealed"
    )
    after = 0
    while page := list(rows.filter(record_number__gt=after)[:PAGE]):
        for row in page:
            if "undecodable" in row.flags and row.sealed_object("raw") is not None:
                yield row.recording_id
        after = page[-1].record_number


def listed_among(recording_ids: Iterable[UUID]) -> set[UUID]:
    """Return which of some recordings are listed now."""
    asked, found = list(recording_ids), set[UUID]()
    for start in range(0, len(asked), PAGE):  # databases bound the number of parameters
        rows = recordings_in_catalogue().filter(recording_id__in=asked[start : start + PAGE])
        found.update(rows.values_list("recording_id", flat=True))
    return found


def _listed(row: Recording) -> Listed:
    objects = tuple(
        SealedObject(ObjectKind(one["kind"]), one["size_bytes"], one["sha256"])
        for one in row.objects_sealed
    )
    return Listed(row.recording_id, objects, tuple(row.envelope_certificates))
