"""Writing and reading the file: members one after another, the manifest last.

The reader trusts nothing: it walks the whole file, compares every header, digest and length with
the manifest, and hands out members only after that. It keeps small members in memory, and of
large ones only where they lie.
"""

import errno
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec

from callvault.backup import manifest as names
from callvault.backup.blocks import BLOCK, END, header_of, padding_of, read_header
from callvault.backup.manifest import Manifest, Member, Signed
from callvault.errors import BackupRefused

CHUNK = 1024 * 1024
MOST_MEMBERS = 10_000  # outside of the vault
MOST_SMALL_BYTES = 32 * 1024 * 1024  # kept in memory, of all small members
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)  # exFAT, many shares


class Advanced(Protocol):
    """Hears how many bytes more are done."""

    def __call__(self, count: int, /) -> None:
        """Take note."""


def _unheard(_count: int, /) -> None:
    return


class BackupWriter:
    """Writes a backup beside its place; the place has it whole, or not at all."""

    def __init__(self, target: Path, *, advanced: Advanced = _unheard) -> None:
        """Begin. Raises OSError, FileExistsError if the target is there."""
        if target.exists():
            raise FileExistsError(17, "is there already", str(target))
        self.target = target
        self._draft = target.with_name(f".{target.name}.{os.getpid()}.part")
        self._draft.unlink(missing_ok=True)  # of a process that had this number and is gone
        descriptor = os.open(self._draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._file = os.fdopen(descriptor, "w+b")
        with suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # it is no leftover
        self._advanced = advanced
        self._members: list[Member] = []
        self._vault = sha256()
        self._objects = self._object_bytes = 0
        self._write_whole(names.MAGIC, f"{names.FORMAT}\n".encode())

    def add(self, name: str, chunks: Iterable[bytes]) -> None:
        """Add a member; how long it is shows when it has been written.

        Raises BackupRefused for a name that no reader would take.
        """
        names.largest(name)
        size, digest = self._write(name, chunks)
        if name.startswith(names.VAULT):
            self._objects += 1
            self._object_bytes += size
            self._vault.update(_line(name, size, digest))
        else:
            self._members.append(Member(name, size, digest))

    def finish(
        self, about: Manifest, sign: Callable[[bytes], Signed], *, before: Callable[[], None]
    ) -> tuple[int, Manifest]:
        """Complete the file and give it its name; return its size and manifest.

        `before` comes just before the name.
        """
        manifest = msgspec.structs.replace(
            about,
            members=self._members,
            vault_objects=self._objects,
            vault_bytes=self._object_bytes,
            vault_sha256=self._vault.hexdigest(),
        )
        encoded = msgspec.json.encode(manifest)
        self._write_whole(names.MANIFEST, encoded)
        self._write_whole(names.SIGNATURE, msgspec.json.encode(sign(encoded)))
        self._file.write(END)
        self._file.flush()
        os.fsync(self._file.fileno())
        size = self._file.tell()
        before()
        _give_name(self._draft, self.target)
        self.close()
        _sync_folder(self.target.parent)
        return size, manifest

    def close(self) -> None:
        """Drop what is not finished; may be repeated."""
        self._file.close()
        self._draft.unlink(missing_ok=True)

    def _write_whole(self, name: str, data: bytes) -> None:
        self._file.write(header_of(name, len(data)) + data + b"\0" * padding_of(len(data)))

    def _write(self, name: str, chunks: Iterable[bytes]) -> tuple[int, str]:
        """Write a member of unknown length: its header is written again at its end."""
        at, size, digest = self._file.tell(), 0, sha256()
        self._file.write(header_of(name, 0))
        for chunk in chunks:
            self._file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
            self._advanced(len(chunk))
        self._file.write(b"\0" * padding_of(size))
        end = self._file.tell()
        self._file.seek(at)
        self._file.write(header_of(name, size))
        self._file.seek(end)
        return size, digest.hexdigest()


@dataclass(slots=True)
class _Walk:
    """What the reader has seen of a file."""

    small: dict[str, bytes] = field(default_factory=dict)
    places: dict[str, tuple[int, int]] = field(default_factory=dict)  # large: offset, size
    members: list[Member] = field(default_factory=list)
    vault: list[int] = field(default_factory=lambda: [0, 0])  # objects, bytes
    vault_digest: "hashlib._Hash" = field(default_factory=sha256)
    vault_at: int = 0
    small_bytes: int = 0


class BackupFile:
    """A backup whose every byte was compared with its manifest."""

    def __init__(self, path: Path, *, advanced: Advanced = _unheard) -> None:
        """Read all of the file. Raises BackupRefused, OSError."""
        self._file: BinaryIO = path.open("rb")
        self._advanced = advanced
        try:
            walk = self._walk()
            self.manifest_bytes = walk.small.pop(names.MANIFEST)
            self.signed = names.parse_signed(walk.small.pop(names.SIGNATURE))
            self.manifest: Manifest = names.parse_manifest(self.manifest_bytes)
            _compare(self.manifest, walk)
        except BaseException:
            self._file.close()
            raise
        self._advanced = _unheard  # what is read again is told by whoever reads it
        self.small = walk.small
        self._places, self._vault_at = walk.places, walk.vault_at

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def chunks(self, name: str) -> Iterator[bytes]:
        """Return a large member in parts. Raises BackupRefused if it is another by now."""
        at, size = self._places[name]
        digest = sha256()
        self._file.seek(at)
        for chunk in self._parts(size):
            digest.update(chunk)
            yield chunk
        told = next(one.sha256 for one in self.manifest.members if one.name == name)
        if digest.hexdigest() != told:
            raise BackupRefused("the backup was changed while it was read")

    def objects(self) -> Iterator[tuple[str, int, Iterator[bytes]]]:
        """Return each object of the vault: its name there, its size, its bytes, to be read next."""
        at, left = self._vault_at, self.manifest.vault_objects
        while left:
            self._file.seek(at)
            name, size = read_header(self._exactly(BLOCK))
            if not name.startswith(names.VAULT):
                raise BackupRefused("the backup was changed while it was read")
            yield name.removeprefix(names.VAULT), size, self._parts(size)
            at, left = at + BLOCK + size + padding_of(size), left - 1

    def _walk(self) -> _Walk:
        walk = _Walk()
        try:
            name, size = read_header(self._file.read(BLOCK))
        except BackupRefused:
            name, size = "", 0
        if name != names.MAGIC or size > BLOCK:
            raise BackupRefused("this is not a backup of Callvault")
        names.check_format(self._whole(size))
        while names.SIGNATURE not in walk.small:
            self._next_member(walk)
        if self._file.read(len(END) + 1) != END:
            raise BackupRefused("the backup is damaged: its end is not as it was written")
        return walk

    def _next_member(self, walk: _Walk) -> None:
        name, size = read_header(self._exactly(BLOCK))
        most = names.largest(name)
        if most is not None and size > most:
            raise BackupRefused(f"the backup is damaged: {name} has {size} bytes")
        if name in walk.small or name in walk.places or _is_out_of_order(name, walk):
            raise BackupRefused(f"the backup is damaged: {name} is not in its place")
        if name in (names.MANIFEST, names.SIGNATURE):
            walk.small[name] = self._whole(size)
            return
        at, digest = self._file.tell(), sha256()
        kept = []
        for chunk in self._parts(size):
            digest.update(chunk)
            if most is not None:
                kept.append(chunk)
        self._check_padding(size)
        if name.startswith(names.VAULT):
            walk.vault_at = walk.vault_at or at - BLOCK
            walk.vault[0] += 1
            walk.vault[1] += size
            walk.vault_digest.update(_line(name, size, digest.hexdigest()))
            return
        if len(walk.members) >= MOST_MEMBERS:
            raise BackupRefused("the backup is damaged: it has too many members")
        walk.members.append(Member(name, size, digest.hexdigest()))
        if most is None:
            walk.places[name] = (at, size)
            return
        walk.small[name] = b"".join(kept)
        walk.small_bytes += size
        if walk.small_bytes > MOST_SMALL_BYTES:
            raise BackupRefused("the backup is damaged: its small members are too large")

    def _whole(self, size: int) -> bytes:
        data = self._exactly(size)
        self._check_padding(size)
        return data

    def _parts(self, size: int) -> Iterator[bytes]:
        left = size
        while left:
            chunk = self._file.read(min(left, CHUNK))
            if not chunk:
                raise _cut()
            left -= len(chunk)
            self._advanced(len(chunk))
            yield chunk

    def _check_padding(self, size: int) -> None:
        if self._exactly(padding_of(size)).strip(b"\0"):
            raise BackupRefused("the backup is damaged: a member is longer than its header says")

    def _exactly(self, size: int) -> bytes:
        data = self._file.read(size)
        if len(data) != size:
            raise _cut()
        return data


def _is_out_of_order(name: str, walk: _Walk) -> bool:
    """Objects of the vault come last, then the manifest, then the signature."""
    if name == names.SIGNATURE:
        return names.MANIFEST not in walk.small
    if names.MANIFEST in walk.small:
        return True
    return bool(walk.vault[0]) and not name.startswith((names.VAULT, names.MANIFEST))


def _compare(manifest: Manifest, walk: _Walk) -> None:
    vault = (manifest.vault_objects, manifest.vault_bytes, manifest.vault_sha256)
    if manifest.format != names.FORMAT:
        raise BackupRefused("the backup is damaged: its manifest is of another form")
    if manifest.members != walk.members or vault != (*walk.vault, walk.vault_digest.hexdigest()):
        raise BackupRefused("the backup is damaged: it is not what its manifest says")


def _line(name: str, size: int, digest: str) -> bytes:
    return f"{name}\0{size}\0{digest}\n".encode()


def _cut() -> BackupRefused:
    return BackupRefused("the backup is cut off: its end is missing")


def _give_name(draft: Path, target: Path) -> None:
    """Give a draft its name, not over a file that came meanwhile."""
    try:
        os.link(draft, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if target.exists():
            raise FileExistsError(errno.EEXIST, "is there already", str(target)) from None
        draft.rename(target)
    draft.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):  # shares and FUSE may not know it for folders
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
