"""Preamble and framing of a journal, and how its blocks are sealed (docs/formats/journal.md).

Pure: bytes in, bytes out. Reading and writing files is done by `reader` and `writer`.
"""

import hashlib
import struct
import zlib
from dataclasses import dataclass
from enum import IntEnum
from typing import Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from callvault.errors import JournalDamaged

MAGIC = b"CVJOURN1"
VERSION = 1
TAG_BYTES = 16
MAX_SEALED_BYTES = 16 * 1024 * 1024
MAX_ENVELOPE_BYTES = 1024 * 1024

PREAMBLE_START = struct.Struct("<8sHH16sI")
CRC = struct.Struct("<I")
BLOCK_HEAD = struct.Struct("<IBQ")
_ASSOCIATED = struct.Struct("<32sBQ")


class BlockKind(IntEnum):
    """What a block holds."""

    HEADER = 1
    PACKETS = 2
    EVENT = 3
    END = 4


@dataclass(frozen=True, slots=True)
class Preamble:
    """The start of a journal in the clear: whose it is and who can open it."""

    journal_id: UUID
    envelope: bytes  # the journal key, sealed for the ingest certificates

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a whole preamble. Raises JournalDamaged; `data` may not be longer than it is."""
        start = PreambleStart.parse(data)
        if len(data) != start.preamble_bytes:
            raise _damaged("preamble is cut", len(data))
        body, (crc,) = data[: -CRC.size], CRC.unpack(data[-CRC.size :])
        if zlib.crc32(body) != crc:
            raise _damaged("preamble has a wrong checksum", len(body))
        return cls(start.journal_id, body[PREAMBLE_START.size :])

    def __bytes__(self) -> bytes:
        body = PREAMBLE_START.pack(MAGIC, VERSION, 0, self.journal_id.bytes, len(self.envelope))
        body += self.envelope
        return body + CRC.pack(zlib.crc32(body))


@dataclass(frozen=True, slots=True)
class PreambleStart:
    """The fixed part of a preamble: says how long all of it is."""

    journal_id: UUID
    envelope_bytes: int

    @property
    def preamble_bytes(self) -> int:
        """Length of the whole preamble, checksum included."""
        return PREAMBLE_START.size + self.envelope_bytes + CRC.size

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read the first bytes of a file. Raises JournalDamaged if they are not a journal's."""
        if len(data) < PREAMBLE_START.size:
            raise _damaged("preamble is cut", len(data))
        magic, version, flags, journal_id, envelope_bytes = PREAMBLE_START.unpack_from(data)
        if magic != MAGIC:
            raise _damaged("not a journal", 0)
        if version != VERSION or flags:
            raise _damaged(f"journal version {version} with flags {flags} is not known", 8)
        if envelope_bytes > MAX_ENVELOPE_BYTES:
            raise _damaged(f"envelope of {envelope_bytes} bytes is too long", 28)
        return cls(UUID(bytes=journal_id), envelope_bytes)


class Seal:
    """Seals and opens the blocks of one journal with its key."""

    def __init__(self, key: bytes, preamble: bytes) -> None:
        self._cipher = AESGCM(key)
        self._journal = hashlib.sha256(preamble).digest()

    def seal(self, kind: BlockKind, counter: int, payload: bytes) -> bytes:
        """Return the whole block, framing included. A counter must never be used twice."""
        sealed = self._cipher.encrypt(_nonce(counter), payload, self._associated(kind, counter))
        return BLOCK_HEAD.pack(len(sealed), kind, counter) + sealed

    def open(self, kind: int, counter: int, sealed: bytes) -> bytes | None:
        """Return the payload, or None if the block is not what was sealed here."""
        try:
            return self._cipher.decrypt(_nonce(counter), sealed, self._associated(kind, counter))
        except InvalidTag:
            return None

    def _associated(self, kind: int, counter: int) -> bytes:
        return _ASSOCIATED.pack(self._journal, kind, counter)


def _nonce(counter: int) -> bytes:
    return counter.to_bytes(12, "big")


def _damaged(message: str, offset: int) -> JournalDamaged:
    return JournalDamaged(message, offset=offset, readable_until=0)
