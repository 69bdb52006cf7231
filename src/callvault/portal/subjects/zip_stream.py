"""A ZIP archive as it is made: its bytes leave as they come, and nothing of it is kept."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import IO, cast
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo


class _Outlet:
    """What a ZipFile writes to; without `seek`, sizes follow each file (APPNOTE.TXT, 4.3.9)."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Take bytes."""
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits here."""

    def taken(self) -> bytes:
        """Return what was written since the last time."""
        data, self._parts = b"".join(self._parts), []
        return data


class ZipStream:
    """Writes one file after the other; each method yields bytes of the archive."""

    def __init__(self, at: datetime) -> None:
        self._outlet = _Outlet()
        self._file = ZipFile(cast("IO[bytes]", self._outlet), "w", ZIP_DEFLATED)
        self._at = at.timetuple()[:6]

    def add(self, name: str, chunks: Iterable[bytes], *, packed: bool = True) -> Iterator[bytes]:
        """Add a file. What cannot be made smaller, such as MP3, is stored as it is."""
        info = ZipInfo(name, self._at)
        info.compress_type = ZIP_DEFLATED if packed else ZIP_STORED
        info.external_attr = 0o600 << 16
        with self._file.open(info, "w", force_zip64=True) as file:
            for chunk in chunks:
                file.write(chunk)
                yield self._outlet.taken()
        yield self._outlet.taken()

    def end(self) -> Iterator[bytes]:
        """Write the list of files."""
        self._file.close()
        yield self._outlet.taken()
