"""Writes journals in pure Python: for recovery tools, and as second opinion on the native writer.

The recorder writes with `callvault.capture`. Here every block is written when it is given, and
nothing is synced before `close`.
"""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from callvault.spool.entries import Event, JournalHeader, encode_entry
from callvault.spool.format import BlockKind, Preamble, Seal
from callvault.spool.packets import PacketsBlock


class JournalWriter:
    """One new journal file, locked while it is open. Make it with `create`."""

    def __init__(self, file: BinaryIO, *, key: bytes, envelope: bytes, header: JournalHeader):
        """Write preamble and header to an open file; see `create`."""
        self._file = file
        preamble = bytes(Preamble(header.journal_id, envelope))
        self._seal = Seal(key, preamble)
        self._counter = 0
        file.write(preamble)
        self._write(BlockKind.HEADER, encode_entry(header))

    @classmethod
    def create(cls, path: Path, *, key: bytes, envelope: bytes, header: JournalHeader) -> Self:
        """Create the file, which must not exist; `key` must be new and used for nothing else."""
        file = path.open("xb", buffering=0)
        fcntl.flock(file, fcntl.LOCK_EX)
        return cls(file, key=key, envelope=envelope, header=header)

    def append(self, event: Event) -> None:
        """Write one event."""
        self._write(BlockKind.EVENT, encode_entry(event))

    def append_packets(self, block: PacketsBlock) -> None:
        """Write one block of packets."""
        self._write(BlockKind.PACKETS, bytes(block))

    def end(self) -> None:
        """Write the end block. A journal that is closed without it reads as cut off."""
        self._write(BlockKind.END, b"")

    def close(self) -> None:
        """Sync and release the file."""
        os.fsync(self._file.fileno())
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _write(self, kind: BlockKind, payload: bytes) -> None:
        self._file.write(self._seal.seal(kind, self._counter, payload))
        self._counter += 1
