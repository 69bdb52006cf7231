"""People in files by the API: what a CSV file would do, doing exactly that, and the export."""

from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from ninja import File, Query, Router, Schema, Status, UploadedFile
from pydantic import Field

from callvault.portal.people.import_report import kept_lines
from callvault.portal.people.import_views import (
    UploadForm,
    draft_of,
    export,
    import_draft,
    taken_in,
)
from callvault.portal.people.models import PeopleImport

from .callers import using
from .calls import administrator_of
from .errors import PROBLEMS
from .form_filling import refused
from .problems import Problem
from .queries import refuse_unknown
from .scopes import Scope
from .shapes import Moment, Taken

router = Router(tags=["People in files"])
Facts = dict[str, Any]
OutcomeName = Literal["created", "changed", "unchanged", "error"]
_CSV = {"text/csv": {"schema": {"type": "string"}}}
_PAGE = 200


class LineOut(Schema):
    """What becomes, or became, of a row."""

    place: str = Field(description="Line of the file.")
    username: str
    outcome: OutcomeName
    changed: list[str] = Field(description="Columns.")
    problem: str


class ImportOut(Schema):
    """A file on its way in. It is kept for a day, and is the caller's alone."""

    id: UUID
    file_name: str
    made_at: Moment
    done_at: Moment | None = Field(description="Null: not imported yet.")
    counts: dict[str, int] = Field(description="Rows by outcome.")
    columns_left_out: list[str]
    lines: list[LineOut]
    next: int | None = Field(description="`after` of the following lines; null: these are all.")


class LinesQuery(Taken):
    """Which lines of the report."""

    outcome: OutcomeName | None = None
    after: int = Field(0, ge=0, le=1_000_000, description="`next` of the answer before.")


@router.post(
    "/imports", response={201: ImportOut, **PROBLEMS}, **using(Scope.PEOPLE_WRITE),
    summary="See what a CSV file would do",
)  # fmt: skip
def upload(request: HttpRequest, file: File[UploadedFile]) -> Status[Facts]:
    """Plan a file, 10 MB and 20,000 rows at most, sent as multipart/form-data. Nothing is done."""
    administrator_of(request)
    form = UploadForm(request.POST, request.FILES)
    draft = taken_in(request, form) if form.is_valid() else None
    if draft is None:
        raise refused(form)
    return Status(201, _told(draft, LinesQuery(after=0)))


@router.get(
    "/imports/{uuid:import_id}", response={200: ImportOut, **PROBLEMS},
    **using(Scope.PEOPLE_READ), summary="Read what a file would do, or did",
)  # fmt: skip
def read_import(request: HttpRequest, import_id: UUID, query: Query[LinesQuery]) -> Facts:
    """Return counts, and the report line by line."""
    administrator_of(request)
    refuse_unknown(request, LinesQuery)
    return _told(draft_of(request, import_id), query)


@router.post(
    "/imports/{uuid:import_id}/apply", response={200: ImportOut, **PROBLEMS},
    **using(Scope.PEOPLE_WRITE), summary="Import a file that was looked at",
)  # fmt: skip
def apply(request: HttpRequest, import_id: UUID) -> Facts:
    """Do exactly what was seen; 409 `changed` where it would be something else now: look anew."""
    administrator_of(request)
    draft = draft_of(request, import_id)
    if draft.done_at is None and not import_draft(request, draft):
        raise Problem(409, "changed", "People were changed meanwhile: look at it again.")
    return _told(draft, LinesQuery(after=0))


@router.delete(
    "/imports/{uuid:import_id}", response={204: None, **PROBLEMS}, **using(Scope.PEOPLE_WRITE),
    summary="Forget a file",
)  # fmt: skip
def discard(request: HttpRequest, import_id: UUID) -> Status[None]:
    """Forget a file that is not imported after all, or its report."""
    administrator_of(request)
    draft_of(request, import_id).delete()
    return Status(204, None)


@router.get(
    "/export.csv", response={200: None, **PROBLEMS},
    **using(
        Scope.PEOPLE_READ,
        responses={200: {"description": "All people, a line each.", "content": _CSV}},
    ),
    summary="Export people as CSV",
)  # fmt: skip
def export_people(request: HttpRequest) -> HttpResponseBase | StreamingHttpResponse:
    """Return all people in the columns that an import takes; imported as it is, nothing changes."""
    administrator_of(request)
    return export(request)


def _told(draft: PeopleImport, query: LinesQuery) -> Facts:
    lines = [one for one in kept_lines(draft) if query.outcome in (None, one.outcome)]
    end = query.after + _PAGE
    return {
        "id": draft.public_id,
        "file_name": draft.file_name,
        "made_at": draft.made_at,
        "done_at": draft.done_at,
        "counts": draft.counts,
        "columns_left_out": draft.left_out,
        "lines": [
            {
                "place": one.place,
                "username": one.username,
                "outcome": one.outcome,
                "changed": list(one.changed),
                "problem": one.problem,
            }
            for one in lines[query.after : end]
        ],
        "next": end if end < len(lines) else None,
    }
