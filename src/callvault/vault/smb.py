"""Sealed objects on a network share: write, flush, rename over the old one.

An object in the making is a file `.tmp-…` beside its place, as in a `LocalStore`; the rename is
the commit. What the share holds is sealed, and the way to it is encrypted as well.
"""

import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import smbclient
from smbprotocol.open import FilePipePrinterAccessMask as Access

from callvault import clock
from callvault.errors import ObjectMissing, VaultError
from callvault.vault.smb_session import ShareDenied, ShareInUse, SmbSession
from callvault.vault.store import Writable, check_name, check_prefix, probe_by_use

_TEMPORARY = ".tmp-"
_SHARED = "rwd"  # others may read, replace and delete what we have open
_WRITE_BYTES = 1 << 20
_FOR_DELETION: dict[str, Any] = {
    "mode": "rb",
    "buffering": 0,
    "share_access": _SHARED,
    "desired_access": Access.DELETE | Access.FILE_READ_ATTRIBUTES,
}


class SmbStore:
    """A `Store` in a folder of a share."""

    def __init__(self, session: SmbSession) -> None:
        """Use the session's folder; it is made with the first object."""
        self._session = session

    @contextmanager
    def create(self, name: str) -> Iterator[Writable]:
        """See `Store.create`. An object that somebody reads cannot be replaced: ShareInUse."""
        check_name(name)
        folder = name.rpartition("/")[0]
        temporary = self._path(_joined(folder, _TEMPORARY + secrets.token_hex(8)))
        pending = _PendingFile(self._session, name, self._create_file(name, temporary))
        try:
            yield pending
            pending.finish()
            self._commit(temporary, name)
        except BaseException:
            with suppress(VaultError):
                pending.abandon()
            with suppress(VaultError):  # else remove_unfinished finds it
                self._session.call(smbclient.remove, temporary, doing=f"discard {name}")
            raise

    def _commit(self, temporary: str, name: str) -> None:
        """Give the finished file its name.

        After a break nobody knows whether that was done. If it was, the repeated call finds no
        file to rename: an error that may pass, and whoever puts the object does so again.
        """
        try:
            self._session.call(smbclient.replace, temporary, self._path(name), doing=f"name {name}")
        except ObjectMissing as error:
            raise VaultError(f"{error}: the finished file went away") from error
        except ShareDenied as error:
            if self._may_be_replaced(name):
                raise ShareInUse(f"cannot name {name}: the object there is in use") from error
            raise

    def _may_be_replaced(self, name: str) -> bool:
        """Whether an object is there, and this user has the right to remove it.

        A server says "access denied" both to who may not and of a file that somebody has open:
        to open it for deletion, which deletes nothing, tells them apart.
        """
        try:
            opened = self._named(name, smbclient.open_file, "replace", **_FOR_DELETION)
        except ShareInUse:
            return True
        except (ObjectMissing, ShareDenied):
            return False
        with suppress(VaultError):
            _close(self._session, opened, name)
        return True

    def open(self, name: str) -> "SmbObject":
        """See `Store.open`."""
        check_name(name)
        file = self._named(name, smbclient.open_file, "open", **_raw("rb"))
        return SmbObject(self._session, name, file)

    def size(self, name: str) -> int:
        """See `Store.size`."""
        check_name(name)
        status = self._named(name, smbclient.stat, "look at")
        if not stat.S_ISREG(status.st_mode):
            raise ObjectMissing(f"no object {name}")
        return int(status.st_size)

    def delete(self, name: str) -> None:
        """See `Store.delete`."""
        check_name(name)
        try:
            self._named(name, smbclient.remove, "delete")
        except ObjectMissing:
            return
        folder = name.rpartition("/")[0]
        if folder and not self._entries(folder):
            # Another object may come between: then the share refuses, rightly.
            with suppress(VaultError):
                self._session.call(smbclient.rmdir, self._path(folder), doing="remove a folder")

    def list(self, prefix: str = "") -> Iterator[str]:
        """See `Store.list`."""
        for name, _ in self._walk(check_prefix(prefix).rstrip("/")):
            if not name.rpartition("/")[2].startswith("."):
                yield name

    def probe(self) -> None:
        """See `Store.probe`."""
        probe_by_use(self, self._session.address)

    def free_bytes(self) -> int:
        """See `Store.free_bytes`: what this user may still write."""
        address = self._session.address
        root = f"\\\\{address.server}\\{address.share}"  # the folder may not be there yet
        volume = self._session.call(smbclient.stat_volume, root, doing="ask for the free space")
        return int(volume.caller_available_size)

    def remove_unfinished(self, *, older_than_s: float) -> int:
        """See `Store.remove_unfinished`; ages are by the server's clock, so leave a margin."""
        oldest_s = clock.read().realtime_ns / 1e9 - older_than_s
        removed = 0
        for name, modified_s in self._walk(""):
            if name.rpartition("/")[2].startswith(_TEMPORARY) and modified_s < oldest_s:
                with suppress(ObjectMissing):
                    self._session.call(smbclient.remove, self._path(name), doing=f"remove {name}")
                    removed += 1
        return removed

    def _path(self, name: str) -> str:
        return self._session.address.path(*name.split("/")) if name else str(self._session.address)

    def _named(self, name: str, action: Any, verb: str, **options: Any) -> Any:
        """Call `action` with an object's path; one that lacks is named as every store does."""
        try:
            return self._session.call(action, self._path(name), doing=f"{verb} {name}", **options)
        except ObjectMissing as error:
            raise ObjectMissing(f"no object {name}") from error

    def _create_file(self, name: str, temporary: str) -> Any:
        """Open a new file; its folders are made when they lack, which is seldom."""
        doing = f"create {name}"
        try:
            return self._session.call(smbclient.open_file, temporary, doing=doing, **_raw("xb"))
        except ObjectMissing:
            folder = temporary.rpartition("\\")[0]
            self._session.call(smbclient.makedirs, folder, doing=doing, exist_ok=True)
        try:
            return self._session.call(smbclient.open_file, temporary, doing=doing, **_raw("xb"))
        except ObjectMissing as error:  # another has removed the empty folder in between
            raise VaultError(f"{error}: its folder went away") from error

    def _walk(self, folder: str) -> Iterator[tuple[str, float]]:
        """Yield each file below `folder`, with the time of its last change."""
        for leaf, is_folder, modified_s in self._entries(folder):
            inner = _joined(folder, leaf)
            if is_folder:
                yield from self._walk(inner)
            else:
                yield inner, modified_s

    def _entries(self, folder: str) -> Sequence[tuple[str, bool, float]]:
        """Return what a folder holds; links are no objects. One that is not there holds nothing."""
        try:
            return self._session.call(
                _scan, self._path(folder), doing=f"list {folder or 'objects'}"
            )
        except ObjectMissing:
            return []


