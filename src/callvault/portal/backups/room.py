"""Room for a backup: what recording needs of the same disk is left to it; leftovers are removed."""

import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from callvault.config import Config
from callvault.errors import BackupRefused
from callvault.monitoring.disk import usage_of

RESERVES = 2
"""Recording goes on until one reserve is left, `spool.min_free_bytes`; a backup stops before."""


def room_for(config: Config, target: Path) -> Callable[[int], None]:
    """Return what refuses to write so many bytes more, if calls are recorded on the same disk."""
    device = target.parent.stat().st_dev
    shared = (config.spool.folder, config.vault.folder, config.node.data_folder)
    is_shared = any(folder.exists() and folder.stat().st_dev == device for folder in shared)
    reserve = RESERVES * config.spool.min_free_bytes if is_shared else 0

    def take(count: int) -> None:
        if reserve and usage_of(target.parent).free_bytes - count < reserve:
            raise BackupRefused(
                f"{target.parent} has too little room: it is on the disk that calls are recorded "
                f"to, where {reserve // 1024**2} MiB stay free; choose another disk, or fewer "
                "backups to keep"
            )

    return take


def remove_leftovers(target: Path, pattern: str) -> int:
    """Remove drafts of programs that were killed while they made a backup; return how many.

    The draft of a program that lives is locked.
    """
    removed = 0
    for draft in target.parent.glob(f".{pattern}.*.part"):
        with suppress(OSError):
            descriptor = os.open(draft, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                for ending in ("", "-wal", "-shm", "-journal"):
                    draft.with_suffix(f".database{ending}").unlink(missing_ok=True)
                draft.unlink()
                removed += 1
            finally:
                os.close(descriptor)
    return removed
