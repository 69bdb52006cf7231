"""Data export by the API: its settings and their test, past days, the queue."""

from datetime import date
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone, translation
from django.views.decorators.debug import sensitive_variables
from ninja import Query, Router, Schema, Status
from pydantic import Field

from callvault.portal.exports.asking import begin_backfill, recordings_of_days, try_now
from callvault.portal.exports.forms import BackfillForm, ExportForm
from callvault.portal.exports.models import ExportSettings, ExportState, RecordingExport
from callvault.portal.exports.queue_views import NEWEST_FIRST
from callvault.portal.exports.saving import save_settings
from callvault.portal.exports.status import standing
from callvault.portal.exports.views import try_target
from callvault.portal.middleware import language_of
from callvault.portal.paging import page_of

from .callers import using
from .calls import administrator_of
from .errors import PROBLEMS
from .form_filling import as_posted, must_be_valid
from .problems import Problem
from .queries import refuse_unknown
from .scopes import Scope
from .settings import saved, sent_of
from .settings_shapes import Version
from .shapes import NOT_SENT, Moment, Page, Taken, Text

router = Router(tags=["Data export"])
queue = Router(tags=["Data export"])
Facts = dict[str, Any]
Mode = Literal["off", "on", "paused"]
Kind = Literal["smb", "sftp"]
State = Literal["waiting", "leaving", "named", "done", "failed"]


class ExportOut(Schema):
    """Where recordings go, and how that stands. The password is never given back."""

    mode: Mode
    kind: Kind
    place: str = Field(description=r"\\\\server\\share\\folder, or sftp://server/folder.")
    port: int | None = Field(description="Null: the usual one.")
    username: str
    has_password: bool = Field(description="Or private key.")
    fingerprint: str = Field(description="Of the server's key, by SFTP.")
    wait_hours: int = Field(description="How long retention waits for an export.")
    enabled_at: Moment | None = Field(description="Calls that ended since are exported.")
    exported: int = Field(description="In all.")
    exported_at: Moment | None = Field(description="The last one.")
    waiting: int = Field(description="Up to 1,001.")
    failed: int = Field(description="Up to 1,001.")
    failing_since: Moment | None = Field(description="Null: the target works.")
    problem: str = Field(description="Kind of what is wrong with the target; empty: nothing.")
    version: int


class ExportChange(Taken):
    """Values to change. A password belongs to its server: with another it is sent anew."""

    mode: Mode = Field(NOT_SENT)
    kind: Kind = Field(NOT_SENT)
    place: Text = Field(NOT_SENT, max_length=500)
    port: int | None = Field(None, ge=1, le=65535, description="Null: the usual one.")
    username: Text = Field(NOT_SENT, max_length=254)
    password: Text = Field(NOT_SENT, max_length=256)
    private_key: Text = Field(NOT_SENT, max_length=20_000, description="In its place, by SFTP.")
    fingerprint: Text = Field(NOT_SENT, max_length=100)
    wait_hours: int = Field(NOT_SENT, ge=0, le=720)
    version: Version


class ExportTested(Schema):
    """How a test went."""

    works: bool
    title: str
    text: str
    said: str = Field(description="The target's own words.")


class PastDays(Taken):
    """Days on which calls started, in the system's zone."""

    first_day: date
    last_day: date


class PastDaysOut(Schema):
    """How much of them is not exported yet."""

    recordings: int


class RecordingExportOut(Schema):
    """The export of one recording."""

    id: UUID
    recording_id: UUID
    state: State
    is_backfill: bool
    asked_at: Moment
    attempts: int
    next_try_at: Moment | None
    problem: str = Field(description="Kind of what is wrong; empty: nothing.")
    folder: str = Field(description="Such as 2026/11/23.")
    file_name: str
    size_bytes: int
    sha256: str
    exported_at: Moment | None


class ExportsQuery(Taken):
    """Which exports, and where to go on."""

    state: State | None = None
    limit: int = Field(50, ge=1, le=100)
    after: UUID | None = Field(None, description="`next` of the page before.")


@router.get(
    "", response={200: ExportOut, **PROBLEMS}, **using(Scope.SETTINGS_READ),
    summary="Read where recordings are exported to",
)  # fmt: skip
def read_export(request: HttpRequest) -> Facts:
    """Return the settings of data export, and how it stands."""
    administrator_of(request)
    return _told()


@router.patch(
    "", response={200: ExportOut, **PROBLEMS}, **using(Scope.SETTINGS_WRITE),
    summary="Change where recordings are exported to",
)  # fmt: skip
@sensitive_variables("change", "form", "sent")
def change_export(request: HttpRequest, change: ExportChange) -> Facts:
    """Change the fields that are sent. In force from the next recording on."""
    administrator_of(request)
    row, sent = ExportSettings.load(), sent_of(change)
    form = ExportForm(as_posted(ExportForm(row=row), sent), row=row)
    must_be_valid(form)
    saved(form, lambda: save_settings(request, form))
    return _told()


