"""Reading recordings in the store again, a slice each night."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from callvault.portal.integrity import objects_check
from callvault.portal.integrity.models import IntegrityFinding, LogState
from callvault.portal.integrity.objects_check import check_slice
from callvault.portal.people.models import User
from callvault.portal.recordings.deletion import bury
from callvault.portal.recordings.models import Recording
from callvault.vault import LocalStore
from tests.portal.catalogue_facts import list_recording
from tests.portal.sealing import seal_audio

pytestmark = pytest.mark.django_db

NIGHT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def sealed(ann: User, data_folder: Path) -> list[Recording]:
    """Three recordings with audio in the store."""
    return [seal_audio(list_recording(ann), data_folder, bytes(70_000)) for _ in range(3)]


@pytest.fixture
def store(data_folder: Path) -> LocalStore:
    """The store they lie in."""
    return LocalStore(data_folder / "vault")


def audio_of(folder: Path, recording: Recording) -> Path:
    return next(
        path
        for path in (folder / "vault").rglob("audio.mp3")
        if path.parent.name == recording.recording_id.hex
    )


def found() -> set[tuple[str, str]]:
    return set(IntegrityFinding.objects.values_list("problem", "text"))


def test_all_is_read_at_night_and_not_again_the_next_nights(
    sealed: list[Recording], store: LocalStore
) -> None:
    assert check_slice(store, now=NIGHT + timedelta(hours=10), holder="rec-1") == 0
    assert check_slice(store, now=NIGHT, holder="rec-1") == 3
    assert LogState.objects.get().objects_checked_at == NIGHT
    assert check_slice(store, now=NIGHT + DAY, holder="rec-1") == 0
    assert check_slice(store, now=NIGHT + 28 * DAY, holder="rec-1") == 3
    assert found() == set()


def test_a_slice_goes_on_the_next_night(
    sealed: list[Recording], store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects_check, "SMALLEST_SLICE", 2)
    assert check_slice(store, now=NIGHT, holder="rec-1") == 2
    assert check_slice(store, now=NIGHT + timedelta(minutes=1), holder="rec-1") == 0
    assert check_slice(store, now=NIGHT + DAY, holder="rec-1") == 1
    assert LogState.objects.get().objects_checked_at == NIGHT + DAY


def test_another_worker_leaves_it_alone(sealed: list[Recording], store: LocalStore) -> None:
    check_slice(store, now=NIGHT, holder="rec-1")
    assert check_slice(store, now=NIGHT + 28 * DAY, holder="rec-2") == 0


def test_what_was_changed_or_went_is_found_and_forgotten_once_it_is_well(
    sealed: list[Recording], store: LocalStore, data_folder: Path
) -> None:
    changed, gone = (audio_of(data_folder, one) for one in sealed[:2])
    kept = changed.read_bytes()
    changed.chmod(0o600)
    changed.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    away = gone.rename(gone.with_name("elsewhere"))
    check_slice(store, now=NIGHT, holder="rec-1")
    assert found() == {
        (
            "object",
            "audio of recording 000001 is not what was sealed".replace(
                "000001", f"{sealed[0].pk:06}"
            ),
        ),
        ("gone", f"audio of recording {sealed[1].pk:06} is not in the store"),
    }
    changed.write_bytes(kept)
    away.rename(gone)
    check_slice(store, now=NIGHT + 28 * DAY, holder="rec-1")
    assert found() == set()


def test_what_is_deleted_meanwhile_is_no_finding(
    sealed: list[Recording], store: LocalStore, data_folder: Path
) -> None:
    audio_of(data_folder, sealed[0]).unlink()
    read_before = Recording.objects.get(pk=sealed[0].pk)
    bury(None, sealed[0], cause="retention")
    assert objects_check.check_objects(read_before, store) == []
    assert found() == set()
