"""Which recordings holds cover: those there are when one is placed, and those that come.

`Recording.is_held` says that some open hold covers a recording; what deletes looks at it, and the
database refuses to delete a row that `HeldRecording` names. A recording that was listed in the
very moment in which a hold was placed is found by the worker (`uphold_holds`).
"""

from collections.abc import Iterator

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from callvault.policy.legal_hold import NOTHING_HELD, Held
from callvault.portal.recordings.models import Recording
from callvault.portal.recordings.permissions import recordings_in_catalogue
from callvault.portal.subjects.subject import number_subject

from .models import HeldRecording, Kind, LegalHold

BATCH = 1000


def standing_holds() -> Held:
    """Return what the open holds on people and numbers cover."""
    rows = list(_standing().select_related("person"))
    if not rows:
        return NOTHING_HELD
    users = frozenset(row.person.public_id for row in rows if row.person is not None)
    numbers = frozenset(form for row in rows for form in forms_of(row))
    return Held(users, numbers)


def forms_of(hold: LegalHold) -> frozenset[str]:
    """Return every way of writing the number of a hold."""
    subject = number_subject(hold.number) if hold.number else None
    return subject.forms if subject is not None else frozenset()


def cover_new(recording: Recording) -> None:
    """Put a recording that is just listed under the holds that cover it; in its transaction."""
    keys = [hold.pk for hold in _standing() if _covers(hold, recording)]
    if not keys:
        return
    # Locked: one that is being released now covers nothing new.
    covering = list(LegalHold.objects.select_for_update().filter(pk__in=keys, released_at=None))
    HeldRecording.objects.bulk_create(
        [HeldRecording(hold=hold, recording=recording) for hold in covering],
        ignore_conflicts=True,
    )
    if covering:
        recording.is_held = True
        recording.save(update_fields=["is_held"])


def cover(hold: LegalHold, recordings: QuerySet[Recording]) -> int:
    """Put recordings under a hold; return how many were not under it yet. Can be repeated.

    Each batch is a transaction of its own, and ends it all if the hold was released meanwhile.
    """
    missing = recordings.exclude(
        Exists(HeldRecording.objects.filter(hold=hold, recording=OuterRef("pk")))
    )
    added = 0
    while count := _cover_batch(hold, missing):
        added += count
    return added


@transaction.atomic
def _cover_batch(hold: LegalHold, missing: QuerySet[Recording]) -> int:
    open_ones = LegalHold.objects.select_for_update().filter(pk=hold.pk, released_at=None)
    if not open_ones.exists():
        return 0
    rows = missing.select_for_update().order_by("pk").only("pk")
    keys = [row.pk for row in rows[:BATCH]]
    HeldRecording.objects.bulk_create(
        [HeldRecording(hold=hold, recording_id=key) for key in keys], ignore_conflicts=True
    )
    recordings_in_catalogue().filter(pk__in=keys).update(is_held=True)
    return len(keys)


def covered_by(hold: LegalHold) -> QuerySet[Recording]:
    """Return the recordings that a hold on a person or a number is for; all that there are."""
    rows = recordings_in_catalogue()
    if hold.kind == Kind.PERSON:
        return rows.filter(owner=hold.person) if hold.person is not None else rows.none()
    if hold.kind == Kind.NUMBER:
        forms = sorted(forms_of(hold))
        said = Q(remote_normalised__in=forms) | Q(remote_number__in=forms)
        return rows.filter(said | Q(local_number__in=forms))
    return rows.none()


def recordings_held_by(hold: LegalHold) -> QuerySet[Recording]:
    """Return the recordings that are under a hold now."""
    return recordings_in_catalogue().filter(holds__hold=hold)


def uncover(hold: LegalHold) -> int:
    """Take a hold's recordings from under it, in the caller's transaction; return how many.

    The hold's row is locked. One that another open hold covers stays held.
    """
    held = HeldRecording.objects.filter(hold=hold)
    keys = list(held.order_by("recording_id").values_list("recording__pk", flat=True))
    for some in _batches(keys):
        locked = recordings_in_catalogue().select_for_update().filter(pk__in=some)
        list(locked.order_by("pk").only("pk"))
        held.filter(recording__in=some).delete()
        _free(some)
    return len(keys)


def uphold_holds() -> int:
    """Put under each standing hold what it should cover and does not; return how many.

    What two changes at once left wrong of `Recording.is_held` is mended besides.
    """
    unmarked = HeldRecording.objects.filter(recording__is_held=False)
    mended = list(unmarked.values_list("recording__pk", flat=True)[:BATCH])
    marked = recordings_in_catalogue().filter(pk__in=mended)
    count = marked.update(is_held=True) if mended else 0
    with transaction.atomic():
        stray = recordings_in_catalogue().filter(is_held=True, holds=None).order_by("pk")
        count += _free([row.pk for row in stray.only("pk")[:BATCH]])
    return count + sum(cover(hold, covered_by(hold)) for hold in _standing())


def _free(keys: list[int]) -> int:
    others = HeldRecording.objects.filter(recording=OuterRef("pk"))
    rows = recordings_in_catalogue().filter(pk__in=keys).exclude(Exists(others))
    return rows.update(is_held=False)


def _batches(keys: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(keys), BATCH):
        yield keys[start : start + BATCH]


def _standing() -> QuerySet[LegalHold]:
    kinds = (Kind.PERSON, Kind.NUMBER)
    return LegalHold.objects.filter(released_at__isnull=True, kind__in=kinds)


def _covers(hold: LegalHold, recording: Recording) -> bool:
    if hold.kind == Kind.PERSON:
        return hold.person_id is not None and hold.person_id == recording.owner_id
    said = {recording.remote_normalised, recording.remote_number, recording.local_number}
    return not said.isdisjoint(forms_of(hold))
