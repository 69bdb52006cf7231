"""Recordings in the vault: sealed whole, opened by part, never mixed up."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from callvault.errors import KeyUnavailable, ObjectMissing, SealBroken, VaultError
from callvault.vault import (
    LocalStore,
    ObjectKind,
    RecordingObjects,
    SealedObject,
    SealedRecording,
    open_key,
    seal_key,
)
from callvault.vault.objects import associated_data, folder_of
from tests.vault import tink_oracle
from tests.vault.fakes import Crash, FailingCalls, KeyPair, Keys, MemoryStore, disk_full

ID = UUID("3fa2c1d0-0000-4000-8000-000000000001")
OTHER_ID = UUID("3fa2c1d0-0000-4000-8000-000000000002")
AUDIO = bytes(range(256)) * 1000
PEAKS = b"peaks"
SIDECAR = b'{"duration_ms":1000}'


def seal(
    objects: RecordingObjects, pair: KeyPair, *, recording_id: UUID = ID, audio: bytes = AUDIO
) -> SealedRecording:
    sealer = objects.begin(recording_id, [pair.certificate])
    with sealer.create(ObjectKind.AUDIO) as file:
        file.write(audio[:100_000])
        file.write(audio[100_000:])
    with sealer.create(ObjectKind.PEAKS) as file:
        file.write(PEAKS)
    return sealer.finish(SIDECAR)


def read(objects: RecordingObjects, pair: KeyPair, kind: ObjectKind = ObjectKind.AUDIO) -> bytes:
    with objects.open(ID, kind, Keys(pair)) as opened:
        return opened.read(0, opened.size)


def test_a_recording_is_sealed_and_opened(ec_pair: KeyPair) -> None:
    objects = RecordingObjects(MemoryStore())
    seal(objects, ec_pair)
    assert read(objects, ec_pair) == AUDIO
    assert read(objects, ec_pair, ObjectKind.PEAKS) == PEAKS
    assert objects.read_sidecar(ID, Keys(ec_pair)) == SIDECAR


def test_a_part_is_read_alone(ec_pair: KeyPair) -> None:
    objects = RecordingObjects(MemoryStore())
    seal(objects, ec_pair)
    with objects.open(ID, ObjectKind.AUDIO, Keys(ec_pair)) as opened:
        assert opened.size == len(AUDIO)
        assert opened.read(200_000, 10) == AUDIO[200_000:200_010]


def test_finishing_tells_what_is_stored(ec_pair: KeyPair) -> None:
    store = MemoryStore()
    sealed = seal(RecordingObjects(store), ec_pair)
    folder = "3f/a2/3fa2c1d0000040008000000000000001/"
    assert sorted(store.objects) == [
        folder + leaf for leaf in ("audio.mp3", "envelope.1", "peaks", "sidecar.1")
    ]
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in store.objects.items()}
    assert sealed == SealedRecording(
        recording_id=ID,
        objects=(
            SealedObject(ObjectKind.AUDIO, len(AUDIO), digests[folder + "audio.mp3"]),
            SealedObject(ObjectKind.PEAKS, len(PEAKS), digests[folder + "peaks"]),
        ),
        certificates=(ec_pair.certificate.info,),
    )


def test_the_envelope_comes_first_and_the_sidecar_last(ec_pair: KeyPair) -> None:
    store = MemoryStore()
    seal(RecordingObjects(store), ec_pair)
    assert store.log == ["put envelope.1", "put audio.mp3", "put peaks", "put sidecar.1"]


def test_tink_opens_a_recording_with_the_key_of_its_envelope(ec_pair: KeyPair) -> None:
    store = MemoryStore()
    seal(RecordingObjects(store), ec_pair)
    key = open_key(store.objects[folder_of(ID) + "envelope.1"], Keys(ec_pair))
    sealed_audio = store.objects[folder_of(ID) + "audio.mp3"]
    bound_to = b"callvault/1/3fa2c1d0000040008000000000000001/audio"
    assert tink_oracle.decrypt(sealed_audio, key, bound_to) == AUDIO
    assert associated_data(ID, ObjectKind.AUDIO) == bound_to


def test_nothing_of_the_recording_stands_in_the_store_in_clear(
    ec_pair: KeyPair, tmp_path: Path
) -> None:
    audio, sidecar = b"this is what was said " * 10_000, b'{"remote":"+390212345678"}'
    sealer = RecordingObjects(LocalStore(tmp_path)).begin(ID, [ec_pair.certificate])
    with sealer.create(ObjectKind.AUDIO) as file:
        file.write(audio)
        written_so_far = b"".join(path.read_bytes() for path in tmp_path.rglob(".tmp-*"))
    sealer.finish(sidecar)
    on_disk = written_so_far + b"".join(
        path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()
    )
    assert len(written_so_far) > 100_000
    assert b"what was said" not in on_disk
    assert b"390212345678" not in on_disk


def test_without_the_private_key_the_missing_certificate_is_named(
    ec_pair: KeyPair, other_ec_pair: KeyPair
) -> None:
    objects = RecordingObjects(MemoryStore())
    seal(objects, ec_pair)
    with pytest.raises(KeyUnavailable) as caught:
        objects.open(ID, ObjectKind.AUDIO, Keys(other_ec_pair))
    assert caught.value.certificates == (ec_pair.certificate.info,)
    assert objects.certificates(ID) == (ec_pair.certificate.info,)


def test_a_recording_that_is_not_there_is_told(ec_pair: KeyPair) -> None:
    objects = RecordingObjects(MemoryStore())
    with pytest.raises(ObjectMissing, match="envelope"):
        objects.open(ID, ObjectKind.AUDIO, Keys(ec_pair))
    assert objects.stored(ID) is None


def test_an_object_that_was_never_sealed_is_told(ec_pair: KeyPair) -> None:
    objects = RecordingObjects(MemoryStore())
    seal(objects, ec_pair)
    with pytest.raises(ObjectMissing, match="/raw"):
        objects.open(ID, ObjectKind.RAW, Keys(ec_pair))


def swap(store: MemoryStore, one: str, two: str) -> None:
    store.objects[one], store.objects[two] = store.objects[two], store.objects[one]


def test_objects_swapped_between_two_recordings_do_not_open(ec_pair: KeyPair) -> None:
    store = MemoryStore()
    objects = RecordingObjects(store)
    seal(objects, ec_pair)
    seal(objects, ec_pair, recording_id=OTHER_ID, audio=b"another call")
    swap(store, folder_of(ID) + "audio.mp3", folder_of(OTHER_ID) + "audio.mp3")
    with pytest.raises(SealBroken, match=r"audio\.mp3"):
        read(objects, ec_pair)


def test_recordings_swapped_with_their_envelopes_do_not_open(ec_pair: KeyPair) -> None:
    store = MemoryStore()
    objects = RecordingObjects(store)
    seal(objects, ec_pair)
    seal(objects, ec_pair, recording_id=OTHER_ID, audio=b"another call")
    for leaf in ("audio.mp3", "envelope.1"):
        swap(store, folder_of(ID) + leaf, folder_of(OTHER_ID) + leaf)
    with pytest.raises(SealBroken):
        read(objects, ec_pair)


def test_an_object_does_not_open_in_the_place_of_another(ec_pair: KeyPair) -> None:
    store = MemoryStore()
    objects = RecordingObjects(store)
    seal(objects, ec_pair)
    swap(store, folder_of(ID) + "audio.mp3", folder_of(ID) + "peaks")
    with pytest.raises(SealBroken):
        read(objects, ec_pair)


def test_verifying_needs_no_key_and_finds_each_change(ec_pair: KeyPair) -> None:
    store = MemoryStore()
    objects = RecordingObjects(store)
    sealed = seal(objects, ec_pair)
    objects.verify(ID, sealed.objects)
    name = folder_of(ID) + "peaks"
    store.objects[name] = store.objects[name][:-1] + b"!"
    with pytest.raises(SealBroken, match=f"not what was sealed: {name}"):
        objects.verify(ID, sealed.objects)
    store.delete(name)
    with pytest.raises(ObjectMissing, match="peaks"):
        objects.verify(ID, sealed.objects)


def test_a_failed_attempt_is_not_a_recording_and_is_cleared_by_the_next(ec_pair: KeyPair) -> None:
    store = MemoryStore()
    objects = RecordingObjects(store)
    sealer = objects.begin(ID, [ec_pair.certificate])
    with sealer.create(ObjectKind.RAW) as file:
        file.write(b"of the first attempt")
    assert objects.stored(ID) is None
    sealed = seal(objects, ec_pair)
    assert [one.kind for one in sealed.objects] == [ObjectKind.AUDIO, ObjectKind.PEAKS]
    assert folder_of(ID) + "raw" not in store.objects


def test_sealing_again_leaves_a_complete_recording_as_it_is(ec_pair: KeyPair) -> None:
    store = MemoryStore()
    objects = RecordingObjects(store)
    first = seal(objects, ec_pair)
    before = dict(store.objects)
    store.log.clear()
    assert seal(objects, ec_pair, audio=b"made again, a little different") == first
    assert store.objects == before
    assert store.log == ["put sidecar.1"]  # the same: who wrote it may not have seen it durable


def test_two_workers_at_once_never_make_a_recording_that_does_not_open(ec_pair: KeyPair) -> None:
    objects = RecordingObjects(MemoryStore())
    first = objects.begin(ID, [ec_pair.certificate])
    with first.create(ObjectKind.AUDIO) as file:
        file.write(b"first")
    second = objects.begin(ID, [ec_pair.certificate])
    with second.create(ObjectKind.AUDIO) as file:
        file.write(b"second")
    with pytest.raises(SealBroken, match="not what was sealed"):
        first.finish(SIDECAR)
    second.finish(SIDECAR)
    assert read(objects, ec_pair) == b"second"


def test_two_workers_whose_envelopes_cross_are_stopped(ec_pair: KeyPair) -> None:
    objects = RecordingObjects(MemoryStore())
    first = objects.begin(ID, [ec_pair.certificate])
    objects.begin(ID, [ec_pair.certificate])
    with first.create(ObjectKind.AUDIO) as file:
        file.write(b"first, under a key whose envelope is gone")
    with pytest.raises(SealBroken, match=r"envelope\.1"):
        first.finish(SIDECAR)


def test_the_newest_envelope_counts(ec_pair: KeyPair, other_ec_pair: KeyPair) -> None:
    store = MemoryStore()
    objects = RecordingObjects(store)
    seal(objects, ec_pair)
    key = open_key(store.objects[folder_of(ID) + "envelope.1"], Keys(ec_pair))
    for version in (2, 10):
        sealed_key = seal_key(key, [other_ec_pair.certificate])
        store.objects[f"{folder_of(ID)}envelope.{version}"] = sealed_key
    store.objects[folder_of(ID) + "envelope.9"] = b"an older one"
    assert read(objects, other_ec_pair) == AUDIO


def test_deleting_begins_with_the_keys(ec_pair: KeyPair) -> None:
    store = MemoryStore()
    objects = RecordingObjects(store)
    seal(objects, ec_pair)
    store.log.clear()
    objects.delete(ID)
    assert store.objects == {}
    assert store.log[0] == "delete envelope.1"


def crash() -> BaseException:
    return Crash()


@pytest.mark.parametrize("error", [crash, disk_full])
def test_a_recording_cut_off_at_any_step_is_whole_or_can_be_made_again(
    error: Callable[[], BaseException], ec_pair: KeyPair, tmp_path: Path
) -> None:
    steps = FailingCalls()
    seal(RecordingObjects(LocalStore(tmp_path / "whole", calls=steps)), ec_pair)
    for fail_at in range(len(steps.made)):
        root = tmp_path / str(fail_at)
        calls = FailingCalls(fail_at=fail_at, error=error)
        with pytest.raises((Crash, VaultError)):
            seal(RecordingObjects(LocalStore(root, calls=calls)), ec_pair)
        objects = RecordingObjects(LocalStore(root))
        assert seal(objects, ec_pair) == objects.stored(ID)
        assert read(objects, ec_pair) == AUDIO


def test_a_changed_file_is_never_served(ec_pair: KeyPair, tmp_path: Path) -> None:
    objects = RecordingObjects(LocalStore(tmp_path))
    seal(objects, ec_pair, audio=os.urandom(200_000))
    path = tmp_path / folder_of(ID) / "audio.mp3"
    data = bytearray(path.read_bytes())
    data[70_000] ^= 1
    path.write_bytes(data)
    with (
        objects.open(ID, ObjectKind.AUDIO, Keys(ec_pair)) as opened,
        pytest.raises(SealBroken, match="segment 1 was changed"),
    ):
        opened.read(65_480, 1)