@router.post(
    "/test", response={200: ExportTested, **PROBLEMS}, **using(Scope.SETTINGS_WRITE),
    summary="Test access to the export target",
)  # fmt: skip
def test_export(request: HttpRequest) -> Facts:
    """Write, read and remove a small file at the target that is set, and say how that went."""
    user = administrator_of(request)
    row = ExportSettings.load()
    if not row.place:
        raise Problem(409, "not_set_up", "No export target is set up.")
    with translation.override(language_of(user)):
        tried = try_target(request, row)
    return {
        "works": tried.tone != "red",
        "title": tried.strong,
        "text": tried.text,
        "said": tried.said,
    }


@router.post(
    "/past-days/count", response={200: PastDaysOut, **PROBLEMS}, **using(Scope.SETTINGS_READ),
    summary="Count recordings of past days",
)  # fmt: skip
def count_past_days(request: HttpRequest, days: PastDays) -> Facts:
    """Return how many recordings of these days are neither exported nor wait for it."""
    administrator_of(request)
    return {"recordings": recordings_of_days(*_days(days)).count()}


@router.post(
    "/past-days", response={200: PastDaysOut, **PROBLEMS}, **using(Scope.SETTINGS_WRITE),
    summary="Export recordings of past days",
)  # fmt: skip
def export_past_days(request: HttpRequest, days: PastDays) -> Facts:
    """Have them exported by the worker."""
    administrator_of(request)
    if ExportSettings.load().is_off:
        raise Problem(409, "not_set_up", "Export is off.")
    return {"recordings": begin_backfill(request, *_days(days), now=timezone.now()).expected}


@queue.get(
    "", response={200: Page[RecordingExportOut], **PROBLEMS}, **using(Scope.SETTINGS_READ),
    summary="List exports",
)  # fmt: skip
def list_exports(request: HttpRequest, query: Query[ExportsQuery]) -> Facts:
    """Return what became of each export, the newest first."""
    administrator_of(request)
    refuse_unknown(request, ExportsQuery)
    rows = RecordingExport.objects.select_related("recording")
    if query.state is not None:
        rows = rows.filter(state=query.state)
    page = page_of(rows, NEWEST_FIRST, id_field="public_id", size=query.limit, after=query.after)
    return {"items": [_export(row) for row in page.rows], "next": page.older}


@queue.post(
    "/try", response={204: None, **PROBLEMS}, **using(Scope.SETTINGS_WRITE),
    summary="Try all exports now",
)  # fmt: skip
def try_all(request: HttpRequest) -> Status[None]:
    """Have all exports that wait or failed tried at once."""
    administrator_of(request)
    try_now(RecordingExport.objects.all(), now=timezone.now())
    return Status(204, None)


@queue.post(
    "/{uuid:export_id}/try", response={204: None, **PROBLEMS}, **using(Scope.SETTINGS_WRITE),
    summary="Try an export now",
)  # fmt: skip
def try_one(request: HttpRequest, export_id: UUID) -> Status[None]:
    """Have an export that waits or failed tried at once."""
    administrator_of(request)
    rows = RecordingExport.objects.exclude(state=ExportState.DONE)
    row = get_object_or_404(rows, public_id=export_id)
    try_now(RecordingExport.objects.filter(pk=row.pk), now=timezone.now())
    return Status(204, None)


def _days(days: PastDays) -> tuple[date, date]:
    sent = {"first_day": days.first_day.isoformat(), "last_day": days.last_day.isoformat()}
    form = BackfillForm(sent)
    must_be_valid(form)
    return days.first_day, days.last_day


def _told() -> Facts:
    row, stands = ExportSettings.load(), standing()
    names = (
        *("mode", "kind", "place", "port", "username", "fingerprint", "wait_hours"),
        *("enabled_at", "version"),
    )
    of_turn = ("exported", "exported_at", "failing_since", "problem")
    return {
        **{name: getattr(row, name) for name in names},
        **{name: getattr(stands.turn, name) for name in of_turn},
        "has_password": bool(row.sealed_password),
        "waiting": stands.waiting.number,
        "failed": stands.failed.number,
    }


def _export(row: RecordingExport) -> Facts:
    names = (
        *("state", "is_backfill", "asked_at", "attempts", "next_try_at", "problem", "folder"),
        *("file_name", "size_bytes", "sha256", "exported_at"),
    )
    ids = {"id": row.public_id, "recording_id": row.recording.recording_id}
    return {**ids, **{name: getattr(row, name) for name in names}}
