"""The spool folder: which journals lie there, which are live, how one leaves it.

Nothing here deletes on its own: `remove` is called when a journal's recordings are in the vault
and in the catalogue; a journal that cannot be finished is set aside and kept.
"""

import fcntl
import os
import re
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from callvault.errors import JournalDamaged
from callvault.spool.format import PREAMBLE_START, PreambleStart

_NAME = re.compile(r"(events-)?([0-9a-f]{32})\.cvj")
DAMAGED_FOLDER = "damaged"
MARKS_SUFFIX = ".marks"
_PREAMBLE_BYTES = 65_536  # of a file whose beginning says nothing else


@dataclass(frozen=True, slots=True)
class SpooledJournal:
    """One journal file as found by `scan`."""

    path: Path
    journal_id: UUID
    is_node_events: bool
    is_live: bool  # a recorder holds it open
    size_bytes: int
    modified_ns: int  # UTC


def journal_path(folder: Path, journal_id: UUID, *, events: bool = False) -> Path:
    """Return where the journal of this id lies."""
    return folder / f"{'events-' if events else ''}{journal_id.hex}.cvj"


def scan(folder: Path) -> list[SpooledJournal]:
    """List the journals, those written to longest ago first.

    Other files are ignored, and so are files that vanish meanwhile: another worker was faster.
    One that may not be read is listed: whoever opens it learns why, and the rest goes on.
    """
    found = [journal for path in folder.iterdir() if (journal := _look_at(path)) is not None]
    return sorted(found, key=lambda journal: (journal.modified_ns, journal.journal_id))


def is_open_by_live_recorder(path: Path) -> bool:
    """Whether a recorder writes to the journal. Raises FileNotFoundError if it is gone."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def erase(path: Path) -> None:
    """Overwrite the only copy of a journal's key, durably: what is left of it opens no more.

    For audio that must be gone, not only unlinked. Where the file system overwrites in place.
    """
    try:
        with path.open("r+b") as file:
            length = _preamble_bytes(file.read(PREAMBLE_START.size))
            file.seek(0)
            file.write(bytes(length))
            file.flush()
            os.fsync(file.fileno())
    except FileNotFoundError:
        return


def _preamble_bytes(start: bytes) -> int:
    try:
        return PreambleStart.parse(start).preamble_bytes
    except JournalDamaged:
        return _PREAMBLE_BYTES


def remove(path: Path) -> None:
    """Delete a journal for good, durably. Absent is as good as deleted."""
    path.unlink(missing_ok=True)
    path.with_suffix(MARKS_SUFFIX).unlink(missing_ok=True)
    sync_folder(path.parent)


def quarantine(path: Path) -> Path:
    """Move a journal that cannot be finished into the folder `damaged`; return its new path."""
    folder = path.parent / DAMAGED_FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    target = folder / path.name
    path.rename(target)
    marks = path.with_suffix(MARKS_SUFFIX)
    if marks.exists():
        marks.rename(target.with_suffix(MARKS_SUFFIX))
    sync_folder(folder)
    sync_folder(path.parent)
    return target


def _look_at(path: Path) -> SpooledJournal | None:
    name = _NAME.fullmatch(path.name)
    if name is None:
        return None
    try:
        is_live = _is_live(path)
        status = path.stat()
    except (FileNotFoundError, IsADirectoryError):
        return None
    return SpooledJournal(
        path=path,
        journal_id=UUID(hex=name[2]),
        is_node_events=name[1] is not None,
        is_live=is_live,
        size_bytes=status.st_size,
        modified_ns=status.st_mtime_ns,
    )


def _is_live(path: Path) -> bool:
    try:
        return is_open_by_live_recorder(path)
    except PermissionError:
        return False


def sync_folder(folder: Path) -> None:
    """Make names of the folder durable: made, renamed and deleted ones."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
