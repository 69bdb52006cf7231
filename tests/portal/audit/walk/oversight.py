"""The log itself, and data subjects."""

from collections.abc import Iterable
from typing import cast

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from callvault.clock import ns_from_utc
from callvault.commands.verify_audit import accept_loss
from callvault.portal.audit.anchor import FILE_NAME
from callvault.portal.audit.keeper import Keeper
from callvault.portal.audit.models import Action
from callvault.portal.completeness.models import CdrImport, CdrMapping
from callvault.portal.nodes.reports import Report, put_report
from callvault.portal.status import Heartbeat
from callvault.portal.subjects.erasure import work_off
from callvault.vault import audit_key, audit_keys

from . import NUMBERS, Stage, walk

NUMBER = "%2B1 555 0142"


@walk(Action.AUDIT_EXPORTED)
def export_log(stage: Stage) -> None:
    b"".join(cast("Iterable[bytes]", stage.rita.get(f"/audit/export.jsonl?q={NUMBER}")))


@walk(Action.AUDIT_LOSS_ACCEPTED)
def accept(stage: Stage) -> None:
    keys, head_file = stage.data_folder / "keys", stage.data_folder / FILE_NAME
    Keeper("rec-1", audit_key(keys), audit_keys(keys), head_file).step(now=timezone.now())
    accept_loss(head_file)


@walk(Action.SUBJECT_EXPORTED)
def export_subject(stage: Stage) -> None:
    b"".join(cast("Iterable[bytes]", stage.rita.get(f"/subjects/export.zip?q={NUMBER}")))


@walk(Action.ERASURE_STARTED)
def ask_for_erasure(stage: Stage) -> None:
    stage.rita.post(f"/subjects/erase?q={NUMBER}", {"recordings": "1"})


@walk(Action.ERASURE_ENDED)
def erase(stage: Stage) -> None:
    ask_for_erasure(stage)
    work_off(timezone.now())


@walk(Action.CALL_REDACTED)
def redact(stage: Stage) -> None:
    erase(stage)


def node(*, is_draining: bool = False) -> None:
    now_ns = ns_from_utc(timezone.now())
    put_report("rec-1", Report(now_ns, recorder=Heartbeat(now_ns, is_draining=is_draining)))


@walk(Action.NODE_DRAINED)
def drain_node(stage: Stage) -> None:
    node()
    stage.rita.post("/nodes/rec-1/drain")


@walk(Action.NODE_STOPPED)
def stop_node(stage: Stage) -> None:
    node()
    stage.rita.post("/nodes/rec-1/stop", {"wait": "5"})


@walk(Action.NODE_STARTED)
def start_node(stage: Stage) -> None:
    node(is_draining=True)
    stage.rita.post("/nodes/rec-1/start")


def bring_call_records(stage: Stage) -> CdrImport:
    rows = f"start,duration,caller,callee\n2026-11-23 13:25:30,60,+1{NUMBERS[0]},{NUMBERS[2]}\n"
    row = CdrMapping.objects.create(
        name="Any",
        start_column="start",
        duration_column="duration",
        caller_column="caller",
        callee_column="callee",
    )
    file = SimpleUploadedFile(f"{NUMBERS[0]}.csv", rows.encode(), "text/csv")
    stage.rita.post("/completeness/imports/", {"file": file, "layout": str(row.public_id)})
    return CdrImport.objects.get()


@walk(Action.CDR_IMPORTED)
def import_call_records(stage: Stage) -> None:
    bring_call_records(stage)


@walk(Action.CDR_IMPORT_UNDONE)
def take_call_records_back(stage: Stage) -> None:
    stage.rita.post(f"/completeness/imports/{bring_call_records(stage).public_id}")
