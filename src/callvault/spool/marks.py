"""Marks beside a journal: what somebody said of its call when it was over (MODE-4).

A small file of JSON, `ID.marks`: user ids and `kept` or `dropped`. The recorder writes it while
marks may come; whoever finishes the journal reads it, and it goes with the journal.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from uuid import UUID

import msgspec

from callvault.errors import SpoolError
from callvault.policy.wishes import Mark
from callvault.spool.folder import MARKS_SUFFIX, sync_folder

MAX_BYTES = 65_536
"""Of a file: more users than any call has."""

_DECODER = msgspec.json.Decoder(dict[UUID, Mark])


def write_marks(journal: Path, marks: Mapping[UUID, Mark]) -> None:
    """Put the marks of a journal in place of what was there; on disk when this returns.

    Raises SpoolError.
    """
    path = journal.with_suffix(MARKS_SUFFIX)
    fresh = path.with_suffix(f"{MARKS_SUFFIX}.new")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(dict(marks)))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise SpoolError(f"marks cannot be written: {error.strerror}") from error


def add_marks(journal: Path, marks: Mapping[UUID, Mark]) -> None:
    """Add marks to those of a journal; what is kept stays kept. Of one that is gone nothing.

    Raises SpoolError.
    """
    if not journal.exists():
        return
    before = read_marks([journal])
    kept = {user: mark for user, mark in before.items() if mark is Mark.KEPT}
    if (after := {**before, **marks, **kept}) != before:
        write_marks(journal, after)


def read_marks(journals: Iterable[Path]) -> dict[UUID, Mark]:
    """Return the marks beside these journals, those of a later one over an earlier one's.

    Raises SpoolError for a file that is none of ours: to guess could destroy what is to stay.
    """
    found: dict[UUID, Mark] = {}
    for journal in journals:
        path = journal.with_suffix(MARKS_SUFFIX)
        try:
            with path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
            found |= _DECODER.decode(content) if len(content) <= MAX_BYTES else _refuse(path)
        except FileNotFoundError:
            continue
        except (OSError, msgspec.DecodeError) as error:
            raise SpoolError(f"{path.name} cannot be read: {error}") from error
    return found


def marks_written_ns(journals: Iterable[Path]) -> int:
    """Return when marks were last written beside these journals; 0: never."""
    newest = 0
    for journal in journals:
        try:
            newest = max(newest, journal.with_suffix(MARKS_SUFFIX).stat().st_mtime_ns)
        except FileNotFoundError:
            continue
    return newest


def _refuse(path: Path) -> dict[UUID, Mark]:
    raise SpoolError(f"{path.name} is larger than any of ours")
