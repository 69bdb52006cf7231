"""A worker's keeper of the log, and recordings that have entered it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from callvault.portal.integrity.keeper import IntegrityKeeper
from callvault.portal.integrity.models import IntegrityFinding, LogState
from callvault.portal.integrity.remembered import FILE_NAME
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from callvault.vault import audit_key, audit_keys
from tests.portal.catalogue_facts import list_recording
from tests.servers.time_stamp import Authority, make_authority, serving

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
Check = Callable[..., set[str]]


@pytest.fixture(scope="session")
def keys_of_authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The keys of a time-stamp authority, made once."""
    return make_authority(tmp_path_factory.mktemp("authority")).folder


@pytest.fixture
def authority(keys_of_authority: Path) -> Iterator[Authority]:
    """An authority that answers."""
    with serving(Authority(keys_of_authority)) as one:
        yield one


@pytest.fixture
def keeper(data_folder: Path) -> IntegrityKeeper:
    """A worker's keeper, whose key is that of the data folder."""
    keys = data_folder / "keys"
    key = audit_key(keys)
    return IntegrityKeeper("rec-1", key, audit_keys(keys), data_folder / FILE_NAME)


@pytest.fixture
def recordings(ann: User, keeper: IntegrityKeeper) -> list[Recording]:
    """Three recordings that entered at noon, and are signed as far as that goes."""
    made = [list_recording(ann) for _ in range(3)]
    keeper.step(now=NOON)
    return made


@pytest.fixture
def check(keeper: IntegrityKeeper) -> Check:
    """Let the keeper do its work, and one whole round of checks; return the problems."""

    def checked(*, now: datetime = NOON + timedelta(days=1)) -> set[str]:
        LogState.objects.update(checked_at=None, round_began_at=None)
        for _ in range(20):
            keeper.step(now=now)
            if LogState.objects.get().checked_at is not None:
                return set(IntegrityFinding.objects.values_list("problem", flat=True))
        raise AssertionError("the round does not come to its end")

    return checked
