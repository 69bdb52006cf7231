"""The sealed objects of recordings: their names, their order of writing, their reading.

    <aa>/<bb>/<recording id>/audio.mp3     the call
                             peaks raw metadata
                             envelope.1    the recording's data key, for each certificate
                             sidecar.1     the facts, for a rebuild of the catalogue; written last

All of a recording is sealed under one data key, and each object under a key derived from it and
from the associated data `callvault/1/<recording id>/<kind>`, so that none can take another's
place. The sidecar is the mark that a recording is complete.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from callvault.errors import ObjectMissing, SealBroken
from callvault.vault import envelope
from callvault.vault.certificates import Certificate, CertificateInfo
from callvault.vault.sealed import SealedReader, SealedWriter, plaintext_size
from callvault.vault.store import Store, Writable

READ_BYTES = 1_048_576
MAX_SMALL_BYTES = 16_777_216  # of an envelope or sidecar


class ObjectKind(StrEnum):
    """What an object of a recording holds."""

    AUDIO = "audio"  # two-channel MP3
    PEAKS = "peaks"  # for the waveform
    RAW = "raw"  # received payloads
    METADATA = "metadata"  # rs-metadata and signalling as received


_LEAVES = {
    ObjectKind.AUDIO: "audio.mp3",
    ObjectKind.PEAKS: "peaks",
    ObjectKind.RAW: "raw",
    ObjectKind.METADATA: "metadata",
}
ENVELOPE = "envelope."
_SIDECAR = "sidecar."


@dataclass(frozen=True, slots=True)
class SealedObject:
    """One sealed object of a recording."""

    kind: ObjectKind
    size_bytes: int  # of the plaintext
    sha256: str  # of the sealed object, hex
    plain_sha256: str = field(default="", compare=False)
    """Of the plaintext, hex; empty: not known, since it takes the key to compute it anew."""


class ObjectSealer(Protocol):
    """Takes the objects of one recording."""

    def create(self, kind: ObjectKind) -> AbstractContextManager[Writable]:
        """Seal one object: whole and durable when the block ends without an error."""


@dataclass(frozen=True, slots=True)
class SealedRecording:
    """A recording that is complete in the store."""

    recording_id: UUID
    objects: tuple[SealedObject, ...]  # ordered by kind
    certificates: tuple[CertificateInfo, ...]  # any of them opens it


def folder_of(recording_id: UUID) -> str:
    """Return the prefix of a recording's objects, with a slash at its end."""
    name = recording_id.hex
    return f"{name[:2]}/{name[2:4]}/{name}/"


def name_of(recording_id: UUID, kind: ObjectKind) -> str:
    """Return the name of one of a recording's objects."""
    return folder_of(recording_id) + _LEAVES[kind]


def recording_of(folder: str) -> UUID | None:
    """Return whose folder this is, without a slash at its end; None: no recording's."""
    leaf = folder.rpartition("/")[2]
    try:
        recording_id = UUID(hex=leaf)
    except ValueError:
        return None
    return recording_id if folder_of(recording_id) == f"{folder}/" else None


def associated_data(recording_id: UUID, kind: str) -> bytes:
    """Return what binds an object to its recording and place. `kind`: also "sidecar.1"."""
    return f"callvault/1/{recording_id.hex}/{kind}".encode()


