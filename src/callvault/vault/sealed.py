"""Sealed objects: bytes of any length, encrypted and authenticated by segments.

The form is Tink's AES256-GCM-HKDF streaming with 64 KiB segments (docs/formats/sealed-object.md):
any part can be read alone, and what was cut, changed or swapped is refused before a byte of the
segment concerned is served. Written in one pass, with one segment in memory.
"""

import hashlib
import os
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from callvault.errors import SealBroken
from callvault.vault.store import StoredObject, Writable

KEY_BYTES = 32
SALT_BYTES = 32
NONCE_PREFIX_BYTES = 7
HEADER_BYTES = 1 + SALT_BYTES + NONCE_PREFIX_BYTES
TAG_BYTES = 16
SEGMENT_BYTES = 65_536  # of ciphertext with tag; the first one shares its place with the header
PART_BYTES = SEGMENT_BYTES - TAG_BYTES  # of plaintext in a whole segment
FIRST_PART_BYTES = PART_BYTES - HEADER_BYTES
MAX_SEGMENTS = 2**32
CACHED_SEGMENTS = 4


@dataclass(frozen=True, slots=True)
class Seal:
    """What a writer knows of an object when it is complete."""

    size_bytes: int  # of the plaintext
    sealed_bytes: int
    sha256: str  # of the sealed form, hex
    plain_sha256: str  # of the plaintext, hex


class SealedWriter:
    """Seals what is written to it into `file`. `close` seals the last segment.

    As a context manager it closes only when the block ends without an error: an object that is
    cut off does not open. `file` is not closed; it belongs to whoever opened it.
    """

    def __init__(self, file: Writable, key: bytes, associated_data: bytes) -> None:
        salt = os.urandom(SALT_BYTES)
        self._nonce_prefix = os.urandom(NONCE_PREFIX_BYTES)
        self._cipher = AESGCM(_derive(key, salt, associated_data))
        self._file = file
        self._sha256, self._plain_sha256 = hashlib.sha256(), hashlib.sha256()
        self._part = bytearray()
        self._room = FIRST_PART_BYTES
        self._segment = 0
        self._size_bytes = 0
        self._sealed_bytes = 0
        self._seal: Seal | None = None
        self._put(bytes([HEADER_BYTES]) + salt + self._nonce_prefix)

    def write(self, data: bytes, /) -> int:
        """Take `data`; seal each segment once the next one has begun. Returns its length."""
        if self._seal is not None:
            raise ValueError("write to a sealed object that is complete")
        rest = memoryview(data)
        while rest:
            if len(self._part) == self._room:
                self._seal_part(last=False)
            taken = rest[: self._room - len(self._part)]
            self._part += taken
            rest = rest[len(taken) :]
        self._plain_sha256.update(data)
        self._size_bytes += len(data)
        return len(data)

    def close(self) -> Seal:
        """Seal the last segment. Returns the sizes and digest; may be repeated."""
        if self._seal is None:
            self._seal_part(last=True)
            self._seal = Seal(
                size_bytes=self._size_bytes,
                sealed_bytes=self._sealed_bytes,
                sha256=self._sha256.hexdigest(),
                plain_sha256=self._plain_sha256.hexdigest(),
            )
        return self._seal

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()

    def _seal_part(self, *, last: bool) -> None:
        nonce = _nonce(self._nonce_prefix, self._segment, last=last)
        self._put(self._cipher.encrypt(nonce, self._part, None))
        self._part.clear()
        self._room = PART_BYTES
        self._segment += 1
        if self._segment == MAX_SEGMENTS:
            raise ValueError("a sealed object holds at most 2^32 segments")

    def _put(self, sealed: bytes) -> None:
        self._sha256.update(sealed)
        self._file.write(sealed)
        self._sealed_bytes += len(sealed)


class SealedReader:
    """Reads any part of a sealed object; not for use by two threads at once.

    The last segment is opened first: it alone carries the mark of the end, so the length is
    authentic before a byte is served. Each segment is verified whole before any of it is
    returned. Raises SealBroken, at once or at the first read of a changed segment.
    """

    def __init__(
        self, source: StoredObject, key: bytes, associated_data: bytes, *, object_id: str
    ) -> None:
        """Take over `source`, which `close` closes. `object_id` names the object in errors."""
        self._source = source
        self._object_id = object_id
        self._count = -(-source.size // SEGMENT_BYTES)
        self._parts: OrderedDict[int, bytes] = OrderedDict()
        if source.size < HEADER_BYTES + TAG_BYTES:
            raise SealBroken("the object is cut", object_id=object_id)
        header = source.read(0, HEADER_BYTES)
        if len(header) != HEADER_BYTES or header[0] != HEADER_BYTES:
            raise SealBroken("this is not a sealed object", object_id=object_id)
        self._nonce_prefix = header[1 + SALT_BYTES :]
        self._cipher = AESGCM(_derive(key, header[1 : 1 + SALT_BYTES], associated_data))
        self.size = plaintext_size(source.size)
        self._open_part(self._count - 1)

    def read(self, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset`, fewer only at the end."""
        return b"".join(self.chunks(offset, length))

    def chunks(self, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Return the same as `read`, piece by piece of at most 64 KiB; all by default."""
        if offset < 0 or (length is not None and length < 0):
            raise ValueError(f"offset {offset} and length {length}, allowed: 0 and above")
        end = self.size if length is None else min(self.size, offset + length)
        while offset < end:
            index, start = _place(offset)
            part = self._open_part(index)[start : start + end - offset]
            yield part
            offset += len(part)

    def close(self) -> None:
        """Close the object in the store; may be repeated."""
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _open_part(self, index: int) -> bytes:
        """Return the plaintext of one segment, from the cache or verified now."""
        if index in self._parts:
            self._parts.move_to_end(index)
            return self._parts[index]
        start = index * SEGMENT_BYTES if index else HEADER_BYTES
        sealed = self._source.read(start, (index + 1) * SEGMENT_BYTES - start)
        nonce = _nonce(self._nonce_prefix, index, last=index == self._count - 1)
        try:
            part = self._cipher.decrypt(nonce, sealed, None)
        except (InvalidTag, ValueError) as error:
            raise SealBroken(f"segment {index} was changed", object_id=self._object_id) from error
        if len(self._parts) == CACHED_SEGMENTS:
            self._parts.popitem(last=False)
        self._parts[index] = part
        return part


def plaintext_size(sealed_bytes: int) -> int:
    """Return how long the plaintext of a sealed object of this length is."""
    return sealed_bytes - HEADER_BYTES - TAG_BYTES * -(-sealed_bytes // SEGMENT_BYTES)


def _place(offset: int) -> tuple[int, int]:
    """Return the segment that holds the plaintext byte `offset`, and where in it."""
    index, start = divmod(offset + HEADER_BYTES, PART_BYTES)
    return (index, start) if index else (0, offset)


def _nonce(prefix: bytes, segment: int, *, last: bool) -> bytes:
    return prefix + segment.to_bytes(4, "big") + bytes([last])


def _derive(key: bytes, salt: bytes, associated_data: bytes) -> bytes:
    if len(key) != KEY_BYTES:
        raise ValueError(f"a key of {len(key)} bytes, allowed: {KEY_BYTES}")
    kdf = HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=salt, info=associated_data)
    return kdf.derive(key)
