"""Copies all objects of a recording from one store to another, and proves that they arrived."""

import hashlib
from collections.abc import Mapping
from uuid import UUID

from callvault.errors import ObjectMissing, SealBroken, VaultError
from callvault.vault import Store
from callvault.vault.objects import folder_of

PIECE_BYTES = 1 << 20


def copy_recording(
    source: Store, target: Store, recording_id: UUID, *, listed: Mapping[str, str]
) -> None:
    """Copy a recording whole; can be repeated over what an attempt left.

    Each object is read back from `target` and compared by its SHA-256 with what was read, and
    with `listed`, the digests of the catalogue by name. Raises ObjectMissing or SealBroken if the
    recording is not whole where it lies.
    """
    folder = folder_of(recording_id)
    names = sorted(source.list(folder), key=_sidecar_last)
    if missing := sorted(set(listed) - set(names)):
        raise ObjectMissing(f"no object {missing[0]}")
    if not names:
        raise ObjectMissing(f"no object {folder}")
    for name in names:
        digest = _copy(source, target, name)
        if listed.get(name, digest) != digest:
            raise SealBroken("the object is not what was sealed", object_id=name)
        if _digest(target, name) != digest:
            raise VaultError(f"{name} did not arrive as it was sent")
    for name in set(target.list(folder)) - set(names):
        target.delete(name)


def _sidecar_last(name: str) -> tuple[bool, str]:
    """Sort the mark that a recording is complete behind all else."""
    return name.rpartition("/")[2].startswith("sidecar."), name


def _copy(source: Store, target: Store, name: str) -> str:
    digest = hashlib.sha256()
    stored = source.open(name)
    try:
        with target.create(name) as copy:
            for offset in range(0, stored.size, PIECE_BYTES):
                piece = stored.read(offset, PIECE_BYTES)
                digest.update(piece)
                copy.write(piece)
    finally:
        stored.close()
    return digest.hexdigest()


def _digest(store: Store, name: str) -> str:
    digest = hashlib.sha256()
    stored = store.open(name)
    try:
        for offset in range(0, stored.size, PIECE_BYTES):
            digest.update(stored.read(offset, PIECE_BYTES))
    finally:
        stored.close()
    return digest.hexdigest()
