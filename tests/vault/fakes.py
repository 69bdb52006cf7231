"""Fakes with controls: objects and stores in memory, a file system that fails where told."""

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from callvault.errors import ObjectMissing
from callvault.vault import Certificate, PrivateKey, PrivateKeys, SealedWriter, Writable
from callvault.vault.local import FileCalls
from callvault.vault.store import check_name, check_prefix


@dataclass(frozen=True)
class KeyPair:
    """A certificate with its private key."""

    certificate: Certificate
    private_key: PrivateKey


class Keys(PrivateKeys):
    """Private keys of some pairs, as a keyring gives them."""

    def __init__(self, *pairs: KeyPair) -> None:
        self._pairs = pairs

    def private_keys(self, issuer: bytes, serial_number: int) -> Sequence[PrivateKey]:
        return [
            pair.private_key
            for pair in self._pairs
            if (pair.certificate.issuer, pair.certificate.serial_number) == (issuer, serial_number)
        ]


class MemoryObject:
    """A stored object in memory that counts what is read of it."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = len(data)
        self.reads: list[tuple[int, int]] = []
        self.closed = False

    def read(self, offset: int, length: int) -> bytes:
        self.reads.append((offset, length))
        return self.data[offset : offset + length]

    def close(self) -> None:
        self.closed = True


class MemoryStore:
    """A store in memory; `objects` is open to tests."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.log: list[str] = []

    @contextmanager
    def create(self, name: str) -> Iterator[Writable]:
        check_name(name)
        pending = Pieces()
        yield pending
        self.objects[name] = pending.joined()
        self.log.append(f"put {name.rpartition('/')[2]}")

    def open(self, name: str) -> MemoryObject:
        check_name(name)
        try:
            return MemoryObject(self.objects[name])
        except KeyError:
            raise ObjectMissing(f"no object {name}") from None

    def size(self, name: str) -> int:
        return self.open(name).size

    def delete(self, name: str) -> None:
        check_name(name)
        self.objects.pop(name, None)
        self.log.append(f"delete {name.rpartition('/')[2]}")

    def list(self, prefix: str = "") -> Iterator[str]:
        check_prefix(prefix)
        return iter([name for name in self.objects if name.startswith(prefix)])

    def probe(self) -> None:
        pass

    def free_bytes(self) -> int | None:
        return None

    def remove_unfinished(self, *, older_than_s: float) -> int:
        return 0


@dataclass
class Pieces:
    """Takes what is written, piece by piece."""

    pieces: list[bytes] = field(default_factory=list)

    def write(self, data: bytes, /) -> int:
        self.pieces.append(bytes(data))
        return len(data)

    def joined(self) -> bytes:
        return b"".join(self.pieces)


class Crash(BaseException):
    """The machine stopped: nothing after this reaches the disk."""


class FailingCalls(FileCalls):
    """Real calls until number `fail_at`; that one fails, and after a crash all that follow.

    `short_writes` makes each write take at most that many bytes, as the system may.
    """

    def __init__(
        self,
        *,
        fail_at: int = -1,
        error: Callable[[], BaseException] = Crash,
        short_writes: int | None = None,
    ) -> None:
        self.made: list[str] = []
        self._fail_at = fail_at
        self._error = error
        self._short_writes = short_writes
        self._crashed = False

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        self._next("write")
        return super().write(descriptor, data[: self._short_writes])

    def sync(self, descriptor: int) -> None:
        self._next("sync")
        super().sync(descriptor)

    def rename(self, source: str, target: str, *, folder: int) -> None:
        self._next("rename")
        super().rename(source, target, folder=folder)

    def unlink(self, name: str, *, folder: int) -> None:
        self._next("unlink")
        super().unlink(name, folder=folder)

    def _next(self, call: str) -> None:
        if self._crashed:
            raise Crash
        if len(self.made) == self._fail_at:
            error = self._error()
            self._crashed = isinstance(error, Crash)
            self._fail_at = -1
            raise error
        self.made.append(call)


def disk_full() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def sealed(data: bytes, key: bytes, associated_data: bytes = b"here") -> bytes:
    """Return `data` as a sealed object."""
    pieces = Pieces()
    writer = SealedWriter(pieces, key, associated_data)
    writer.write(data)
    writer.close()
    return pieces.joined()
