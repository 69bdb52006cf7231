"""Sealed objects in a folder of a local disk: write, fsync, rename, fsync the folder.

An object in the making is a file `.tmp-…` beside its place, sealed like everything here. Folders
are opened one by one without following symbolic links, so that a link laid into the vault leads
nowhere; only the root itself may be one.
"""

import errno
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from callvault import clock
from callvault.errors import ObjectMissing, VaultError
from callvault.vault.store import Writable, check_name, check_prefix, probe_by_use

_TEMPORARY = ".tmp-"
_NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class FileCalls:
    """The calls that change the disk, in one place, so that tests can fail each of them."""

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        """Write some of `data`; return how much."""
        return os.write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        """Make a file or folder durable."""
        os.fsync(descriptor)

    def rename(self, source: str, target: str, *, folder: int) -> None:
        """Give a file its name; replaces."""
        os.rename(source, target, src_dir_fd=folder, dst_dir_fd=folder)

    def unlink(self, name: str, *, folder: int) -> None:
        """Remove a file."""
        os.unlink(name, dir_fd=folder)


class LocalStore:
    """A `Store` in a folder."""

    def __init__(self, root: Path, *, calls: FileCalls | None = None) -> None:
        """Use `root`, made if it is missing (mode 0700)."""
        self._root = root
        self._calls = calls or FileCalls()
        with _reported("make folder", str(root)):
            root.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def create(self, name: str) -> Iterator[Writable]:
        """See `Store.create`."""
        check_name(name)
        with self._parent(name, create=True) as (folder, leaf):
            temporary = _TEMPORARY + secrets.token_hex(8)
            with _reported("create", name):
                pending = _PendingFile(self._calls, name, _create_file(temporary, folder))
            try:
                yield pending
                pending.finish()
                with _reported("name", name):
                    self._calls.rename(temporary, leaf, folder=folder)
            except BaseException:
                self._discard(pending, temporary, folder)
                raise
            with _reported("sync the folder of", name):
                self._calls.sync(folder)

    def open(self, name: str) -> "LocalObject":
        """See `Store.open`."""
        check_name(name)
        with self._parent(name) as (folder, leaf), _reported("open", name, may_lack=True):
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
            return LocalObject(name, os.open(leaf, flags, dir_fd=folder))

    def size(self, name: str) -> int:
        """See `Store.size`."""
        stored = self.open(name)
        try:
            return stored.size
        finally:
            stored.close()

    def delete(self, name: str) -> None:
        """See `Store.delete`."""
        check_name(name)
        try:
            with self._parent(name) as (folder, leaf), _reported("delete", name, may_lack=True):
                self._calls.unlink(leaf, folder=folder)
                self._calls.sync(folder)
        except ObjectMissing:
            return
        self._remove_if_empty(name.rpartition("/")[0])

    def list(self, prefix: str = "") -> Iterator[str]:
        """See `Store.list`."""
        for path, leaf, _ in self._walk(check_prefix(prefix)):
            if not leaf.startswith("."):
                yield path + leaf

    def probe(self) -> None:
        """See `Store.probe`."""
        probe_by_use(self, self._root)

    def free_bytes(self) -> int:
        """See `Store.free_bytes`: what an unprivileged program may still write."""
        with _reported("ask for the free space of", str(self._root)):
            status = os.statvfs(self._root)
        return status.f_bavail * status.f_frsize

    def remove_unfinished(self, *, older_than_s: float) -> int:
        """See `Store.remove_unfinished`."""
        oldest_ns = clock.read().realtime_ns - int(older_than_s * 1e9)
        removed = 0
        for path, leaf, folder in self._walk(""):
            if not leaf.startswith(_TEMPORARY):
                continue
            with _reported("remove", path + leaf):
                if os.stat(leaf, dir_fd=folder, follow_symlinks=False).st_mtime_ns < oldest_ns:
                    self._calls.unlink(leaf, folder=folder)
                    removed += 1
        return removed

    @contextmanager
    def _parent(self, name: str, *, create: bool = False) -> Iterator[tuple[int, str]]:
        """Open the folder of `name`; yield its descriptor and the last part of the name."""
        *folders, leaf = name.split("/")
        with _reported("open the store's folder", str(self._root)):
            root = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        with _reported("open the folder of", name, may_lack=not create):
            descriptor = self._open_folders(root, folders, create=create)
        try:
            yield descriptor, leaf
        finally:
            os.close(descriptor)

    def _open_folders(self, descriptor: int, folders: Sequence[str], *, create: bool) -> int:
        """Go down from the open folder `descriptor`, which is closed; return the last one."""
        for folder in folders:
            try:
                if create:
                    self._make_folder(folder, descriptor)
                inner = os.open(folder, _FOLDER_FLAGS, dir_fd=descriptor)
            finally:
                os.close(descriptor)
            descriptor = inner
        return descriptor

    def _make_folder(self, name: str, parent: int) -> None:
        try:
            os.mkdir(name, 0o700, dir_fd=parent)
        except FileExistsError:
            return
        self._calls.sync(parent)

    def _remove_if_empty(self, path: str) -> None:
        """Remove an object's folder after its last object; others' folders stay."""
        with suppress(ObjectMissing), self._parent(path) as (parent, leaf):
            try:
                os.rmdir(leaf, dir_fd=parent)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT):
                    raise VaultError(f"cannot remove folder {path}: {error.strerror}") from error

    def _walk(self, prefix: str) -> Iterator[tuple[str, str, int]]:
        """Yield each file below `prefix`: its path with slash, its name, its open folder."""
        try:
            with self._parent(prefix + ".") as (folder, _):
                yield from _walk_folder(prefix, folder)
        except ObjectMissing:
            return

    def _discard(self, pending: "_PendingFile", temporary: str, folder: int) -> None:
        """Drop an unfinished object; what cannot be dropped now is found by remove_unfinished."""
        with suppress(OSError):
            pending.abandon()
        with suppress(OSError):
            self._calls.unlink(temporary, folder=folder)


