"""Reads journals, whole or cut off or damaged: as far as they can be trusted, and no further.

Reading streams block by block, so memory is bounded by one block whatever the call's length.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple, Self

import msgspec

from callvault.errors import JournalDamaged
from callvault.spool.entries import Event, JournalHeader
from callvault.spool.format import (
    BLOCK_HEAD,
    MAX_SEALED_BYTES,
    PREAMBLE_START,
    TAG_BYTES,
    BlockKind,
    Preamble,
    PreambleStart,
    Seal,
)
from callvault.spool.packets import PacketsBlock

_HEADER = msgspec.json.Decoder(JournalHeader)
_EVENT = msgspec.json.Decoder[Event](Event)
_KINDS = frozenset(BlockKind)
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)  # the last: nested deeply


class _Block(NamedTuple):
    kind: BlockKind
    payload: bytes
    ends_at: int  # offset


class JournalReader:
    """One journal, read from its start. Make it with `open`.

    After `blocks()` is exhausted: `ended` says that the end block was read; `damage` that reading
    stopped at bytes that are not what was written; neither, that the journal is cut off (or
    live: `blocks()` may then be called again and goes on with what was added since).
    """

    def __init__(self, file: BinaryIO, unwrap: Callable[[bytes], bytes]) -> None:
        """Read preamble and header of an open file; see `open`."""
        self._file = file
        preamble = _read_preamble(file)
        self.envelope = preamble.envelope
        self.ended = False
        self.damage: JournalDamaged | None = None
        self.skipped_events = 0  # of types that this version does not know
        self._readable_until = len(bytes(preamble))
        self._counter = 0
        self._seal = Seal(unwrap(preamble.envelope), bytes(preamble))
        self.header = self._read_header(preamble)

    @classmethod
    def open(cls, path: Path, unwrap: Callable[[bytes], bytes]) -> Self:
        """Open a journal; `unwrap` gives the journal key for an envelope.

        Raises JournalDamaged if there is no readable preamble and header, what `unwrap` raises
        (KeyUnavailable), and OSError if the file cannot be read.
        """
        file = path.open("rb")
        try:
            return cls(file, unwrap)
        except BaseException:
            file.close()
            raise

    @property
    def readable_until(self) -> int:
        """Offset behind the last whole block read."""
        return self._readable_until

    def blocks(self) -> Iterator[PacketsBlock | Event]:
        """Yield what follows the header, in the order of writing, as far as it is whole."""
        try:
            while not self.ended and self.damage is None:
                block = self._next_block()
                if block is None:
                    return
                entry = self._entry(block)
                self._accept(block)
                if entry is not None:
                    yield entry
        except JournalDamaged as damage:
            self.damage = damage

    def close(self) -> None:
        """Close the file."""
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

    def _read_header(self, preamble: Preamble) -> JournalHeader:
        block = self._next_block()
        if block is None or block.kind is not BlockKind.HEADER:
            raise self._damaged("journal has no header")
        try:
            header = _HEADER.decode(block.payload)
        except _UNREADABLE:
            raise self._damaged("header is not one of this version") from None
        if header.journal_id != preamble.journal_id:
            raise self._damaged("header belongs to another journal")
        self._accept(block)
        return header

    def _entry(self, block: _Block) -> PacketsBlock | Event | None:
        """Decode one payload; None if there is nothing in it for the caller."""
        if block.kind is BlockKind.END:
            self._end(block)
            return None
        if block.kind is BlockKind.EVENT:
            return self._event(block.payload)
        if block.kind is BlockKind.HEADER:
            raise self._damaged("second header")
        try:
            return PacketsBlock.parse(block.payload)
        except ValueError as error:
            raise self._damaged(str(error)) from None

    def _event(self, payload: bytes) -> Event | None:
        # The block opened, so a recorder of ours wrote it: a newer one than this reader.
        try:
            event: Event = _EVENT.decode(payload)
        except _UNREADABLE:
            self.skipped_events += 1
            return None
        return event

    def _end(self, block: _Block) -> None:
        if block.payload:
            raise self._damaged("end block with content")
        self.ended = True
        if self._file.seek(0, os.SEEK_END) > block.ends_at:
            self._accept(block)
            raise self._damaged("bytes after the end of the journal")

    def _accept(self, block: _Block) -> None:
        self._readable_until = block.ends_at
        self._counter += 1

    def _next_block(self) -> _Block | None:
        """Read and open the next block; None at a torn end. Raises JournalDamaged."""
        self._file.seek(self._readable_until)
        head = self._file.read(BLOCK_HEAD.size)
        if len(head) < BLOCK_HEAD.size:
            return None
        length, kind, counter = BLOCK_HEAD.unpack(head)
        if not TAG_BYTES <= length <= MAX_SEALED_BYTES:
            if self._only_zeros_from(head):
                return None
            raise self._damaged(f"block of {length} bytes")
        sealed = self._file.read(length)
        if len(sealed) < length:
            # A length that was changed reaches beyond the end as well, but over whole blocks.
            if self._opens_within(sealed):
                raise self._damaged(f"block of {length} bytes")
            return None
        if counter != self._counter:
            raise self._damaged(f"block {counter} where {self._counter} should be")
        payload = self._seal.open(kind, counter, sealed)
        if payload is None or kind not in _KINDS:
            raise self._damaged(f"block {counter} does not open")
        return _Block(BlockKind(kind), payload, self._readable_until + len(head) + length)

    def _opens_within(self, rest: bytes) -> bool:
        """Whether the next block but one stands whole in what seems a torn block."""
        counter = self._counter + 1
        sought = counter.to_bytes(8, "little")
        place = rest.find(sought, BLOCK_HEAD.size - len(sought))
        while place >= 0:
            start = place + len(sought)
            length, kind, _ = BLOCK_HEAD.unpack(rest[start - BLOCK_HEAD.size : start])
            sealed = rest[start : start + length]
            is_whole = kind in _KINDS and len(sealed) == length >= TAG_BYTES
            if is_whole and self._seal.open(kind, counter, sealed) is not None:
                return True
            place = rest.find(sought, place + 1)
        return False

    def _only_zeros_from(self, chunk: bytes) -> bool:
        """Whether the rest is zeros: some file systems leave that after a power cut."""
        while chunk and not any(chunk):
            chunk = self._file.read(65536)
        return not chunk

    def _damaged(self, message: str) -> JournalDamaged:
        until = self._readable_until
        return JournalDamaged(message, offset=until, readable_until=until)


def _read_preamble(file: BinaryIO) -> Preamble:
    start = file.read(PREAMBLE_START.size)
    rest = PreambleStart.parse(start).preamble_bytes - len(start)
    return Preamble.parse(start + file.read(rest))
