"""Checkpoint files beside the journals: the newest state of each call, and what a restart reads.

They are written by capture, from a thread of its own: a disk that stalls never holds up a call.
"""

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from callvault.capture import CheckpointWriter
from callvault.recorder.checkpoint import MAX_BYTES, Checkpoint, CheckpointDamaged, unseal
from callvault.spool import checkpoint_path, has_end, journal_path

logger = logging.getLogger(__name__)

MAX_FILES = 50_000


class CheckpointFiles:
    """The checkpoints in one spool folder."""

    def __init__(self, folder: Path, node_key: bytes) -> None:
        """Begin to write there. Raises SpoolError if the folder cannot be read."""
        self._folder = folder
        self.node_key = node_key
        self._writer = CheckpointWriter(folder, node_key)

    def put(self, journal_id: UUID, payload: bytes) -> None:
        """Keep the newest state of a call; soon, and on disk with the spool's next sync."""
        self._writer.put(journal_id, payload)

    def remove(self, journal_id: UUID) -> None:
        """Forget a call, and what waits for it."""
        self._writer.remove(journal_id)

    def put_durably(self, journal_id: UUID, payload: bytes) -> None:
        """Keep the newest state of a call; on disk when this returns: call it in a thread.

        Raises SpoolError if that failed.
        """
        self._writer.put_durably(journal_id, payload)

    def tell_failures(self) -> None:
        """Log what could not be written since the last time."""
        for failure in self._writer.failures():
            logger.warning("rs=%s %s", failure.journal_id, failure.problem)

    async def supersede(self, journal_id: UUID) -> None:
        """Forget a call's state once all that waits is written: another one's is among it."""
        await asyncio.to_thread(self._writer.flush)
        self.remove(journal_id)

    def exists(self, journal_id: UUID) -> bool:
        """Whether a call may still be gone on with: nobody took its checkpoint away."""
        return checkpoint_path(self._folder, journal_id).exists()

    def read(self) -> Iterator[Checkpoint | tuple[UUID, CheckpointDamaged]]:
        """Yield the calls that were in progress; of a damaged checkpoint whose and why.

        A checkpoint whose journal is gone or whole is left over, and is removed here.
        """
        found = sorted(self._folder.glob("*.ckpt"))
        for path in found[:MAX_FILES]:
            try:
                journal_id = UUID(hex=path.stem)
            except ValueError:
                continue
            journal = journal_path(self._folder, journal_id)
            if not journal.exists() or has_end(journal):
                path.unlink(missing_ok=True)
                continue
            try:
                yield self._open(path, journal_id)
            except CheckpointDamaged as damaged:
                yield journal_id, damaged

    def close(self) -> None:
        """Write what waits."""
        self._writer.close()
        self.tell_failures()

    def _open(self, path: Path, journal_id: UUID) -> Checkpoint:
        try:
            with path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise CheckpointDamaged(f"checkpoint cannot be read: {error.strerror}") from None
        if len(content) > MAX_BYTES:
            raise CheckpointDamaged("checkpoint is larger than any of ours")
        return unseal(content, journal_id, self.node_key)
