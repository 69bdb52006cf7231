"""Runs of a directory: asked for, followed while they work, looked at, applied after a look."""

from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.people.gates import administrators_only, person_of

from .models import DirectoryRun, DirectorySource, Purpose, RunState
from .planning import Row, RowKind
from .runs import ask_for_run, cancel_run
from .states import (
    KINDS,
    fault_of,
    is_applied,
    kind_counts,
    kind_label,
    planned_label,
    rows_of,
    run_told,
)
from .wording import fault_facts, field_label, number, reason_of

PAGE = 50


@require_POST
@administrators_only
def ask(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Have a worker sync a directory, or only show what a sync would do."""
    source = get_object_or_404(DirectorySource, public_id=public_id)
    purpose = Purpose.SYNC if request.POST.get("purpose") == Purpose.SYNC else Purpose.PREVIEW
    return _asked(request, source, purpose, approved=[])


@require_POST
@administrators_only
def apply(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Sync after a look at the plan: who leaves by it may leave, however many they are."""
    run = get_object_or_404(DirectoryRun, public_id=public_id)
    approved = [row.key for row in rows_of(run) if row.removes]
    return _asked(request, run.source, Purpose.SYNC, approved=approved)


def _asked(
    request: HttpRequest, source: DirectorySource, purpose: Purpose, *, approved: list[str]
) -> HttpResponse:
    run = asked_run(request, source, purpose, approved=approved)
    if run is None:
        run = source.runs.first()
        messages.info(request, _("A run is on its way already. This is it."))
    return redirect("directory:run", run.public_id if run else source.public_id)


@transaction.atomic
def asked_run(
    request: HttpRequest, source: DirectorySource, purpose: Purpose, *, approved: list[str]
) -> DirectoryRun | None:
    """Have a worker look into a directory, audited; None: a run waits or works already."""
    record(
        request,
        Action.DIRECTORY_RUN_ASKED,
        kind="directory",
        object_id=source.public_id,
        name=source.name,
        purpose=purpose.value,
        approved=len(approved),
    )
    run = ask_for_run(source, purpose, asked_by=person_of(request), approved=approved)
    if run is None:
        transaction.set_rollback(True)
    return run


@require_POST
@administrators_only
def cancel(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """End a run that waits or works."""
    run = get_object_or_404(DirectoryRun, public_id=public_id)
    if ended_by_hand(request, run):
        messages.success(request, _("Cancelled. What was changed until then stays."))
    return redirect("directory:run", public_id)


@transaction.atomic
def ended_by_hand(request: HttpRequest, run: DirectoryRun) -> bool:
    """End a run that waits or works, audited; False: it has ended."""
    record(
        request,
        Action.DIRECTORY_RUN_CANCELLED,
        kind="directory",
        object_id=run.source.public_id,
        name=run.source.name,
        run=str(run.public_id),
    )
    is_ended = cancel_run(run)
    transaction.set_rollback(not is_ended)
    return is_ended


@require_safe
@never_cache
@administrators_only
def show_run(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show a run: how far it is, what it did or would do, person by person."""
    runs = DirectoryRun.objects.select_related("source", "asked_by")
    run = get_object_or_404(runs, public_id=public_id)
    rows = rows_of(run)
    kind = request.GET.get("kind", "")
    text = request.GET.get("q", "").replace("\0", "").strip()[:100]
    found = _found(rows, kind, text)
    start = _start(request.GET.get("from", ""), len(found))
    context = {
        "run": run,
        "source": run.source,
        "told": run_told(run),
        "fault": fault_of(run) if run.state == RunState.FAILED else None,
        "fault_facts": fault_facts(run.fault_values),
        "kinds": kind_counts(run),
        "kind": kind if kind in set(RowKind) else "",
        "text": text,
        "rows": [_shown(row, run) for row in found[start : start + PAGE]],
        "row_count": len(rows),
        "removed": sum(1 for row in rows if row.removes),
        "is_newest": run.source.runs.first() == run,
        **_pages(kind, text, start, len(found)),
    }
    return render(request, "directory/run.html", context)


def _found(rows: list[Row], kind: str, text: str) -> list[Row]:
    order = {one.value: place for place, one in enumerate(KINDS)}
    words = text.casefold().split()
    kept = [
        row
        for row in rows
        if (not kind or row.kind == kind)
        and all(word in f"{row.name} {row.username} {row.reference}".casefold() for word in words)
    ]
    return sorted(kept, key=lambda row: (order.get(row.kind, 9), row.username.casefold()))


def _start(text: str, count: int) -> int:
    start = int(text) if text.isdecimal() and len(text) < 7 else 0
    return start if start < count else 0


def _pages(kind: str, text: str, start: int, count: int) -> dict[str, str]:
    def url(first: int) -> str:
        chosen = {"kind": kind, "q": text, "from": str(first)}
        return "?" + urlencode({name: value for name, value in chosen.items() if value})

    last = min(start + PAGE, count)
    told = {"first": number(start + 1), "last": number(last), "count": number(count)}
    return {
        "newer_url": url(max(0, start - PAGE)) if start else "",
        "older_url": url(start + PAGE) if start + PAGE < count else "",
        "pages_told": _("%(first)s to %(last)s of %(count)s") % told if count else "",
    }


def _shown(row: Row, run: DirectoryRun) -> dict[str, object]:
    """Return a row for the table: fields by their names, in the order of a person's form."""
    return {
        "row": row,
        "label": kind_label(row.kind) if is_applied(run) else planned_label(row.kind),
        "reason": reason_of(row),
        "changes": [
            (field_label(name), before, after)
            for name, (before, after) in row.changes.items()
            if row.kind in (RowKind.CHANGE, RowKind.ADOPT)
            or (after not in ("", False) and name not in ("is_active", "level"))
        ],
    }
