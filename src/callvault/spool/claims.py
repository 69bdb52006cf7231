"""Which worker finishes a journal, where several share a spool.

A claim is a lock (flock) on a file beside the journal. The kernel lets go of it when the worker
dies, on shared storage when the lease of the dead machine's locks is over (NFS 4: 90 seconds
unless set otherwise); then another worker takes the journal over. Claims say nothing about
recorders: those hold the journal itself.
"""

import errno
import fcntl
import os
from pathlib import Path
from uuid import UUID

SUFFIX = ".claim"

_held: set[int] = set()  # descriptors of this process


class Claim:
    """One journal, held by this worker until `release`."""

    def __init__(self, path: Path, descriptor: int | None) -> None:
        self._path = path
        self._descriptor = descriptor
        if descriptor is not None:
            _held.add(descriptor)

    def release(self) -> None:
        """Let others have the journal, if it is still there. Can be repeated."""
        if self._descriptor is None:
            return
        self._path.unlink(missing_ok=True)  # before the lock goes: nobody holds a file unseen
        _held.discard(self._descriptor)
        os.close(self._descriptor)
        self._descriptor = None


def claim(folder: Path, journal_id: UUID) -> Claim | None:
    """Take a journal for this worker; None: another has it."""
    path = folder / f"{journal_id.hex}{SUFFIX}"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            # Finishing is what frees the disk. Were another at it too, both would do the same.
            return Claim(path, None)
        raise
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    if not _is_still(path, descriptor):
        os.close(descriptor)  # its holder removed it just now: this lock keeps nobody out
        return None
    return Claim(path, descriptor)


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _let_go_in_child() -> None:
    """Close what a fork shares: a child that outlives its worker must not keep its locks."""
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()


os.register_at_fork(after_in_child=_let_go_in_child)
