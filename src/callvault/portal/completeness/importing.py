"""Taking in a file of call records: rows at once, their verdicts from a worker soon after.

A record is known again by a keyed digest of its identity, so that a file that comes twice, or two
files that overlap, count nothing twice. Rows go in batches: an import that is cut short is made
whole by importing the file again.
"""

from collections.abc import Sequence
from hashlib import sha256
from hmac import new as hmac
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from callvault.policy.pilots import read_pilot
from callvault.portal.audit.log import record, record_command, without_numbers
from callvault.portal.audit.models import Action
from callvault.portal.configuration.models import PilotNumbers
from callvault.portal.configuration.policy_parts import pilots_of
from callvault.portal.people.gates import person_of
from callvault.portal.recordings.folding import number_in, user_part
from callvault.portal.storable import storable

from .cdr_layouts import FIELDS, Columns
from .cdr_reading import CdrFile, CdrRow, IsOurs, read_cucm, read_mapped
from .models import CdrCall, CdrImport, CdrMapping

CUCM = "cucm"
BATCH = 1000


def import_file(
    request: HttpRequest | None, content: bytes, *, file_name: str, mapping: CdrMapping | None
) -> CdrImport:
    """Read a file, by CUCM's layout where no mapping is given. Raises CsvRefused.

    `request`: whose deed it is; None: a command's.
    """
    file = _read(content, mapping)
    row = CdrImport(
        at=timezone.now(),
        file_name=storable(without_numbers(file_name))[:255],
        sha256=sha256(content).hexdigest(),
        layout=mapping.name if mapping else CUCM,
        skipped=file.skipped,
        wrong=file.wrong,
        errors=[[line, wrong.value] for line, wrong in file.errors],
    )
    _begin(request, row, rows=len(file.rows))
    for start in range(0, len(file.rows), BATCH):
        _add(row, file.rows[start : start + BATCH])
    return row


def _read(content: bytes, mapping: CdrMapping | None) -> CdrFile:
    is_pilot = pilots_in_force()
    if mapping is None:
        return read_cucm(content, is_pilot=is_pilot)
    return read_mapped(content, columns_of(mapping), is_pilot=is_pilot)


def columns_of(mapping: CdrMapping) -> Columns:
    """Return a mapping as the reader wants it."""
    headings = {name: getattr(mapping, f"{name}_column") for name in FIELDS}
    return Columns(
        {name: heading for name, heading in headings.items() if heading},
        mapping.date_format,
        ZoneInfo(mapping.zone),
        "\t" if mapping.delimiter == "tab" else mapping.delimiter,
    )


def pilots_in_force() -> IsOurs:
    """Return what tells whether a number calls the recorder itself."""
    pilots = pilots_of(PilotNumbers.load())
    return lambda number: read_pilot(pilots, user_part(number)) is not None


@transaction.atomic
def _begin(request: HttpRequest | None, row: CdrImport, *, rows: int) -> None:
    detail: dict[str, Any] = {
        "file": row.file_name, "sha256": row.sha256, "layout": row.layout, "rows": rows,
        "wrong": row.wrong,
    }  # fmt: skip
    action, kind, object_id = Action.CDR_IMPORTED, "cdr_import", row.public_id
    if request is None:
        record_command(action, kind=kind, object_id=object_id, **detail)
    else:
        record(request, action, kind=kind, object_id=object_id, **detail)
        row.by = person_of(request)
        row.by_name = row.by.get_full_name()
    row.save()


@transaction.atomic
def _add(row: CdrImport, rows: Sequence[CdrRow]) -> None:
    """Add those that nobody has brought yet."""
    made = {_identity(one): one for one in rows}
    there = set(CdrCall.objects.filter(identity__in=list(made)).values_list("identity", flat=True))
    fresh = [_call(row, key, one) for key, one in made.items() if key not in there]
    CdrCall.objects.bulk_create(fresh, ignore_conflicts=True)  # who imports beside us was quicker
    added = CdrCall.objects.filter(source=row, identity__in=list(made)).count()
    CdrImport.objects.filter(pk=row.pk).update(
        added=F("added") + added, known=F("known") + len(rows) - added
    )


def _identity(row: CdrRow) -> str:
    """Return what a record is known by; keyed, since all numbers are soon tried."""
    key = b"callvault call record\0" + settings.SECRET_KEY.encode()
    return hmac(key, "\x1f".join(row.identity).encode(), sha256).hexdigest()


def _call(row: CdrImport, identity: str, one: CdrRow) -> CdrCall:
    call = one.call
    callee = call.callees[-1] if call.callees else ""
    dialled = call.callees[0] if len(call.callees) > 1 else ""
    parties = storable({"caller": call.caller, "dialled": dialled, "callee": callee})
    digits = {f"{name}_digits": digits_of(text) for name, text in parties.items()}
    return CdrCall(
        source=row,
        identity=identity,
        began_at=call.begin,
        ended_at=call.end,
        is_answered=call.is_answered,
        call_ids=storable(list(call.call_ids)),
        look_at=row.at,
        **parties,
        **digits,
    )


def digits_of(text: str) -> str:
    """Return the number that a party is, for the search; empty: it is none."""
    return number_in(user_part(text))[:64]


@transaction.atomic
def undo(request: HttpRequest, row: CdrImport) -> int:
    """Take an import back with all records that came by it; return how many."""
    record(
        request, Action.CDR_IMPORT_UNDONE, kind="cdr_import", object_id=row.public_id,
        file=row.file_name, sha256=row.sha256, rows=row.added,
    )  # fmt: skip
    count = CdrCall.objects.filter(source=row).delete()[0]
    row.delete()
    return count
