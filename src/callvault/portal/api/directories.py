"""Directories by the API: how each is, and its runs. They are set up in the portal."""

from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import translation
from ninja import Query, Router, Schema, Status
from pydantic import Field

from callvault.portal.directory.models import DirectoryRun, DirectorySource, Purpose
from callvault.portal.directory.run_views import asked_run, ended_by_hand
from callvault.portal.directory.states import SourceState, rows_of, run_told, states_of
from callvault.portal.middleware import language_of
from callvault.portal.paging import Order, page_of

from .callers import using
from .calls import administrator_of
from .errors import PROBLEMS
from .problems import Problem
from .queries import refuse_unknown
from .scopes import Scope
from .shapes import Moment, Page, Taken

router = Router(tags=["Directories"])
Facts = dict[str, Any]
_MOST = 1000
_MOST_ROWS = 1000


class RunIn(Taken):
    """Why a directory is to be looked into."""

    purpose: Literal["preview", "sync"] = "preview"


class RunOut(Schema):
    """One look into a directory."""

    id: UUID
    directory_id: UUID
    purpose: Literal["preview", "sync"]
    state: str = Field(description="waiting, reading, applying, or how it ended.")
    told: str = Field(description="What became of it, in the caller's language.")
    asked_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    counts: dict[str, int] = Field(description="People, by what becomes of them.")
    fault: str = Field(description="Code of what failed.")


class RowOut(Schema):
    """What becomes of a person."""

    kind: str
    username: str
    name: str
    removes: bool = Field(description="Whether the person leaves by it.")


class RunDetailOut(RunOut):
    """A run with its people, those that change; 1,000 at most."""

    rows: list[RowOut]


class DirectoryOut(Schema):
    """A directory, and its last run."""

    id: UUID
    name: str
    kind: Literal["ldap", "webex"]
    people: int
    last_run: RunOut | None


class RunQuery(Taken):
    """Where to go on."""

    limit: int = Field(50, ge=1, le=100)
    after: UUID | None = Field(None, description="`next` of the page before.")


@router.get(
    "", response={200: list[DirectoryOut], **PROBLEMS}, **using(Scope.PEOPLE_READ),
    summary="List directories",
)  # fmt: skip
def list_directories(request: HttpRequest) -> list[Facts]:
    """Return the directories that people come from, each with its last run."""
    user = administrator_of(request)
    with translation.override(language_of(user)):
        return [_told(one) for one in states_of(list(DirectorySource.objects.all()[:_MOST]))]


@router.get(
    "/{uuid:directory_id}/runs", response={200: Page[RunOut], **PROBLEMS},
    **using(Scope.PEOPLE_READ), summary="List the runs of a directory",
)  # fmt: skip
def list_runs(request: HttpRequest, directory_id: UUID, query: Query[RunQuery]) -> Facts:
    """Return its runs, the latest first."""
    user = administrator_of(request)
    refuse_unknown(request, RunQuery)
    source = get_object_or_404(DirectorySource, public_id=directory_id)
    rows = source.runs.select_related("source").defer("approved", "rows")
    order = Order("asked_at", "id", descending=True)
    page = page_of(rows, order, id_field="public_id", size=query.limit, after=query.after)
    with translation.override(language_of(user)):
        return {"items": [_run_told(run) for run in page.rows], "next": page.older}


@router.post(
    "/{uuid:directory_id}/runs", response={202: RunOut, **PROBLEMS}, **using(Scope.PEOPLE_WRITE),
    summary="Preview or sync a directory",
)  # fmt: skip
def run(request: HttpRequest, directory_id: UUID, wanted: RunIn) -> Status[Facts]:
    """Have a worker sync a directory, or only show what a sync would do."""
    user = administrator_of(request)
    source = get_object_or_404(DirectorySource, public_id=directory_id)
    return Status(202, _asked(request, source, Purpose(wanted.purpose), language_of(user)))


@router.get(
    "/runs/{uuid:run_id}", response={200: RunDetailOut, **PROBLEMS}, **using(Scope.PEOPLE_READ),
    summary="Read a run",
)  # fmt: skip
def read_run(request: HttpRequest, run_id: UUID) -> Facts:
    """Return how far a run is, and what it did or would do, person by person."""
    user = administrator_of(request)
    found = _run(run_id)
    with translation.override(language_of(user)):
        return _run_told(found) | {
            "rows": [
                {"kind": row.kind, "username": row.username, "name": row.name,
                 "removes": row.removes}
                for row in rows_of(found)[:_MOST_ROWS]
            ]
        }  # fmt: skip


@router.post(
    "/runs/{uuid:run_id}/apply", response={202: RunOut, **PROBLEMS}, **using(Scope.PEOPLE_WRITE),
    summary="Sync after a look at a run",
)  # fmt: skip
def apply(request: HttpRequest, run_id: UUID) -> Status[Facts]:
    """Sync: who leaves by what was seen may leave, however many they are."""
    user = administrator_of(request)
    seen = _run(run_id)
    approved = [row.key for row in rows_of(seen) if row.removes]
    told = _asked(request, seen.source, Purpose.SYNC, language_of(user), approved)
    return Status(202, told)


@router.post(
    "/runs/{uuid:run_id}/cancel", response={204: None, **PROBLEMS}, **using(Scope.PEOPLE_WRITE),
    summary="Cancel a run",
)  # fmt: skip
def cancel(request: HttpRequest, run_id: UUID) -> Status[None]:
    """End a run that waits or works; what was changed until then stays."""
    administrator_of(request)
    if not ended_by_hand(request, _run(run_id)):
        raise Problem(409, "ended", "The run has ended.")
    return Status(204, None)


def _run(run_id: UUID) -> DirectoryRun:
    return get_object_or_404(DirectoryRun.objects.select_related("source"), public_id=run_id)


def _asked(
    request: HttpRequest,
    source: DirectorySource,
    purpose: Purpose,
    language: str,
    approved: list[str] | None = None,
) -> Facts:
    found = asked_run(request, source, purpose, approved=approved or [])
    if found is None:
        raise Problem(409, "running", "A run is on its way already.")
    with translation.override(language):
        return _run_told(found)


def _told(state: SourceState) -> Facts:
    return {
        "id": state.source.public_id,
        "name": state.source.name,
        "kind": state.source.kind,
        "people": state.people,
        "last_run": _run_told(state.run) if state.run else None,
    }


def _run_told(run: DirectoryRun) -> Facts:
    return {
        "id": run.public_id,
        "directory_id": run.source.public_id,
        "purpose": run.purpose,
        "state": run.state,
        "told": run_told(run),
        "asked_at": run.asked_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "counts": run.counts,
        "fault": run.fault_code,
    }
