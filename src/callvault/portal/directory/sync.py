"""One run: read the directory, compare, and do or only show what follows. For the worker."""

import logging
from typing import Any

import msgspec
from django.conf import settings
from django.utils import timezone, translation

from callvault.portal.audit.models import Action

from .applying import apply_plan
from .auditing import record_run
from .faults import SourceFault
from .mapping import wanted_person
from .models import DirectoryRun, DirectorySource, Purpose, RunState
from .people_known import known_people, rules_of
from .planning import Known, Row, RowKind, counts_of, plan, removed_keys
from .reading import entries_in, mapping_of
from .runs import Claim, ClaimLost, forget_old_runs
from .safety import may_remove

logger = logging.getLogger(__name__)


def run_claimed(claim: Claim) -> None:
    """Work a run off, whatever becomes of it: it ends in one state, with its reason."""
    run = claim.run()
    logger.info("directory run=%s begins, directory %s", run.public_id, run.source.public_id)
    try:
        claim.keep(state=RunState.READING, started_at=timezone.now())
        with translation.override(_language_of(run)):  # of the reasons that the rows hold
            _work(claim, run)
    except ClaimLost:
        logger.warning("directory run=%s was cancelled or taken over", run.public_id)
    except SourceFault as fault:
        _fail(claim, run, fault.code, fault.values)
    except Exception:
        logger.exception("directory run=%s failed", run.public_id)
        _fail(claim, run, "internal", {})
    forget_old_runs(run.source)


def _language_of(run: DirectoryRun) -> str:
    chosen = run.asked_by.language if run.asked_by else ""
    return chosen or str(settings.LANGUAGE_CODE)


def _work(claim: Claim, run: DirectoryRun) -> None:
    known, rows = planned(claim, run.source)
    linked = sum(1 for one in known if one.external_id)
    facts: dict[str, Any] = {"linked_count": linked, **_facts(rows)}
    removed = removed_keys(rows)
    if run.purpose == Purpose.PREVIEW:
        claim.end(RunState.PREVIEWED, **facts)
        return
    percent = run.source.max_removed_percent
    if not may_remove(removed, total=linked, percent=percent, approved=run.approved):
        record_run(run, Action.DIRECTORY_SYNC_STOPPED, would_remove=len(removed), of=linked)
        claim.end(RunState.STOPPED, **facts)
        logger.warning("directory run=%s stopped: %d of %d", run.public_id, len(removed), linked)
        return
    claim.keep(state=RunState.APPLYING, **facts)
    failed = {row.external_id: row for row in apply_plan(claim, run, rows)}
    rows = [failed.get(row.external_id, row) for row in rows]
    facts |= _facts(rows)
    if _has_changes(rows):  # a run that finds nothing to do every hour is no deed
        record_run(run, Action.DIRECTORY_SYNCED, **counts_of(rows))
    claim.end(RunState.DONE, **facts)
    logger.info("directory run=%s done: %s", run.public_id, counts_of(rows))


def planned(claim: Claim, source: DirectorySource) -> tuple[list[Known], list[Row]]:
    """Read a directory and compare. Raises SourceFault where it does not give all of it."""
    entries = entries_in(source, on_progress=lambda count: claim.keep(read_count=count))
    claim.keep(read_count=len(entries))
    mapping = mapping_of(source)
    known = known_people(source)
    wanted = [wanted_person(entry, mapping) for entry in entries]
    return known, plan(known, wanted, rules_of(source))


def _facts(rows: list[Row]) -> dict[str, Any]:
    """Return what a run keeps of its rows: who stays unchanged is counted only."""
    shown = [row for row in rows if row.kind != RowKind.UNCHANGED]
    return {"counts": counts_of(rows), "rows": msgspec.to_builtins(shown)}


def _has_changes(rows: list[Row]) -> bool:
    return any(row.kind not in (RowKind.UNCHANGED, RowKind.ERROR) for row in rows)


def _fail(claim: Claim, run: DirectoryRun, code: str, values: dict[str, str]) -> None:
    try:
        claim.end(RunState.FAILED, fault_code=code, fault_values=values)
    except ClaimLost:
        return
    logger.warning("directory run=%s failed: %s", run.public_id, code)
    if not _failed_before(run, code):  # once for an outage, not each hour
        record_run(run, Action.DIRECTORY_SYNC_FAILED, fault=code)


def _failed_before(run: DirectoryRun, code: str) -> bool:
    earlier = DirectoryRun.objects.filter(source=run.source).exclude(pk=run.pk)
    newest = earlier.only("state", "fault_code").first()
    return newest is not None and (newest.state, newest.fault_code) == (RunState.FAILED, code)
