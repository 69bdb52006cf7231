"""Recordings are given to other certificates: their keys are sealed anew, their bodies stay."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from callvault.errors import KeyUnavailable, ObjectMissing, SealBroken
from callvault.vault import RecordingObjects, Writable, rewrap
from callvault.vault.objects import folder_of
from tests.vault.fakes import Crash, KeyPair, Keys, MemoryStore
from tests.vault.test_objects import AUDIO, ID, read, seal


def sealed(pair: KeyPair) -> MemoryStore:
    store = MemoryStore()
    seal(RecordingObjects(store), pair)
    store.log.clear()
    return store


def test_the_new_certificates_open_it_and_the_old_one_does_not(
    ec_pair: KeyPair, other_ec_pair: KeyPair, rsa_pair: KeyPair
) -> None:
    store = sealed(ec_pair)
    audio = store.objects[folder_of(ID) + "audio.mp3"]
    new = (other_ec_pair.certificate, rsa_pair.certificate)
    assert rewrap(store, ID, Keys(ec_pair), new) == tuple(one.info for one in new)
    objects = RecordingObjects(store)
    assert read(objects, other_ec_pair) == read(objects, rsa_pair) == AUDIO
    with pytest.raises(KeyUnavailable):
        read(objects, ec_pair)
    assert store.objects[folder_of(ID) + "audio.mp3"] is audio
    assert store.log == ["put envelope.2", "delete envelope.1"]


def test_what_is_sealed_so_already_is_left(ec_pair: KeyPair) -> None:
    store = sealed(ec_pair)
    rewrap(store, ID, Keys(), [ec_pair.certificate])  # no key is needed
    assert store.log == []


class StopsAt(MemoryStore):
    """A store that crashes before a change it was told of."""

    def __init__(self, objects: dict[str, bytes], step: int) -> None:
        super().__init__()
        self.objects = objects
        self._left = step

    def _step(self) -> None:
        if self._left == 0:
            raise Crash
        self._left -= 1

    @contextmanager
    def create(self, name: str) -> Iterator[Writable]:
        self._step()
        with super().create(name) as file:
            yield file

    def delete(self, name: str) -> None:
        self._step()
        super().delete(name)


@pytest.mark.parametrize("step", [0, 1])
def test_a_crash_at_any_step_leaves_it_open_to_somebody_and_is_repeated(
    step: int, ec_pair: KeyPair, other_ec_pair: KeyPair
) -> None:
    store = sealed(ec_pair)
    new = [other_ec_pair.certificate]
    with pytest.raises(Crash):
        rewrap(StopsAt(store.objects, step), ID, Keys(ec_pair), new)
    assert read(RecordingObjects(store), other_ec_pair if step else ec_pair) == AUDIO
    rewrap(store, ID, Keys(ec_pair, other_ec_pair), new)
    left = {name.rpartition("/")[2] for name in store.objects}
    assert left == {"audio.mp3", "peaks", "sidecar.1", "envelope.2"}


def test_without_a_key_nothing_changes_and_the_certificate_is_named(
    ec_pair: KeyPair, other_ec_pair: KeyPair
) -> None:
    store = sealed(ec_pair)
    with pytest.raises(KeyUnavailable) as locked:
        rewrap(store, ID, Keys(other_ec_pair), [other_ec_pair.certificate])
    assert locked.value.certificates == (ec_pair.certificate.info,)
    assert store.log == []


def test_a_store_that_keeps_something_else_is_found_out(
    ec_pair: KeyPair, other_ec_pair: KeyPair
) -> None:
    class Lies(MemoryStore):
        @contextmanager
        def create(self, name: str) -> Iterator[Writable]:
            with super().create(name) as file:
                yield file
            self.objects[name] = b"cut"

    store = Lies()
    store.objects = sealed(ec_pair).objects
    with pytest.raises(SealBroken, match="what was written"):
        rewrap(store, ID, Keys(ec_pair), [other_ec_pair.certificate])
    assert folder_of(ID) + "envelope.1" in store.objects


def test_a_recording_that_is_gone_is_missing(ec_pair: KeyPair) -> None:
    with pytest.raises(ObjectMissing):
        rewrap(MemoryStore(), ID, Keys(ec_pair), [ec_pair.certificate])
