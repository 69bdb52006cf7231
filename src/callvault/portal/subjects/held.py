"""What is held of a data subject: one query a sort, counted first, listed as asked."""

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import CharField, Q, QuerySet, Sum, Value
from django.db.models.functions import Cast, Concat, Substr

from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.completeness.models import CdrCall
from callvault.portal.decisions.models import Call
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Note, Recording
from callvault.portal.recordings.permissions import recordings_visible_to

from .subject import Subject

SHORTEST_IN_TEXT = 6  # digits from which a number is looked for inside of lists of participants
LEFT_THE_SYSTEM = (
    Action.DOWNLOADED,
    Action.RECORDING_MAILED,
    Action.RECORDING_EXPORTED,
    Action.SUBJECT_EXPORTED,
)


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there is of each."""

    recordings: int
    size_bytes: int  # of their audio
    calls: int
    call_records: int  # of the phone system
    notes: int
    people: int
    audit: int
    left: int  # downloads, exports and mails


def recordings_of(subject: Subject, reader: User) -> QuerySet[Recording]:
    """Return the subject's recordings, the first listed first, among those the reader sees."""
    rows = recordings_visible_to(reader).order_by("record_number")
    if subject.person is not None:
        return rows.filter(owner=subject.person)
    forms = sorted(subject.forms)
    said = Q(remote_normalised__in=forms) | Q(remote_number__in=forms) | Q(local_number__in=forms)
    long = [form for form in forms if len(form.lstrip("+")) >= SHORTEST_IN_TEXT]
    rows = rows.annotate(people_text=Cast("participants", CharField()))
    for form in long:  # quoted: as a whole value, not as a part of a longer number
        said |= Q(people_text__contains=f'"{form}"')
    return rows.filter(said)


def calls_of(subject: Subject, reader: User) -> QuerySet[Call]:
    """Return the decisions about the subject's calls, recorded or not."""
    if subject.person is not None:
        return Call.objects.filter(recordings__in=recordings_of(subject, reader)).distinct()
    forms = sorted(subject.forms)
    return Call.objects.filter(
        Q(caller_digits__in=forms) | Q(callee_digits__in=forms) | Q(caller__in=forms)
        | Q(callee__in=forms)
    )  # fmt: skip


def call_records_of(subject: Subject) -> QuerySet[CdrCall]:
    """Return the phone system's records with a number of the subject, or of the person's calls."""
    forms = sorted(subject.forms)
    said = Q(pk__in=[])
    for name in ("caller", "dialled", "callee"):
        said |= Q(**{f"{name}_digits__in": forms}) | Q(**{f"{name}__in": forms})
    if subject.person is not None:
        said |= Q(username=subject.person.username)
    return CdrCall.objects.filter(said)


def notes_of(subject: Subject, reader: User) -> QuerySet[Note]:
    """Return the notes on the subject's recordings; of a person also those they wrote."""
    on_theirs = Q(recording__in=recordings_of(subject, reader).values("pk"))
    if subject.person is not None:
        on_theirs |= Q(author=subject.person)
    return Note.objects.filter(on_theirs).select_related("recording")


def people_of(subject: Subject) -> list[User]:
    """Return the rows under *People*: the person, or who has the number."""
    if subject.person is not None:
        return [subject.person]
    forms = sorted(subject.forms)
    return list(User.objects.filter(Q(extension__in=forms) | Q(alias__in=forms))[:100])


def audit_of(subject: Subject, reader: User) -> QuerySet[AuditEntry]:
    """Return entries about the subject: by reference, about their recordings, or by them."""
    about = Q(object_kind="recording", object_id__in=_ids(subject, reader)) | Q(
        object_kind="subject", object_id=subject.reference
    )
    if subject.person is not None:
        about |= Q(actor_id=subject.person.pk)
        about |= Q(object_kind="person", object_id=str(subject.person.public_id))
    return AuditEntry.objects.filter(about).order_by("-at", "-id")


def left_of(subject: Subject, reader: User) -> QuerySet[AuditEntry]:
    """Return what took copies out of the system: downloads and exports."""
    about = Q(object_kind="recording", object_id__in=_ids(subject, reader)) | Q(
        object_kind="subject", object_id=subject.reference
    )
    return AuditEntry.objects.filter(about, action__in=LEFT_THE_SYSTEM).order_by("-at", "-id")


def _ids(subject: Subject, reader: User) -> QuerySet[Recording, Any]:
    """Return a query for the ids of all these recordings, as entries of the audit log write them.

    A query in the query: their number has no bound, that of a statement's parameters has one.
    """
    rows = recordings_of(subject, reader).order_by()
    return rows.annotate(written_id=_written("recording_id")).values("written_id")


def _written(name: str) -> Cast | Concat:
    """Return an id as text, as `str` does; SQLite keeps it as 32 digits without hyphens."""
    text = Cast(name, CharField())
    if connection.vendor != "sqlite":
        return text
    parts: list[Any] = []
    for start, length in ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12)):
        parts += [Value("-"), Substr(text, start, length)]
    return Concat(*parts[1:], output_field=CharField())


def counts_of(subject: Subject, reader: User) -> Counts:
    """Count all of it."""
    recordings = recordings_of(subject, reader)
    return Counts(
        recordings=recordings.count(),
        size_bytes=recordings.aggregate(size=Sum("size_bytes"))["size"] or 0,
        calls=calls_of(subject, reader).count(),
        call_records=call_records_of(subject).count(),
        notes=notes_of(subject, reader).count(),
        people=len(people_of(subject)),
        audit=audit_of(subject, reader).count(),
        left=left_of(subject, reader).count(),
    )