class SmbObject:
    """An open file of a share."""

    def __init__(self, session: SmbSession, name: str, file: Any) -> None:
        """Take over `file`, which is closed by `close`."""
        self._session = session
        self._name = name
        self._file = file
        self.size = int(file.fd.end_of_file)

    def read(self, offset: int, length: int) -> bytes:
        """See `StoredObject.read`."""
        return self._session.on_open(self._read, offset, length, doing=f"read {self._name}")

    def _read(self, offset: int, length: int) -> bytes:
        wanted = max(0, min(length, self.size - offset))
        pieces = []
        if wanted:
            self._file.seek(offset)
        while wanted:
            piece = self._file.read(wanted)
            if not piece:  # cut while it was open
                break
            pieces.append(piece)
            wanted -= len(piece)
        return b"".join(pieces)

    def close(self) -> None:
        """See `StoredObject.close`."""
        file, self._file = self._file, None
        if file is not None:
            with suppress(VaultError):  # the share went away, and the handle with it
                _close(self._session, file, self._name)


class _PendingFile:
    """A file being written, not yet visible."""

    def __init__(self, session: SmbSession, name: str, file: Any) -> None:
        self._session = session
        self._name = name
        self._file = file

    def write(self, data: bytes, /) -> int:
        """Write all of `data`."""
        view = memoryview(data)
        while view:
            piece = bytes(view[:_WRITE_BYTES])
            written = self._session.on_open(self._file.write, piece, doing=f"write {self._name}")
            view = view[written:]
        return len(data)

    def finish(self) -> None:
        """Make the content durable and close."""
        self._session.on_open(self._file.fd.flush, doing=f"flush {self._name}")
        self.abandon()

    def abandon(self) -> None:
        """Close; may be repeated."""
        file, self._file = self._file, None
        if file is not None:
            _close(self._session, file, self._name)


def _close(session: SmbSession, file: Any, name: str) -> None:
    try:
        session.on_open(file.close, doing=f"close {name}")
    except VaultError:
        file.fd._connected = False  # the handle died with its connection: nothing is left open
        raise


def _raw(mode: str) -> dict[str, Any]:
    return {"mode": mode, "buffering": 0, "share_access": _SHARED}


def _scan(path: str, **options: Any) -> Sequence[tuple[str, bool, float]]:
    return [
        (entry.name, entry.is_dir(), entry.smb_info.last_write_time.timestamp())
        for entry in smbclient.scandir(path, **options)
        if not entry.is_symlink()
    ]


def _joined(folder: str, leaf: str) -> str:
    return f"{folder}/{leaf}" if folder else leaf
