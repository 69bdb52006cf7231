"""Checkpoint files beside the journals: written from a thread, the newest state of each call.

A disk that stalls holds up this thread and never a call: while it does, a newer state of a call
takes the place of the one that waits.
"""

import asyncio
import logging
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from uuid import UUID

from callvault.errors import SpoolError
from callvault.recorder.checkpoint import (
    MAX_BYTES,
    Checkpoint,
    CheckpointDamaged,
    seal,
    unseal,
)
from callvault.recorder.files import replace_file
from callvault.spool import checkpoint_path, has_end, journal_path

logger = logging.getLogger(__name__)

MAX_FILES = 50_000


class CheckpointFiles:
    """The checkpoints in one spool folder."""

    def __init__(self, folder: Path, node_key: bytes) -> None:
        self._folder = folder
        self._node_key = node_key
        self._thread = ThreadPoolExecutor(1, "checkpoints")
        self._lock = Lock()
        self._waiting: dict[UUID, bytes | None] = {}  # None: to be removed

    def put(self, journal_id: UUID, payload: bytes) -> None:
        """Keep the newest state of a call; soon, and on disk with the spool's next sync."""
        self._queue(journal_id, payload)

    def remove(self, journal_id: UUID) -> None:
        """Forget a call, after what waits for it."""
        self._queue(journal_id, None)

    def put_durably(self, journal_id: UUID, payload: bytes) -> "Future[None]":
        """Keep the newest state of a call; the future is done when it is on disk.

        It raises SpoolError if that failed.
        """
        with self._lock:
            self._waiting.pop(journal_id, None)
        return self._thread.submit(self._write, journal_id, payload, durable=True)

    async def supersede(self, journal_id: UUID) -> None:
        """Forget a call's state once all that waits is written: another one's is among it."""
        await asyncio.wrap_future(self._thread.submit(lambda: None))
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
        self._thread.shutdown()

    def _open(self, path: Path, journal_id: UUID) -> Checkpoint:
        try:
            with path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise CheckpointDamaged(f"checkpoint cannot be read: {error.strerror}") from None
        if len(content) > MAX_BYTES:
            raise CheckpointDamaged("checkpoint is larger than any of ours")
        return unseal(content, journal_id, self._node_key)

    def _queue(self, journal_id: UUID, payload: bytes | None) -> None:
        with self._lock:
            is_waiting = journal_id in self._waiting
            self._waiting[journal_id] = payload
        if not is_waiting:
            self._thread.submit(self._write_newest, journal_id)

    def _write_newest(self, journal_id: UUID) -> None:
        with self._lock:
            if journal_id not in self._waiting:
                return
            payload = self._waiting.pop(journal_id)
        try:
            if payload is None:
                checkpoint_path(self._folder, journal_id).unlink(missing_ok=True)
            else:
                self._write(journal_id, payload, durable=False)
        except (OSError, SpoolError) as error:
            logger.warning("rs=%s %s", journal_id, error)

    def _write(self, journal_id: UUID, payload: bytes, *, durable: bool) -> None:
        content = seal(payload, journal_id, self._node_key)
        try:
            replace_file(checkpoint_path(self._folder, journal_id), content, durable=durable)
        except OSError as error:
            raise SpoolError(f"checkpoint cannot be written: {error.strerror}") from error
