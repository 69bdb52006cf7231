"""The port to a place that keeps sealed objects: a local folder or an SMB share; S3 follows.

A store keeps bytes under names and knows nothing of recordings or keys. All that reaches it is
sealed already. tests/conformance/test_store.py is the contract that each back end passes.
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from callvault.errors import VaultError

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}(/[a-z0-9][a-z0-9._-]{0,99}){0,7}")


class Writable(Protocol):
    """Where bytes go, in order."""

    def write(self, data: bytes, /) -> int:
        """Take all of `data`; return its length."""


class StoredObject(Protocol):
    """An object open for reading; not for use by two threads at once."""

    @property
    def size(self) -> int:
        """Length in bytes; does not change while the object is open."""

    def read(self, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset`, fewer only at the end of the object."""

    def close(self) -> None:
        """Release what the object holds; may be repeated."""


class Store(Protocol):
    """Objects under names such as "3f/a2/3fa2…/audio.mp3".

    What fails for a reason that may pass (disk full, share away) raises VaultError with
    `permanent` False, naming object and reason.
    """

    def create(self, name: str) -> AbstractContextManager[Writable]:
        """Write an object: whole, durable and visible when the block ends without an error.

        After an error, or a crash at any moment, nothing is visible under the name, or what was
        there before. An object that exists is replaced at once, never mixed; while it is open a
        share may refuse that by an error that passes.
        """

    def open(self, name: str) -> StoredObject:
        """Open an object. Raises ObjectMissing."""

    def size(self, name: str) -> int:
        """Return an object's length in bytes. Raises ObjectMissing."""

    def delete(self, name: str) -> None:
        """Delete an object, durably. One that is not there is no error: deletions are repeated."""

    def list(self, prefix: str = "") -> Iterator[str]:
        """Return the names below `prefix`, a path that ends with a slash; in no special order."""

    def probe(self) -> None:
        """Write, read and delete a small object. Raises VaultError saying what failed."""

    def free_bytes(self) -> int | None:
        """Return how much more fits; None if the store has no limit that it can tell."""

    def remove_unfinished(self, *, older_than_s: float) -> int:
        """Remove what crashes left of objects never finished; return how many there were."""


def probe_by_use(store: Store, place: object) -> None:
    """Write, read and delete a small object: a `Store.probe` for where nothing less would tell."""
    name = f"probe/{secrets.token_hex(8)}"
    with store.create(name) as pending:
        pending.write(name.encode())
    stored = store.open(name)
    try:
        read = stored.read(0, stored.size)
    finally:
        stored.close()
        store.delete(name)
    if read != name.encode():
        raise VaultError(f"{place} returned other bytes than were written")


def check_name(name: str) -> str:
    """Return `name` if a store may use it. Raises ValueError: names come from code, not people.

    Up to eight parts of lower-case letters, digits, dot, hyphen and underscore; none starts with
    a dot, so that no name leaves its folder and none meets a back end's own files.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"object name {name!r}, allowed: a-z 0-9 . _ - in at most 8 parts")
    return name


def check_prefix(prefix: str) -> str:
    """Return `prefix` if it is empty, or a path as `check_name` allows with a slash behind."""
    if prefix and not prefix.endswith("/"):
        raise ValueError(f"prefix {prefix!r}, allowed: empty, or ending with a slash")
    if prefix:
        check_name(prefix[:-1])
    return prefix
