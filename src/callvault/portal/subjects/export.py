"""All that is held of a data subject, as one ZIP: audio, facts, notes, decisions, audit entries.

Streamed: nothing of it is kept here. Each recording passes the one gate when its turn comes, and
enters the audit log before its first byte; one that cannot be opened, or may not be downloaded,
leaves a line in the archive that says why.
"""

import csv
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from io import StringIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED
from zoneinfo import ZoneInfo

from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext as _
from zipstream import ZipStream

from callvault.errors import VaultError
from callvault.policy.permissions import Deed
from callvault.portal.audit import export as audit_export
from callvault.portal.audit.export import Selection
from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.people.gates import person_of
from callvault.portal.people.models import User
from callvault.portal.recordings.file_names import file_name
from callvault.portal.recordings.models import Recording
from callvault.portal.recordings.permissions import recordings_visible_to, refusal_of
from callvault.portal.recordings.vault_access import open_object
from callvault.vault import ObjectKind, SealedReader

from . import held
from .subject import Subject

BATCH = 100
RECORDING_COLUMNS = (
    *("record_number", "recording_id", "started_at", "ended_at", "duration_ms", "direction"),
    *("owner_name", "owner_username", "owner_extension", "owner_group", "local_number"),
    *("remote_number", "remote_name", "trunk_name", "node", "size_bytes", "participants"),
    *("phone_system", "timeline", "flags", "preserved_by_name"),
)
CALL_COLUMNS = (
    *("event_id", "at", "verdict", "caller", "callee", "trunk_name", "node", "duration_ms"),
    *("sip_status", "decision", "problem"),
)
CALL_RECORD_COLUMNS = (
    *(
        "public_id",
        "began_at",
        "ended_at",
        "is_answered",
        "caller",
        "dialled",
        "callee",
        "call_ids",
    ),
    *("verdict", "why", "username"),
)
NOTE_COLUMNS = (
    *("note_id", "recording_id", "author_name", "text", "at_ms", "written_at"),
    *("edited_at", "edited_by_name"),
)
PERSON_LEFT_OUT = ("id", "password", "last_login", "search_text", "sort_name")


def archive(
    request: HttpRequest, subject: Subject, *, name: str, at: datetime, zone: ZoneInfo
) -> Iterator[bytes]:
    """Yield the archive, which the audit log knows by its name."""
    reader, made = person_of(request), ZipStream()
    for file, content in _tables(subject, reader, at=at, zone=zone):
        made.add(content, file, compress_type=ZIP_DEFLATED)
        yield from made.file()
    locked: list[str] = []
    for recording in _recordings(subject, reader):
        with _opened(request, recording, archive=name, locked=locked) as audio:
            if audio is not None:
                file = f"audio/{file_name(recording, zone=zone)}"
                made.add(audio.chunks(0, audio.size), file, compress_type=ZIP_STORED)
                yield from made.file()
    if locked:
        made.add("\n".join(locked) + "\n", "audio/NOT-OPENED.txt", compress_type=ZIP_DEFLATED)
    yield from made.finalize()


def _tables(
    subject: Subject, reader: User, *, at: datetime, zone: ZoneInfo
) -> Iterator[tuple[str, bytes | Iterator[bytes]]]:
    """Yield all but the sound: each file's name and content."""
    yield "README.txt", _read_me(subject, reader, at.astimezone(zone))
    yield "recordings.csv", _csv(RECORDING_COLUMNS, _recordings(subject, reader))
    calls = held.calls_of(subject, reader).order_by("pk")
    yield "decisions.csv", _csv(CALL_COLUMNS, _rows(calls))
    call_records = held.call_records_of(subject).order_by("pk")
    yield "call-records.csv", _csv(CALL_RECORD_COLUMNS, _rows(call_records))
    yield "notes.csv", _csv(NOTE_COLUMNS, _notes(subject, reader))
    yield "people.json", _people(subject)
    selection = Selection(held.audit_of(subject, reader), "", is_all=False)
    asked = {"subject": subject.reference}
    yield "audit.jsonl", audit_export.json_lines(selection, asked=asked, at=at)


