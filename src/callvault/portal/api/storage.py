"""Where recordings are kept, by the API: read, chosen, and moving what is there. Never a secret."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from callvault.portal.storage import progress, relocation
from callvault.portal.storage.models import Relocation, State, StorageLocation
from callvault.portal.storage.saving import use_location

from .callers import using
from .calls import administrator_of
from .errors import PROBLEMS
from .problems import Problem
from .scopes import Scope
from .shapes import Taken

router = Router(tags=["Storage"])
Facts = dict[str, Any]
READ = using(Scope.SETTINGS_READ)
WRITE = using(Scope.SETTINGS_WRITE)
_LOCAL = "The folders of the nodes are null."


class PlaceOut(Schema):
    """A place of recordings."""

    location_id: UUID | None = Field(description=_LOCAL)
    name: str
    kind: Literal["local", "smb", "s3"]
    address: str
    takes_new: bool
    recordings: int = Field(description="Counted up to 100,001.")
    trouble: str = Field(description="Why workers cannot use it; empty: they can.")
    trouble_since: datetime | None
    free_bytes: int | None


class MovingOut(Schema):
    """The moving of recordings from one place to another, the last that was asked for."""

    moving_id: UUID
    state: Literal["running", "paused", "done", "stopped"]
    source: UUID | None = Field(description=_LOCAL)
    target: UUID | None = Field(description=_LOCAL)
    total: int
    done: int
    asked_at: datetime
    ended_at: datetime | None


class FailedOut(Schema):
    """A recording that could not be moved, and stays where it is."""

    recording_id: UUID
    problem: str


class StorageOut(Schema):
    """All places, what waits for them, and what moves."""

    places: list[PlaceOut]
    waiting: int = Field(description="New recordings that wait on their nodes.")
    waiting_since: datetime | None
    moving: MovingOut | None
    failed: list[FailedOut] = Field(description="The first twenty.")


class CurrentIn(Taken):
    """Where new recordings are to go."""

    location_id: UUID | None = Field(description=_LOCAL)


class MovingIn(Taken):
    """What is to be moved."""

    source: UUID | None = Field(description=_LOCAL)
    target: UUID | None = Field(description=_LOCAL)


class MovingChange(Taken):
    """What is to become of it."""

    state: Literal["running", "paused", "stopped"]


class RetriedOut(Schema):
    """How many are tried again."""

    recordings: int


@router.get(
    "", response={200: StorageOut, **PROBLEMS}, **READ, summary="Read where recordings are kept",
)  # fmt: skip
def read_storage(request: HttpRequest) -> Facts:
    """Return the places of recordings, how they do, and what is on its way."""
    administrator_of(request)
    return _told()


@router.put(
    "/current", response={200: StorageOut, **PROBLEMS}, **WRITE,
    summary="Choose where new recordings go",
)  # fmt: skip
def choose(request: HttpRequest, chosen: CurrentIn) -> Facts:
    """Have new recordings go there from now on. Older ones stay where they are."""
    administrator_of(request)
    use_location(request, _place(chosen.location_id))
    return _told()


@router.post(
    "/moving", response={201: StorageOut, **PROBLEMS}, **WRITE,
    summary="Move all recordings of a place",
)  # fmt: skip
def begin_moving(request: HttpRequest, wanted: MovingIn) -> Status[Facts]:
    """Move what lies in one place to another, in the background."""
    administrator_of(request)
    if wanted.source == wanted.target:
        raise Problem(422, "same_place", "Source and target are the same place.")
    if not relocation.begin(request, _place(wanted.source), _place(wanted.target)):
        raise Problem(409, "moving_already", "Recordings are being moved already.")
    return Status(201, _told())


@router.patch(
    "/moving", response={200: StorageOut, **PROBLEMS}, **WRITE,
    summary="Pause, go on with or stop the moving",
)  # fmt: skip
def change_moving(request: HttpRequest, change: MovingChange) -> Facts:
    """Pause what runs, let it go on, or stop it: what is moved stays moved."""
    administrator_of(request)
    if not relocation.change(request, State(change.state)):
        raise Problem(409, "not_possible", "Nothing is being moved to which that could be done.")
    return _told()


@router.post(
    "/moving/retry", response={200: RetriedOut, **PROBLEMS}, **WRITE,
    summary="Try again what could not be moved",
)  # fmt: skip
def retry(request: HttpRequest) -> Facts:
    """Try all recordings again that could not be moved."""
    administrator_of(request)
    return {"recordings": relocation.try_again(request)}


def _place(location_id: UUID | None) -> StorageLocation | None:
    if location_id is None:
        return None
    row = StorageLocation.objects.filter(public_id=location_id).first()
    if row is None:
        raise Problem(404, "not_found", "There is no such place.")
    return row


def _told() -> Facts:
    waiting = progress.backlog()
    last = Relocation.objects.select_related("source", "target").order_by("-pk").first()
    return {
        "places": [_place_told(one) for one in progress.places()],
        "waiting": waiting.count,
        "waiting_since": waiting.oldest_at,
        "moving": _moving_told(last) if last else None,
        "failed": progress.failed_moves(),
    }


def _place_told(one: progress.PlaceView) -> Facts:
    row = one.row
    return {
        "location_id": row.public_id if row else None,
        "name": row.name if row else "",
        "kind": row.kind if row else "local",
        "address": row.address if row else "",
        "takes_new": one.is_current,
        "recordings": one.recordings,
        "trouble": row.trouble if row else "",
        "trouble_since": row.trouble_since if row else None,
        "free_bytes": row.free_bytes if row else None,
    }


def _moving_told(row: Relocation) -> Facts:
    return {
        "moving_id": row.public_id,
        "state": row.state,
        "source": row.source.public_id if row.source else None,
        "target": row.target.public_id if row.target else None,
        "total": row.total,
        "done": row.done,
        "asked_at": row.asked_at,
        "ended_at": row.ended_at,
    }
