"""HTTP ranges of bytes (RFC 9110, section 14): which part of an object a request asks for."""

import re
from dataclasses import dataclass

_SINGLE_RANGE = re.compile(r"bytes\s*=\s*(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))\s*")


class RangeNotSatisfiable(ValueError):
    """The range lies beyond the object: answer 416 with its size."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes `first` to `last` of an object, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        """How many bytes it holds."""
        return self.last - self.first + 1


def requested_range(header: str | None, size: int) -> ByteRange | None:
    """Return the part that a Range header asks for; None: serve the whole.

    A header that is malformed, names another unit, or asks for several ranges is ignored, as a
    server may (section 14.2). Raises RangeNotSatisfiable when no byte of the range exists.
    """
    match = _SINGLE_RANGE.fullmatch(header.strip()) if header else None
    if match is None:
        return None
    first, last, suffix = match.groups()
    if suffix is not None:
        return _suffix(int(suffix), size)
    if last and int(last) < int(first):
        return None  # invalid, not unsatisfiable (section 14.1.1)
    if int(first) >= size:
        raise RangeNotSatisfiable(f"byte {first} of {size}")
    return ByteRange(int(first), min(int(last) if last else size - 1, size - 1))


def _suffix(length: int, size: int) -> ByteRange:
    if length == 0 or size == 0:
        raise RangeNotSatisfiable(f"the last {length} bytes of {size}")
    return ByteRange(max(size - length, 0), size - 1)


def range_holds(if_range: str | None, etag: str) -> bool:
    """Whether a range may be served: without If-Range, or if it names just this object.

    Only the strong comparison of tags counts (section 13.1.5); we send no dates, so none matches.
    """
    return if_range is None or (if_range.strip() == etag and not etag.startswith("W/"))
