"""Opens the stores that rows point to; a process keeps one open as long as its row stands."""

from collections.abc import Iterator
from datetime import timedelta
from threading import Lock
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from callvault.errors import VaultError
from callvault.vault import LocalStore, Store
from callvault.vault.s3 import Bucket, BucketStore
from callvault.vault.smb import SmbStore
from callvault.vault.smb_session import Credentials, ShareAddress, SmbSession

from .models import Kind, StorageLocation

TOLD_FOR = timedelta(seconds=90)
"""How long an outage that a worker told of is believed; then it is tried again."""

_opened: dict[UUID, tuple[int, Store]] = {}
_lock = Lock()


class PlaceUnreachable(VaultError):
    """An external store cannot be used now; `place` is what people call it."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(reason)
        self.place = place


def store_of_node() -> LocalStore:
    """Return the folder of this node. Raises VaultError when it is away."""
    return LocalStore(settings.DATA_FOLDER / settings.CALLVAULT.vault.folder)


def store_at(location_id: int | None) -> Store:
    """Return the store that a row points to. Raises VaultError when it cannot be opened."""
    if location_id is None:
        return store_of_node()
    row = StorageLocation.objects.filter(pk=location_id).first()
    if row is None:
        raise VaultError("the storage location is gone")
    return store_of(row)


def store_of(row: StorageLocation) -> Store:
    """Return an external store, as it is set now. Raises VaultError."""
    with _lock:
        version, store = _opened.get(row.public_id, (0, None))
        if store is None or version != row.version:
            store = open_store(row)
            _opened[row.public_id] = (row.version, store)
    return store


def readable(location_id: int | None) -> Store:
    """Return the store for somebody who waits for an answer.

    Raises PlaceUnreachable at once while workers say that it is away.
    """
    if location_id is None:
        return store_of_node()
    row = StorageLocation.objects.get(pk=location_id)
    is_told = row.checked_at is not None and timezone.now() - row.checked_at < TOLD_FOR
    if row.trouble and is_told:
        raise PlaceUnreachable(row.name, row.trouble)
    try:
        return store_of(row)
    except VaultError as error:
        raise PlaceUnreachable(row.name, str(error)) from error


def other_places(location_id: int | None) -> Iterator[int | None]:
    """Yield all places but one: the folder of this node, and what is not known to be away."""
    if location_id is not None:
        yield None
    rows = StorageLocation.objects.filter(trouble="").values_list("pk", flat=True)
    yield from (place for place in rows if place != location_id)


def name_of_place(location_id: int | None) -> str:
    """Return what people call an external store; empty: the folder of the node."""
    row = StorageLocation.objects.filter(pk=location_id).first() if location_id else None
    return row.name if row is not None else ""


def open_store(
    row: StorageLocation, *, deadline_s: float | None = None, connect_s: float = 10.0
) -> Store:
    """Open a store by a row, saved or not. Raises VaultError for what can be none."""
    if row.kind == Kind.SMB:
        return SmbStore(_session(row, deadline_s or 30.0, connect_s))
    bucket = Bucket(
        row.bucket,
        row.access_key,
        row.secret,
        endpoint=row.endpoint,
        region=row.region or "us-east-1",
        prefix=row.prefix,
        path_style=row.path_style,
        ca_pem=row.ca_pem,
    )
    return BucketStore(bucket, deadline_s=deadline_s or 60.0, connect_s=connect_s)


def _session(row: StorageLocation, deadline_s: float, connect_s: float) -> SmbSession:
    try:
        address = ShareAddress.parse(row.share)
    except ValueError as error:
        raise VaultError(str(error)) from error
    username = f"{row.domain}\\{row.username}" if row.domain else row.username
    credentials = Credentials(username, row.secret)
    return SmbSession(address, credentials, deadline_s=deadline_s, connect_s=connect_s)
