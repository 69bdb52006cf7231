"""All stores as one, for commands: each recording is found where its row says it lies.

What the catalogue does not list, and what is new, is in the folder of the node. Not for processes
that were forked: it asks the database.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from uuid import UUID

from callvault.portal.recordings.permissions import recordings_in_catalogue
from callvault.vault import Store, StoredObject, Writable
from callvault.vault.objects import recording_of

from .models import StorageLocation
from .places import store_at, store_of_node

_DEPTH = 3  # folders that lead to a recording's objects


class ScatteredStore:
    """A `Store` over all of them."""

    def __init__(self, here: Store | None = None) -> None:
        """Open the folder of the node, unless it is given. Raises VaultError when it is away."""
        self._here = here or store_of_node()
        self._last: tuple[UUID, Store] | None = None

    def create(self, name: str) -> AbstractContextManager[Writable]:
        """See `Store.create`."""
        return self._holding(name).create(name)

    def open(self, name: str) -> StoredObject:
        """See `Store.open`."""
        return self._holding(name).open(name)

    def size(self, name: str) -> int:
        """See `Store.size`."""
        return self._holding(name).size(name)

    def delete(self, name: str) -> None:
        """See `Store.delete`."""
        self._holding(name).delete(name)

    def list(self, prefix: str = "") -> Iterator[str]:
        """See `Store.list`; of more than one recording, what lies in any of the stores."""
        if recording_of(prefix.rstrip("/")) is not None:
            yield from self._holding(prefix).list(prefix)
            return
        for store in (self._here, *external_stores()):
            for name in store.list(prefix):
                # A copy that is left elsewhere for a while is no recording.
                if not _is_object(name) or self._holding(name, or_else=store) is store:
                    yield name

    def probe(self) -> None:
        """See `Store.probe`."""
        self._here.probe()

    def free_bytes(self) -> int | None:
        """See `Store.free_bytes`: of the node."""
        return self._here.free_bytes()

    def remove_unfinished(self, *, older_than_s: float) -> int:
        """See `Store.remove_unfinished`."""
        stores = (self._here, *external_stores())
        return sum(one.remove_unfinished(older_than_s=older_than_s) for one in stores)

    def _holding(self, name: str, *, or_else: Store | None = None) -> Store:
        """Return where a recording lies; `or_else` the store of one that is not listed."""
        recording_id = recording_of("/".join(name.split("/")[:_DEPTH]))
        if recording_id is None:
            return self._here
        if self._last is None or self._last[0] != recording_id:
            rows = recordings_in_catalogue().filter(recording_id=recording_id)
            row = rows.only("location").first()
            if row is None:
                return or_else or self._here
            is_here = row.location_id is None
            self._last = (recording_id, self._here if is_here else store_at(row.location_id))
        return self._last[1]


def _is_object(name: str) -> bool:
    return recording_of("/".join(name.split("/")[:_DEPTH])) is not None


def external_stores() -> Iterator[Store]:
    """Yield each external store. Raises VaultError for one that cannot be opened."""
    for row in StorageLocation.objects.all():
        yield store_at(row.pk)