class LocalObject:
    """An open file of a LocalStore."""

    def __init__(self, name: str, descriptor: int) -> None:
        """Take over `descriptor`, which is closed by `close`."""
        self._name = name
        self._descriptor = descriptor
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            self.close()
            raise ObjectMissing(f"no object {name}")
        self.size = status.st_size

    def read(self, offset: int, length: int) -> bytes:
        """See `StoredObject.read`."""
        with _reported("read", self._name):
            data = os.pread(self._descriptor, length, offset)
            while len(data) < min(length, self.size - offset):
                more = os.pread(self._descriptor, length - len(data), offset + len(data))
                if not more:  # cut while it was open
                    break
                data += more
        return data

    def close(self) -> None:
        """See `StoredObject.close`."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class _PendingFile:
    """A file being written, not yet visible."""

    def __init__(self, calls: FileCalls, name: str, descriptor: int) -> None:
        self._calls = calls
        self._name = name
        self._descriptor = descriptor

    def write(self, data: bytes, /) -> int:
        """Write all of `data`."""
        with _reported("write", self._name):
            view = memoryview(data)
            while view:
                view = view[self._calls.write(self._descriptor, view) :]
        return len(data)

    def finish(self) -> None:
        """Make the content durable and close."""
        with _reported("sync", self._name):
            self._calls.sync(self._descriptor)
            self.abandon()

    def abandon(self) -> None:
        """Close without syncing; may be repeated."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            os.close(descriptor)


def _create_file(name: str, folder: int) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.open(name, flags, 0o600, dir_fd=folder)


def _walk_folder(path: str, folder: int) -> Iterator[tuple[str, str, int]]:
    """See `LocalStore._walk`. Links and other special files are no objects: left out."""
    with _reported("list", path), os.scandir(folder) as scanned:
        entries = list(scanned)
    for entry in entries:
        if entry.is_file(follow_symlinks=False):
            yield path, entry.name, folder
        elif entry.is_dir(follow_symlinks=False):
            try:
                with _reported("list", path + entry.name, may_lack=True):
                    inner = os.open(entry.name, _FOLDER_FLAGS, dir_fd=folder)
            except ObjectMissing:
                continue  # deleted meanwhile
            try:
                yield from _walk_folder(f"{path}{entry.name}/", inner)
            finally:
                os.close(inner)


@contextmanager
def _reported(action: str, name: str, *, may_lack: bool = False) -> Iterator[None]:
    """Turn what the system says into our errors, with the object's name.

    `may_lack`: an object or folder that is not there, or a link in its place, is ObjectMissing,
    which is permanent. A store whose own folder is away is not: it may come back.
    """
    try:
        yield
    except OSError as error:
        if may_lack and error.errno in _NOT_THERE:
            raise ObjectMissing(f"no object {name}") from error
        raise VaultError(f"cannot {action} {name}: {error.strerror}") from error