class RecordingObjects:
    """Recordings in a store."""

    def __init__(self, store: Store) -> None:
        """Keep recordings in `store`."""
        self._store = store

    def begin(self, recording_id: UUID, certificates: Sequence[Certificate]) -> "RecordingSealer":
        """Start to seal a recording so that each of `certificates` opens it.

        What an attempt that failed left is removed first. A recording that is complete stays as
        it is: what is written now is dropped, and `finish` tells what is stored. So a worker that
        died after sealing can do it all again.
        """
        stored = self.stored(recording_id)
        if stored is None:
            self.delete(recording_id)
        return RecordingSealer(self, self._store, recording_id, certificates, stored=stored)

    def stored(self, recording_id: UUID) -> SealedRecording | None:
        """Return a complete recording as the store has it, digests computed anew; else None."""
        folder = folder_of(recording_id)
        leaves = {name.removeprefix(folder) for name in self._store.list(folder)}
        if newest(leaves, _SIDECAR) is None:
            return None
        objects = tuple(
            self._describe(recording_id, kind) for kind, leaf in _LEAVES.items() if leaf in leaves
        )
        sealed_key = read_whole(self._store, folder + self._newest_name(recording_id, ENVELOPE))
        return SealedRecording(recording_id, objects, envelope.recipients(sealed_key))

    def open(
        self, recording_id: UUID, kind: ObjectKind, keyring: envelope.PrivateKeys
    ) -> SealedReader:
        """Open an object for reading of any part.

        Raises ObjectMissing, KeyUnavailable (which certificate is missing) or SealBroken.
        """
        return self._open(recording_id, _LEAVES[ObjectKind(kind)], kind, keyring)

    def reseal(
        self,
        recording_id: UUID,
        kinds: Iterable[ObjectKind],
        keyring: envelope.PrivateKeys,
    ) -> "RecordingResealer":
        """Start to write some objects of a complete recording anew, under the key that it has.

        The other objects stay. Raises ObjectMissing or KeyUnavailable.
        """
        leaf = self._newest_name(recording_id, _SIDECAR)
        key = self._key(recording_id, keyring)
        newest = f"{_SIDECAR}{int(leaf.removeprefix(_SIDECAR)) + 1}"
        return RecordingResealer(self, self._store, recording_id, key, frozenset(kinds), newest)

    def read_sidecar(self, recording_id: UUID, keyring: envelope.PrivateKeys) -> bytes:
        """Return the newest sidecar. Raises as `open` does."""
        leaf = self._newest_name(recording_id, _SIDECAR)
        with self._open(recording_id, leaf, leaf, keyring) as reader:
            return reader.read(0, reader.size)

    def verify(self, recording_id: UUID, expected: Iterable[SealedObject]) -> None:
        """Check that each object in the store is the one that was sealed; no key is needed.

        Raises ObjectMissing or SealBroken for the first one that is not.
        """
        for one in expected:
            if self._describe(recording_id, one.kind) != one:
                name = name_of(recording_id, one.kind)
                raise SealBroken("the object is not what was sealed", object_id=name)

    def certificates(self, recording_id: UUID) -> tuple[CertificateInfo, ...]:
        """Return which certificates open a recording; no key is needed. Raises ObjectMissing."""
        leaf = self._newest_name(recording_id, ENVELOPE)
        return envelope.recipients(read_whole(self._store, folder_of(recording_id) + leaf))

    def delete(self, recording_id: UUID) -> None:
        """Delete all of a recording, its keys first, so that a copy of the rest tells nothing.

        Can be repeated after a failure.
        """
        names = list(self._store.list(folder_of(recording_id)))
        names.sort(key=lambda name: not name.rpartition("/")[2].startswith(ENVELOPE))
        for name in names:
            self._store.delete(name)

    def _describe(self, recording_id: UUID, kind: ObjectKind) -> SealedObject:
        """Read an object as it lies in the store and compute its digest."""
        stored = self._store.open(name_of(recording_id, kind))
        try:
            digest = hashlib.sha256()
            for offset in range(0, stored.size, READ_BYTES):
                digest.update(stored.read(offset, READ_BYTES))
            return SealedObject(kind, plaintext_size(stored.size), digest.hexdigest())
        finally:
            stored.close()

    def _open(
        self, recording_id: UUID, leaf: str, kind: str, keyring: envelope.PrivateKeys
    ) -> SealedReader:
        folder = folder_of(recording_id)
        key = self._key(recording_id, keyring)
        stored = self._store.open(folder + leaf)
        try:
            bound_to = associated_data(recording_id, kind)
            return SealedReader(stored, key, bound_to, object_id=folder + leaf)
        except BaseException:
            stored.close()
            raise

    def _key(self, recording_id: UUID, keyring: envelope.PrivateKeys) -> bytes:
        name = folder_of(recording_id) + self._newest_name(recording_id, ENVELOPE)
        return envelope.open_key(read_whole(self._store, name), keyring, object_id=name)

    def _newest_name(self, recording_id: UUID, stem: str) -> str:
        folder = folder_of(recording_id)
        leaf = newest((name.removeprefix(folder) for name in self._store.list(folder)), stem)
        if leaf is None:
            raise ObjectMissing(f"no object {folder}{stem}1")
        return leaf


