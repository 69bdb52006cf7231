"""Notices that a key folder changed, so that certificates come into use without a restart."""

import logging
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import overload

from callvault.errors import VaultError
from callvault.vault.certificates import Certificate
from callvault.vault.keyring import Keyring, Role
from callvault.vault.protection import places_to_watch

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0

Stamp = tuple[tuple[str, int], ...]


def stamp_of(folder: Path) -> Stamp:
    """Return what tells one state of a key folder from another, without reading a key.

    Passphrases belong to it: keys that were locked open when theirs comes, such as with a mount.
    """
    files = []
    for path in (*sorted(folder.glob("*/*")), *places_to_watch(folder)):
        try:
            files.append((str(path), path.stat().st_mtime_ns))
        except OSError:  # a half-written file that has its name by now, or none
            continue
    return tuple(files)


class KeyWatch:
    """Keeps the keyring of a folder; a folder that cannot be read leaves the one before in use."""

    def __init__(self, folder: Path) -> None:
        """Read the folder. Raises VaultError."""
        self._folder = folder
        self._stamp = stamp_of(folder)
        self._refused: Stamp | None = None  # told of already
        self.keyring = Keyring.load(folder)

    def look(self) -> bool:
        """Read the folder anew if it changed. True: the keyring is another one."""
        stamp = stamp_of(self._folder)
        if stamp == self._stamp:
            return False
        try:
            keyring = Keyring.load(self._folder)
            for role in Role:
                if self.keyring.has_current(role):
                    keyring.current(role)  # what was sealed to somebody must not be to nobody
        except (VaultError, OSError) as error:
            if stamp != self._refused:
                logger.error("the key folder cannot be used now, the keys stay: %s", error)
            self._refused = stamp
            return False
        self._stamp, self.keyring = stamp, keyring
        logger.info("certificates and keys were read anew")
        return True

    def run(self, stop: threading.Event, changed: threading.Event | None = None) -> None:
        """Look until told to stop; `changed` is set whenever the keyring is another one."""
        while not stop.wait(LOOK_EVERY_S):
            if self.look() and changed is not None:
                changed.set()


class CertificatesInUse(Sequence[Certificate]):
    """What is sealed to now, of one role; as long as the folder names none, what was before."""

    def __init__(self, watch: KeyWatch, role: Role) -> None:
        """Take those in use. Raises VaultError where there are none."""
        self._watch = watch
        self._role = role
        self._keyring = watch.keyring
        self._certificates = watch.keyring.current(role)

    def _now(self) -> tuple[Certificate, ...]:
        if self._watch.keyring is not self._keyring:
            self._keyring = self._watch.keyring
            try:
                self._certificates = self._keyring.current(self._role)
            except VaultError as error:
                logger.error(
                    "no %s certificate is in use, the last one stays: %s", self._role, error
                )
        return self._certificates

    @overload
    def __getitem__(self, index: int) -> Certificate: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Certificate]: ...

    def __getitem__(self, index: int | slice) -> Certificate | Sequence[Certificate]:
        return self._now()[index]

    def __len__(self) -> int:
        return len(self._now())

    def __iter__(self) -> Iterator[Certificate]:
        return iter(self._now())
