"""Headers of members, in the part of the tar format (POSIX ustar) that a backup uses.

A header follows from name and size alone, so the reader makes it again and compares: whatever
else a header could say, such as a link, an owner or another encoding, is refused as damage.
"""

import re

from callvault.errors import BackupRefused

BLOCK = 512
END = b"\0" * (2 * BLOCK)
_NAME_BYTES, _PREFIX_BYTES = 100, 155
_LARGEST_OCTAL = 8**11 - 1
LARGEST_BYTES = 2**60
_NAME = re.compile(r"[a-z0-9][A-Za-z0-9._-]{0,99}(/[a-z0-9][A-Za-z0-9._-]{0,99}){0,8}")


def header_of(name: str, size: int) -> bytes:
    """Return the header of a plain file. Raises ValueError for a name that no member has."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"member name {name!r}")
    prefix, short = _split(name)
    fields = (
        short.ljust(_NAME_BYTES, b"\0"),
        b"0000600\0",  # mode
        b"0000000\0" * 2,  # owner, group
        _size_field(size),
        b"00000000000\0",  # time of change: the manifest says when the backup was made
        b" " * 8,  # checksum, as it is while it is computed
        b"0",  # a plain file
        b"\0" * 100,  # no link
        b"ustar\00000",
        b"\0" * 64,  # names of owner and group
        b"\0" * 16,  # device
        prefix.ljust(_PREFIX_BYTES, b"\0"),
        b"\0" * 12,
    )
    header = b"".join(fields)
    checksum = b"%06o\0 " % sum(header)
    return header[:148] + checksum + header[156:]


def read_header(header: bytes) -> tuple[str, int]:
    """Return name and size. Raises BackupRefused for what `header_of` would not have made."""
    size_field = header[124:136]
    try:
        if size_field[0] & 0x80:
            size = int.from_bytes(size_field) & ~(0x80 << 88)
        else:
            size = int(size_field.rstrip(b"\0").decode("ascii"), 8)
        short, prefix = header[:_NAME_BYTES].rstrip(b"\0"), header[345:500].rstrip(b"\0")
        name = b"/".join(part for part in (prefix, short) if part).decode("ascii")
        if 0 <= size <= LARGEST_BYTES and header_of(name, size) == header:
            return name, size
    except (ValueError, IndexError):
        pass
    raise BackupRefused("the backup is damaged: a header is not one of a backup")


def padding_of(size: int) -> int:
    """Return how many zero bytes follow a member of this size."""
    return -size % BLOCK


def _split(name: str) -> tuple[bytes, bytes]:
    encoded = name.encode("ascii")
    if len(encoded) <= _NAME_BYTES:
        return b"", encoded
    cut = encoded.find(b"/", len(encoded) - _NAME_BYTES - 1)
    if cut < 0 or cut > _PREFIX_BYTES:
        raise ValueError(f"member name {name!r} is too long")
    return encoded[:cut], encoded[cut + 1 :]


def _size_field(size: int) -> bytes:
    """Return the size in octal, or as GNU tar writes what is larger: in binary, marked."""
    if size <= _LARGEST_OCTAL:
        return b"%011o\0" % size
    return (size | 0x80 << 88).to_bytes(12)