class RecordingSealer:
    """Writes one recording; made by `RecordingObjects.begin`."""

    def __init__(
        self,
        objects: RecordingObjects,
        store: Store,
        recording_id: UUID,
        certificates: Sequence[Certificate],
        *,
        stored: SealedRecording | None,
    ) -> None:
        """Draw a data key and write its envelope, unless the recording is `stored` already."""
        self._objects = objects
        self._store = store
        self._recording_id = recording_id
        self._certificates = tuple(one.info for one in certificates)
        self._stored = stored
        self._sealed: dict[ObjectKind, SealedObject] = {}
        self._key = os.urandom(envelope.KEY_BYTES)
        self._envelope = envelope.seal_key(self._key, certificates)
        if stored is None:
            # First: a body whose key is nowhere would be lost; an envelope without body is not.
            self._put("envelope.1", self._envelope)

    @contextmanager
    def create(self, kind: ObjectKind) -> Iterator[Writable]:
        """Seal one object: whole and durable when the block ends without an error."""
        if self._stored is not None:
            yield _Dropped()
            return
        with self._sealed_object(_LEAVES[ObjectKind(kind)], kind) as writer:
            yield writer
        seal = writer.close()
        self._sealed[kind] = SealedObject(
            ObjectKind(kind), seal.size_bytes, seal.sha256, seal.plain_sha256
        )

    def finish(self, sidecar: bytes) -> SealedRecording:
        """Read back what was sealed, then write the sidecar: the recording is complete.

        Raises SealBroken if the store holds something else, for instance because two workers
        sealed the same recording; beginning again then is right.
        """
        if self._stored is not None:
            # Whoever wrote it may have died before the last name was durable: write it again.
            self._put("sidecar.1", self._read("sidecar.1"))
            return self._stored
        objects = tuple(self._sealed[kind] for kind in ObjectKind if kind in self._sealed)
        if self._read("envelope.1") != self._envelope:
            name = self._name("envelope.1")
            raise SealBroken("the object is not what was sealed", object_id=name)
        self._objects.verify(self._recording_id, objects)
        with self._sealed_object("sidecar.1", "sidecar.1") as writer:
            writer.write(sidecar)
        return SealedRecording(self._recording_id, objects, self._certificates)

    def _put(self, leaf: str, data: bytes) -> None:
        with self._store.create(self._name(leaf)) as file:
            file.write(data)

    def _read(self, leaf: str) -> bytes:
        return read_whole(self._store, self._name(leaf))

    @contextmanager
    def _sealed_object(self, leaf: str, kind: str) -> Iterator[SealedWriter]:
        bound_to = associated_data(self._recording_id, kind)
        with (
            self._store.create(self._name(leaf)) as file,
            SealedWriter(file, self._key, bound_to) as writer,
        ):
            yield writer

    def _name(self, leaf: str) -> str:
        return folder_of(self._recording_id) + leaf


class RecordingResealer:
    """Replaces objects of a recording; made by `RecordingObjects.reseal`.

    Each object takes the place of the old one when it is whole and durable; the new sidecar comes
    last. Every sealed object draws its own salt, so that none shares a key stream with the old one.
    """

    def __init__(
        self,
        objects: RecordingObjects,
        store: Store,
        recording_id: UUID,
        key: bytes,
        kinds: frozenset[ObjectKind],
        sidecar: str,
    ) -> None:
        """`kinds`: what is written; all else is dropped. `sidecar`: the leaf of the new one."""
        self._objects = objects
        self._store = store
        self._recording_id = recording_id
        self._key = key
        self._kinds = kinds
        self._sidecar = sidecar
        self._plain: dict[ObjectKind, str] = {}

    @contextmanager
    def create(self, kind: ObjectKind) -> Iterator[Writable]:
        """Seal one object anew: it replaces the old one when the block ends without an error."""
        if kind not in self._kinds:
            yield _Dropped()
            return
        with self._sealed_object(_LEAVES[ObjectKind(kind)], kind) as writer:
            yield writer
        self._plain[kind] = writer.close().plain_sha256

    def finish(self, sidecar: bytes) -> SealedRecording:
        """Write the new sidecar; return the recording as it is stored now."""
        with self._sealed_object(self._sidecar, self._sidecar) as writer:
            writer.write(sidecar)
        stored = self._objects.stored(self._recording_id)
        if stored is None:
            raise ObjectMissing(f"no object {folder_of(self._recording_id)}{self._sidecar}")
        objects = tuple(
            replace(one, plain_sha256=self._plain.get(one.kind, "")) for one in stored.objects
        )
        return replace(stored, objects=objects)

    @contextmanager
    def _sealed_object(self, leaf: str, kind: str) -> Iterator[SealedWriter]:
        bound_to = associated_data(self._recording_id, kind)
        with (
            self._store.create(folder_of(self._recording_id) + leaf) as file,
            SealedWriter(file, self._key, bound_to) as writer,
        ):
            yield writer


class _Dropped:
    """Takes what is written for a recording that is complete already."""

    def write(self, data: bytes, /) -> int:
        """Drop `data`."""
        return len(data)


def read_whole(store: Store, name: str) -> bytes:
    """Return all of a small object. Raises SealBroken if it is none that we wrote."""
    stored = store.open(name)
    try:
        if stored.size > MAX_SMALL_BYTES:
            raise SealBroken(f"{stored.size} bytes are too many", object_id=name)
        return stored.read(0, stored.size)
    finally:
        stored.close()


def newest(leaves: Iterable[str], stem: str) -> str | None:
    """Return the leaf `stem` + the highest number, if there is one."""
    numbers = [
        int(number)
        for leaf in leaves
        if leaf.startswith(stem) and (number := leaf.removeprefix(stem)).isdecimal()
    ]
    return f"{stem}{max(numbers)}" if numbers else None
