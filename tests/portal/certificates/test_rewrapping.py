"""Keys of older recordings are sealed anew in the background, and it goes on after a restart."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from callvault.errors import KeyUnavailable, VaultError
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.certificates import changing, rewrapping
from callvault.portal.certificates.models import Rewrapping
from callvault.portal.people.models import User
from callvault.portal.recordings import deletion
from callvault.portal.recordings.models import Recording, Tombstone
from callvault.vault import (
    KeyKind,
    Keyring,
    LocalStore,
    ObjectKind,
    RecordingObjects,
    Role,
    add_certificate,
    create_first_certificates,
    make_self_signed,
    rewrap,
    use_certificates,
)
from tests.portal.acting import request_of
from tests.portal.catalogue_facts import list_recording

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
AUDIO = b"\xff\xfb" * 500


@pytest.fixture
def keys(data_folder: Path) -> Path:
    """A key folder whose archive certificate was just changed."""
    folder = data_folder / "keys"
    create_first_certificates(folder, kind=KeyKind.EC)
    return folder


@pytest.fixture
def store(data_folder: Path) -> LocalStore:
    return LocalStore(data_folder / "vault")


@pytest.fixture
def recordings(ann: User, keys: Path, store: LocalStore) -> list[Recording]:
    """Three recordings, sealed to the certificate of the first start."""
    made = [list_recording(ann) for _ in range(3)]
    current = Keyring.load(keys).current(Role.ARCHIVE)
    for one in made:
        sealer = RecordingObjects(store).begin(one.recording_id, current)
        with sealer.create(ObjectKind.AUDIO) as file:
            file.write(AUDIO)
        sealer.finish(b"{}")
    return made


def change_certificate(keys: Path) -> str:
    """Seal to another archive certificate from now on; return its fingerprint."""
    certificate, key = make_self_signed("Archive 2027", kind=KeyKind.EC, now=NOW)
    add_certificate(keys, Role.ARCHIVE, "new", certificate, private_key=key)
    use_certificates(keys, Role.ARCHIVE, ["new"])
    return certificate.info.fingerprint


def opened(recording: Recording, store: LocalStore, keyring: Keyring) -> bytes:
    """Return the audio of a recording."""
    objects = RecordingObjects(store)
    with objects.open(recording.recording_id, ObjectKind.AUDIO, keyring) as audio:
        return audio.read(0, audio.size)


def test_all_are_given_to_the_new_certificate(
    recordings: list[Recording], keys: Path, store: LocalStore, rita: User
) -> None:
    fingerprint = change_certificate(keys)
    assert changing.begin_rewrapping(request_of(rita)) is True
    assert changing.begin_rewrapping(request_of(rita)) is False  # one at a time
    assert rewrapping.work_off(store, Keyring.load(keys), now=NOW) == 3
    row = Rewrapping.objects.get()
    assert (row.state, row.done, row.failed, row.total) == ("done", 3, 0, 3)
    (keys / "archive" / "archive-1.key.pem").unlink()
    for one in recordings:
        one.refresh_from_db()
        assert one.envelope_certificates == [fingerprint]
        assert opened(one, store, Keyring.load(keys)) == AUDIO
    ended = AuditEntry.objects.get(action=Action.REWRAPPING_ENDED)
    assert (ended.detail["done"], ended.detail["failed"]) == (3, 0)
    assert rewrapping.work_off(store, Keyring.load(keys), now=NOW) == 0


def test_it_goes_on_where_it_was(
    recordings: list[Recording],
    keys: Path,
    store: LocalStore,
    rita: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    change_certificate(keys)
    changing.begin_rewrapping(request_of(rita))
    calls = 0

    def once(*args: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise VaultError("the share is away")
        return rewrap(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(f"{rewrapping.__name__}.rewrap", once)
    with pytest.raises(VaultError):
        rewrapping.work_off(store, Keyring.load(keys), now=NOW)
    row = Rewrapping.objects.get()
    assert (row.state, row.done, row.waits_for) == ("running", 1, "the share is away")
    rewrapping.work_off(store, Keyring.load(keys), now=NOW)
    row.refresh_from_db()
    assert (row.state, row.done, row.waits_for) == ("done", 3, "")


def test_what_cannot_be_opened_is_counted_and_told(
    recordings: list[Recording], keys: Path, store: LocalStore, rita: User
) -> None:
    (keys / "archive" / "archive-1.key.pem").unlink()
    change_certificate(keys)
    changing.begin_rewrapping(request_of(rita))
    rewrapping.work_off(store, Keyring.load(keys), now=NOW)
    row = Rewrapping.objects.get()
    assert (row.state, row.done, row.failed) == ("done", 0, 3)
    assert "Callvault archive" in row.problem
    with pytest.raises(KeyUnavailable):
        opened(recordings[0], store, Keyring.load(keys))


def test_one_that_is_deleted_meanwhile_leaves_no_key(
    recordings: list[Recording],
    keys: Path,
    store: LocalStore,
    rita: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    change_certificate(keys)
    changing.begin_rewrapping(request_of(rita))

    def beside_a_deletion(*args: object) -> object:
        sealed_to = rewrap(*args)  # type: ignore[arg-type]
        if args[1] == recordings[0].recording_id:
            recordings[0].refresh_from_db()
            deletion.bury(None, recordings[0], cause="by_hand")
            Tombstone.objects.update(objects_gone_at=NOW)  # it came first
        return sealed_to

    monkeypatch.setattr(f"{rewrapping.__name__}.rewrap", beside_a_deletion)
    rewrapping.work_off(store, Keyring.load(keys), now=NOW)
    deletion.finish_deletions(datetime.now(UTC) + timedelta(seconds=1))
    assert RecordingObjects(store).stored(recordings[0].recording_id) is None
    assert Rewrapping.objects.get().failed == 0


def test_it_waits_while_this_node_uses_others(
    recordings: list[Recording], keys: Path, store: LocalStore, rita: User
) -> None:
    changing.begin_rewrapping(request_of(rita))
    change_certificate(keys)
    with pytest.raises(VaultError, match="other certificates"):
        rewrapping.work_off(store, Keyring.load(keys), now=NOW)
    assert "other certificates" in Rewrapping.objects.get().waits_for


def test_it_is_stopped(
    recordings: list[Recording], keys: Path, store: LocalStore, rita: User
) -> None:
    changing.begin_rewrapping(request_of(rita))
    changing.stop_rewrapping(request_of(rita))
    assert rewrapping.work_off(store, Keyring.load(keys), now=NOW) == 0
    assert Rewrapping.objects.get().state == "stopped"
    started = AuditEntry.objects.get(action=Action.REWRAPPING_STARTED)
    assert started.detail["total"] == 3
    stopped = AuditEntry.objects.get(action=Action.REWRAPPING_STOPPED)
    assert stopped.detail == {"done": 0, "failed": 0}
    assert changing.begin_rewrapping(request_of(rita)) is True


def test_another_worker_keeps_off(
    recordings: list[Recording], keys: Path, store: LocalStore, rita: User
) -> None:
    changing.begin_rewrapping(request_of(rita))
    Rewrapping.objects.update(lease_until=NOW + timedelta(seconds=10))
    assert rewrapping.work_off(store, Keyring.load(keys), now=NOW) == 0
    assert rewrapping.work_off(store, Keyring.load(keys), now=NOW + timedelta(seconds=11)) == 3


def test_what_is_listed_meanwhile_under_the_old_certificate_is_done_too(
    recordings: list[Recording], keys: Path, store: LocalStore, rita: User, ann: User
) -> None:
    old = Keyring.load(keys).current(Role.ARCHIVE)
    fingerprint = change_certificate(keys)
    changing.begin_rewrapping(request_of(rita))
    late = list_recording(ann)  # sealed before the choice, listed after it
    sealer = RecordingObjects(store).begin(late.recording_id, old)
    with sealer.create(ObjectKind.AUDIO) as file:
        file.write(AUDIO)
    sealer.finish(b"{}")
    assert rewrapping.work_off(store, Keyring.load(keys), now=NOW) == 4
    late.refresh_from_db()
    assert late.envelope_certificates == [fingerprint]
    assert Rewrapping.objects.get().state == "done"
