"""Recordings sealed on the node, and external stores that are folders, shares or buckets."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from callvault.errors import VaultError
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from callvault.portal.storage import places
from callvault.portal.storage.models import Kind, StorageLocation
from callvault.portal.storage.moving import Carrier
from callvault.vault import LocalStore, Store, Writable
from tests.portal.catalogue_facts import list_recording
from tests.portal.sealing import seal_audio

AUDIO = b"\xff\xfb" * 500
NODE = "node-a"


class AwayStore(LocalStore):
    """A folder that can be away, or break off after some objects."""

    is_away = False
    breaks_after: int | None = None

    @contextmanager
    def create(self, name: str) -> Iterator[Writable]:
        if self.is_away:
            raise VaultError(f"cannot create {name}: the server cannot be reached")
        if self.breaks_after is not None:
            if self.breaks_after == 0:
                raise KeyboardInterrupt  # as a worker that is killed: nothing is cleaned up
            self.breaks_after -= 1
        with super().create(name) as file:
            yield file


@dataclass
class Stage:
    """Stores by the row that stands for them, and what moves recordings between them."""

    folder: Path
    stores: dict[int, AwayStore] = field(default_factory=dict)

    def place(self, name: str, *, is_current: bool = False) -> StorageLocation:
        row = StorageLocation.objects.create(
            name=name, kind=Kind.SMB, share=rf"\\files\{name}", is_current=is_current
        )
        self.stores[row.pk] = AwayStore(self.folder / name)
        return row

    def store(self, location_id: int | None) -> Store:
        return (
            LocalStore(self.folder / "vault") if location_id is None else self.stores[location_id]
        )

    @property
    def carrier(self) -> Carrier:
        return Carrier(NODE, open_store=self.store, grace=timedelta(0))


@pytest.fixture
def stage(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    made = Stage(data_folder)
    monkeypatch.setattr(places, "open_store", lambda row, **_: made.stores[row.pk])
    return made


@pytest.fixture
def sealed(ann: User, data_folder: Path) -> Callable[[], Recording]:
    """Return a maker of recordings that are sealed on the node."""
    return lambda: seal_audio(list_recording(ann), data_folder, AUDIO)