@contextmanager
def _opened(
    request: HttpRequest, recording: Recording, *, archive: str, locked: list[str]
) -> Iterator[SealedReader | None]:
    """Open the sound of a recording, written down in the audit log; None: `locked` says why not."""
    told = _refusal(request, recording)
    if told is None:
        try:
            reader = open_object(recording, ObjectKind.AUDIO)
        except VaultError as error:
            told = str(error)
    if told is not None:
        locked.append(f"{recording.record_number:06}: {told}")
        yield None
        return
    with reader:
        record(
            request, Action.DOWNLOADED,
            kind="recording", object_id=recording.recording_id, archive=archive,
        )  # fmt: skip
        yield reader


def _refusal(request: HttpRequest, recording: Recording) -> str | None:
    """Ask the gate, for the person and the recording as they are now; return what it says."""
    user = User.objects.filter(pk=person_of(request).pk).first()
    now = recordings_visible_to(user).filter(pk=recording.pk).first() if user is not None else None
    if user is None or now is None:
        return _("It was deleted meanwhile, or whoever exports may no longer see it.")
    if refusal_of(user, now, Deed.DOWNLOAD) is not None:
        return _("The settings let nobody download recordings.")
    return None


def _recordings(subject: Subject, reader: User) -> Iterator[Recording]:
    rows, after = held.recordings_of(subject, reader), 0
    while page := list(rows.filter(record_number__gt=after)[:BATCH]):
        yield from page
        after = page[-1].record_number


def _notes(subject: Subject, reader: User) -> Iterator[dict[str, Any]]:
    for note in held.notes_of(subject, reader).order_by("pk").iterator(chunk_size=BATCH):
        row = {name: getattr(note, name, None) for name in NOTE_COLUMNS}
        yield row | {"recording_id": note.recording.recording_id}


def _rows(rows: Any) -> Iterator[Model]:
    yield from rows.iterator(chunk_size=BATCH)


def _people(subject: Subject) -> bytes:
    people = [
        {
            field.name: getattr(person, field.attname)
            for field in person._meta.concrete_fields
            if field.name not in PERSON_LEFT_OUT
        }
        for person in held.people_of(subject)
    ]
    return json.dumps(people, indent=1, ensure_ascii=False, default=str).encode() + b"\n"


def _csv(columns: tuple[str, ...], rows: Iterable[Any]) -> Iterator[bytes]:
    yield _line(columns)
    for row in rows:
        values = row if isinstance(row, dict) else {one: getattr(row, one) for one in columns}
        yield _line(_text(values[name]) for name in columns)


def _line(values: Iterable[object]) -> bytes:
    line = StringIO()
    csv.writer(line).writerow([audit_export.harmless(value) for value in values])
    return line.getvalue().encode()


def _text(value: object) -> object:
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True) if value else ""
    return value.isoformat() if isinstance(value, datetime) else value


def _read_me(subject: Subject, reader: User, at: datetime) -> bytes:
    counts = held.counts_of(subject, reader)
    about = subject.number or (subject.person.get_full_name() if subject.person else "")
    told = {
        "about": about,
        "at": f"{at:%Y-%m-%d %H:%M:%S %Z}",
        "by": reader.get_full_name(),
        "recordings": counts.recordings,
        "calls": counts.calls,
        "call_records": counts.call_records,
        "notes": counts.notes,
        "people": counts.people,
        "audit": counts.audit,
    }
    return (_template() % told).encode()


def _template() -> str:
    return _(
        "What is held of %(about)s\n"
        "\n"
        "Exported %(at)s by %(by)s.\n"
        "\n"
        "recordings.csv  %(recordings)s recordings: when, who, how long\n"
        "audio/          their sound, MP3, the owner left and the remote party right\n"
        "decisions.csv   %(calls)s calls with what became of each and why\n"
        "call-records.csv %(call_records)s records of the phone system about calls\n"
        "notes.csv       %(notes)s notes on them\n"
        "people.json     %(people)s people who have the number, as they are kept\n"
        "audit.jsonl     %(audit)s entries of the audit log; callvault verify audit proves them\n"
        "\n"
        "Moments in the files are in UTC. Passwords are never exported.\n"
    )
