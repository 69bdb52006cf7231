"""Take a SIP body apart on its bytes: which part is the SDP, which the metadata (RFC 7866, 9.1).

Tolerant of what SRCs really send: bare line feeds, blanks after a boundary, a missing closing
delimiter, metadata first, one level of nesting. Line ends of the parts are never touched.
"""

import binascii
import re
from collections.abc import Iterator

import msgspec

MAX_PARTS = 32
_MAX_HEADER_LINES = 64
_MAX_DELIMITERS = 1024  # looked at, delimiters or not, before the rest counts as one part
_MAX_DEPTH = 2

_BOUNDARY = re.compile(r'boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;",]{1,200}))', re.IGNORECASE)
_SNIFFED_BOUNDARY = re.compile(rb"(?:\A|\n)--([^\s]{1,200})[ \t]*\r?\n")
_HANDLING = re.compile(r"handling\s*=\s*\"?([a-z]+)", re.IGNORECASE)
_HEADER = re.compile(rb"([!#-9;-~]{1,64})[ \t]*:([^\n]*)\n?")
_AFTER_DELIMITER = re.compile(rb"(--)?[ \t\0]*(?:\r\n|\n|\Z)")
_ROOT = re.compile(rb"<(?:[\w.-]{1,64}:)?recording(?:_metadata)?[\s/>]", re.IGNORECASE)

_METADATA_TYPES = ("application/rs-metadata+xml", "application/rs-metadata")
_XML_TYPES = ("text/xml", "application/xml", "text/plain", "")


class Part(msgspec.Struct, frozen=True):
    """One part of a body, its transfer encoding undone."""

    media_type: str  # lower case, without parameters; empty: not said
    content: bytes
    disposition: str = ""  # lower case, without parameters
    handling: str = ""  # required, optional; empty: not said


class Body(msgspec.Struct, frozen=True):
    """What an SRS looks for in a body."""

    sdp: bytes | None = None
    metadata: Part | None = None
    others: tuple[Part, ...] = ()

    @property
    def unsupported(self) -> str:
        """Media type of a part that the sender calls mandatory and we do not know, or empty."""
        return next((part.media_type for part in self.others if part.handling == "required"), "")


def read_body(content_type: str, body: bytes, *, disposition: str = "") -> Body:
    """Sort a message body by what its parts are, whatever their order."""
    headers = {"content-type": content_type, "content-disposition": disposition}
    sdp: bytes | None = None
    metadata: Part | None = None
    others: list[Part] = []
    for part in _flatten(headers, body, depth=0):
        if metadata is None and _is_metadata(part):
            metadata = part
        elif sdp is None and _is_sdp(part):
            sdp = part.content
        elif part.content and len(others) < MAX_PARTS:
            others.append(part)
    return Body(sdp, metadata, tuple(others))


def _is_metadata(part: Part) -> bool:
    """By media type, by disposition, or by the root element (protocols of 1.1 in practice)."""
    if part.media_type in _METADATA_TYPES:
        return True
    if part.disposition == "recording-session" and part.media_type != "application/sdp":
        return part.media_type != "application/rs-metadata-request"
    return part.media_type in _XML_TYPES and _ROOT.search(part.content[:2048]) is not None


def _is_sdp(part: Part) -> bool:
    if part.media_type == "application/sdp":
        return True
    return part.media_type == "" and part.content.lstrip()[:3].lower() == b"v=0"


def _flatten(headers: dict[str, str], content: bytes, *, depth: int) -> Iterator[Part]:
    """Yield the leaves of a body, at most MAX_PARTS on each level."""
    content_type = headers.get("content-type", "")
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type.startswith("multipart/") and depth < _MAX_DEPTH:
        for raw in _split(content, _boundary(content_type, content)):
            part_headers, part_content = _read_headers(raw)
            yield from _flatten(part_headers, part_content, depth=depth + 1)
        return
    disposition = headers.get("content-disposition", "")
    handling = _HANDLING.search(disposition) if disposition else None
    yield Part(
        media_type,
        _undo_encoding(headers.get("content-transfer-encoding", ""), content),
        disposition.partition(";")[0].strip().lower(),
        handling[1].lower() if handling else "",
    )


def _boundary(content_type: str, content: bytes) -> bytes:
    """Return the boundary that is announced, else the one that the body shows."""
    found = _BOUNDARY.search(content_type)
    if found:
        return (found[1] or found[2]).encode("utf-8", "surrogateescape")
    sniffed = _SNIFFED_BOUNDARY.search(content[:4096])
    return sniffed[1] if sniffed else b""


def _split(content: bytes, boundary: bytes) -> list[bytes]:
    """Cut a multipart content at its delimiters; preamble and epilogue are dropped."""
    parts: list[bytes] = []
    start: int | None = None
    for begin, end, closes in _delimiters(content, boundary):
        if start is not None:
            parts.append(_without_line_end(content[start:begin]))
        start = None if closes else end
        if closes or len(parts) == MAX_PARTS:
            return parts
    if start is not None:
        parts.append(content[start:])  # Sonus, Oracle, CUBE with GTD: never closed
    return parts


def _delimiters(content: bytes, boundary: bytes) -> Iterator[tuple[int, int, bool]]:
    """Yield (begin, end, closes) of each delimiter. `--boundaryX` is none."""
    mark = b"--" + boundary
    position = 0
    for _ in range(_MAX_DELIMITERS if boundary else 0):
        begin = content.find(mark, position)
        if begin < 0:
            return
        position = begin + len(mark)
        # IOS 15.6 writes blanks after the boundary; some glue it to the end of the line before.
        found = _AFTER_DELIMITER.match(content, position)
        if found:
            position = found.end()
            yield begin, position, found[1] is not None


def _without_line_end(part: bytes) -> bytes:
    """Take off the one line end that belongs to the delimiter (RFC 2046, section 5.1.1)."""
    for end in (b"\r\n", b"\n"):
        if part.endswith(end):
            return part[: -len(end)]
    return part


def _read_headers(part: bytes) -> tuple[dict[str, str], bytes]:
    """Split a part into headers and content; the first of two equal headers counts."""
    headers: dict[str, str] = {}
    position, last = 0, ""
    for _ in range(_MAX_HEADER_LINES):
        found = _HEADER.match(part, position)
        if found:
            last = found[1].decode("ascii").lower()
            value = found[2].strip().decode("utf-8", "replace")
            headers[last] = headers.get(last) or value
            position = found.end()
            continue
        end = part.find(b"\n", position) + 1 or len(part)
        line = part[position:end]
        if not line.strip():
            return headers, part[end:]
        if not last or line[:1] not in (b" ", b"\t"):
            break  # the blank line is missing and the content begins here
        headers[last] += " " + line.strip().decode("utf-8", "replace")
        position = end
    return headers, part[position:]


def _undo_encoding(encoding: str, content: bytes) -> bytes:
    """Undo base64 or quoted-printable; content that is neither stays as it came."""
    encoding = encoding.strip().lower()
    try:
        if encoding == "base64":
            return binascii.a2b_base64(content)
        if encoding == "quoted-printable":
            return binascii.a2b_qp(content)
    except binascii.Error:
        return content
    return content
