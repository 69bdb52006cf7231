"""Which recordings holds cover: those there are when one is placed, and those that come.

`Recording.is_held` says that some open hold covers a recording; what deletes looks at it, and the
database refuses to delete a row that `HeldRecording` names. A recording that was listed in the
very moment in which a hold was placed is found by the worker (`uphold_holds`).
"""

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
    covering = [hold for hold in _standing() if _covers(hold, recording)]
    if not covering:
        return
    HeldRecording.objects.bulk_create(
        [HeldRecording(hold=hold, recording=recording) for hold in covering],
        ignore_conflicts=True,
    )
    recording.is_held = True
    recording.save(update_fields=["is_held"])


def cover(hold: LegalHold, recordings: QuerySet[Recording]) -> int:
    """Put recordings under a hold; return how many were not under it yet. Can be repeated."""
    missing = recordings.exclude(
        Exists(HeldRecording.objects.filter(hold=hold, recording=OuterRef("pk")))
    )
    added = 0
    while keys := list(missing.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            HeldRecording.objects.bulk_create(
                [HeldRecording(hold=hold, recording_id=key) for key in keys],
                ignore_conflicts=True,
            )
            recordings_in_catalogue().filter(pk__in=keys).update(is_held=True)
        added += len(keys)
    return added


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


def uncover(hold: LegalHold) -> int:
    """Take a hold's recordings from under it, in the caller's transaction; return how many.

    One that another open hold covers stays held.
    """
    others = HeldRecording.objects.filter(recording=OuterRef("pk")).exclude(hold=hold)
    freed = recordings_in_catalogue().filter(holds__hold=hold).exclude(Exists(others))
    freed_keys = list(freed.values_list("pk", flat=True))
    count, _by_model = HeldRecording.objects.filter(hold=hold).delete()
    for start in range(0, len(freed_keys), BATCH):
        some = freed_keys[start : start + BATCH]
        recordings_in_catalogue().filter(pk__in=some).update(is_held=False)
    return count


def uphold_holds() -> int:
    """Put under each standing hold what it should cover and does not; return how many."""
    return sum(cover(hold, covered_by(hold)) for hold in _standing())


def _standing() -> QuerySet[LegalHold]:
    kinds = (Kind.PERSON, Kind.NUMBER)
    return LegalHold.objects.filter(released_at__isnull=True, kind__in=kinds)


def _covers(hold: LegalHold, recording: Recording) -> bool:
    if hold.kind == Kind.PERSON:
        return hold.person_id is not None and hold.person_id == recording.owner_id
    said = {recording.remote_normalised, recording.remote_number, recording.local_number}
    return not said.isdisjoint(forms_of(hold))
