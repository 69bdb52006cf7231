"""Writes the checkpoints of calls in progress: names, types and docstrings for the native one.

A native thread seals and writes them, so that neither a disk that stalls nor a second Python
thread holds up signalling. Format: docs/formats/checkpoint.md.
"""

import os
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from callvault import _native


class CheckpointFailure(NamedTuple):
    """A checkpoint that could not be written or removed."""

    journal_id: UUID
    problem: str


class CheckpointWriter:
    """The checkpoints in one spool folder, each sealed under a key derived from the node's."""

    def __init__(self, spool_folder: Path, node_key: bytes) -> None:
        """Start the thread. Raises SpoolError if the folder cannot be read."""
        self._native = _native.Checkpoints(os.fsencode(spool_folder), node_key)

    def put(self, journal_id: UUID, payload: bytes) -> None:
        """Keep the newest state of a call, in the place of the one before: within milliseconds."""
        self._native.put(journal_id.bytes, payload)

    def put_durably(self, journal_id: UUID, payload: bytes) -> None:
        """Keep the newest state of a call; on disk when this returns. Call it in a thread.

        Raises SpoolFull or SpoolError when it is not on disk.
        """
        self._native.put_durably(journal_id.bytes, payload)

    def remove(self, journal_id: UUID) -> None:
        """Forget a call, and what waits for it."""
        self._native.remove(journal_id.bytes)

    def flush(self) -> None:
        """Wait until all that waits now is written or removed. Call it in a thread."""
        self._native.flush()

    def failures(self) -> list[CheckpointFailure]:
        """Take what could not be done since the last call; at most 64 are remembered."""
        return [CheckpointFailure(UUID(bytes=id_), why) for id_, why in self._native.failures()]

    def close(self) -> None:
        """Write what waits, and stop the thread. Closing twice is harmless."""
        self._native.close()
