"""Inputs made to cost as much as they can: each is a function of its size in bytes.

A case grows up to the bound of its reader, where it costs most, and to a megabyte, where it must be
refused or read in time all the same.
"""

from collections.abc import Callable
from dataclasses import dataclass

SIP_HEAD = 65_000
SDP = 65_500
XML = 262_000
MEGABYTE = 1_000_000

Making = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Costly:
    """One shape of input for one target."""

    name: str
    target: str
    bound: int  # bytes, of the reader
    make: Making


def fill(pattern: bytes, size: int, before: bytes = b"", after: bytes = b"") -> bytes:
    """Repeat a pattern to a size, between two ends."""
    room = max(0, size - len(before) - len(after))
    return before + (pattern * (room // len(pattern) + 1))[:room] + after


# --- SIP

_START = (
    b"INVITE sip:srs@192.0.2.200 SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nCall-ID: a\r\n"
    b"CSeq: 1 INVITE\r\nTo: <sip:b@h>\r\n"
)
_HEADERS = ("From", "Via", "Contact", "Content-Type")
_PATTERNS = {
    "opening brackets": b"<",
    "closing brackets": b">",
    "quotes": b'"',
    "escaped quotes": b'\\"',
    "commas": b",",
    "parameters": b';a="',
    "blanks": b" ",
    "at signs": b"@",
    "escapes": b"%41",
    "not utf-8": b"\xff",
}


def _folded(header: str, pattern: bytes) -> Making:
    def make(size: int) -> bytes:
        line = fill(pattern, 6_000)
        return fill(line + b"\r\n ", size, _START + header.encode() + b": ", b"\r\n\r\n")

    return make


def _repeated(header: str, pattern: bytes) -> Making:
    def make(size: int) -> bytes:
        line = header.encode() + b": " + fill(pattern, max(8, size // 250)) + b"\r\n"
        return fill(line, size, _START, b"\r\n\r\n")

    return make


def _of_head(pattern: bytes) -> Making:
    return lambda size: fill(pattern, size, _START, b"\r\n\r\n")


SIP = [
    *(
        Costly(f"{header} {how} of {name}", "datagram", SIP_HEAD, making(header, pattern))
        for header in _HEADERS
        for name, pattern in _PATTERNS.items()
        for how, making in (("folded", _folded), ("repeated", _repeated))
    ),
    Costly("ten thousand headers", "datagram", 10_000 * 6, _of_head(b"A: b\r\n")),
    Costly("folded lines", "datagram", SIP_HEAD, _of_head(b" f\r\n")),
    Costly("lengths", "datagram", SIP_HEAD, _of_head(b"l: 1\r\n")),
    Costly("carriage returns", "datagram", MEGABYTE, lambda size: b"\r" * size),
    Costly("nothing but NUL", "datagram", MEGABYTE, lambda size: bytes(size)),
    Costly("words", "datagram", MEGABYTE, lambda size: fill(b"a ", size, b"INVITE ")),
    Costly("a body", "datagram", MEGABYTE, lambda size: fill(b"x", size, _START + b"\r\n")),
]

# --- connections: the first byte says how the target cuts them (1: 7 bytes, 255: 1,785)


def _cut(pattern: bytes, before: bytes = b"", *, pieces: int = 255) -> Making:
    return lambda size: fill(pattern, size, bytes([pieces]) + before)


CONNECTIONS = [
    Costly("line feeds", "stream", MEGABYTE, _cut(b"\n")),
    Costly("carriage returns", "stream", MEGABYTE, _cut(b"\r")),
    Costly("pings", "stream", MEGABYTE, _cut(b"\r\n\r\n")),
    Costly("nearly pings", "stream", MEGABYTE, _cut(b"\r\n\r")),
    Costly("a head without end", "stream", SIP_HEAD, _cut(b"A: b\r\n", _START)),
    Costly("a head byte by byte", "stream", SIP_HEAD // 8, _cut(b"A: b", _START, pieces=1)),
    Costly("lengths", "stream", SIP_HEAD, _cut(b"l:\r\n 1\r\n", _START)),
    Costly("blank lengths", "stream", SIP_HEAD, _cut(b"l:" + b" " * 90, _START)),
    Costly(
        "a body in pieces",
        "stream",
        MEGABYTE,
        _cut(b"\n", _START + b"l: 1000000\r\nc: text/plain\r\n\r\n"),
    ),
]

# --- multipart


def _multipart(pattern: bytes, kind: bytes = b"multipart/mixed;boundary=x") -> Making:
    return lambda size: fill(pattern, size, kind + b"\n")


_ENCODED = b"--x\r\nContent-Transfer-Encoding: %s\r\n\r\n"
_NESTED = b"--x\r\nContent-Type: multipart/mixed;boundary=x\r\n\r\n"
MULTIPARTS = [
    Costly(name, "multipart", MEGABYTE, _multipart(pattern))
    for name, pattern in {
        "boundaries": b"--x\r\n",
        "boundaries that are none": b"--xX",
        "boundaries without a line": b"--x",
        "boundaries and blanks": b"--x" + b" " * 5_000,
        "boundaries and NUL": b"--x" + bytes(900),
        "headers": b"--x\r\n" + b"A: b\r\n" * 60,
        "nested": _NESTED,
        "base64": _ENCODED % b"base64" + b"=A" * 400_000,
        "quoted-printable": _ENCODED % b"quoted-printable" + b"=A0=\n" * 150_000,
    }.items()
] + [
    Costly("nothing but line feeds", "multipart", MEGABYTE, _multipart(b"\n", b"multipart/mixed")),
    Costly("nothing but dashes", "multipart", MEGABYTE, _multipart(b"-", b"multipart/mixed")),
    Costly("text that seems XML", "multipart", MEGABYTE, _multipart(b"<a ", b"text/xml")),
]

# --- SDP

_LINE = b"m=audio 30000 RTP/AVP 0 8 101\r\n"
_ALL = b" ".join(b"%d" % number for number in range(35, 99))


def _offer(part: bytes, before: bytes) -> Making:
    return lambda size: fill(part, size, before)


OFFERS = [
    Costly(name, "offer", SDP, _offer(part, before))
    for name, (before, part) in {
        "lines": (b"", b"\n"),
        "attributes": (_LINE, b"a=\n"),
        "one long attribute": (_LINE, b"a="),
        "media lines": (b"", _LINE),
        "media lines with everything": (
            b"",
            (b"m=audio 1 RTP/AVP " + _ALL + b"\r\n" + b"a=x\n" * 150),
        ),
        "rtpmaps": (_LINE, b"a=rtpmap:101 telephone-event/8000\r\n"),
        "bad rtpmaps": (_LINE, b"a=rtpmap:0 " + b" " * 80 + b"x\n"),
        "blanks in an rtpmap": (_LINE + b"a=rtpmap:1 x/8", b" "),
        "fmtps": (_LINE, b"a=fmtp:101 0-15\r\n"),
        "a long fmtp": (_LINE + b"a=fmtp:101 ", b"0,"),
        "a long label": (_LINE + b"a=label:", "\u2028".encode()),
        "holds": (b"", _LINE + b"a=inactive\n"),
    }.items()
] + [
    Costly("keys", "offer", MEGABYTE, lambda size: fill(b"k=\n", size)),
    Costly("nearly keys", "offer", MEGABYTE, lambda size: fill(b"\n" + b" " * 1_000, size)),
    Costly("crypto without end", "offer", MEGABYTE, lambda size: fill(b"a=crypto ", size)),
]

# --- metadata

_ROOT = b'<recording xmlns="urn:ietf:params:xml:ns:recording:1">'
_END = b"</recording>"


def _everything(size: int) -> bytes:
    """Sessions, people, streams and their associations, as many as fit."""
    one = (
        b'<session session_id="s%d"/><participant participant_id="p%d"><nameID aor="sip:%d@h">'
        b'<name>n</name></nameID></participant><stream stream_id="t%d" session_id="s%d">'
        b'<label>%d</label></stream><participantstreamassoc participant_id="p%d">'
        b"<send>t%d</send></participantstreamassoc>"
        b'<participantsessionassoc participant_id="p%d" session_id="s%d"/>'
    )
    parts = [one % ((number,) * 10) for number in range(size // len(one % ((9_999,) * 10)))]
    return _ROOT + b"".join(parts) + _END


def _numbered(before: bytes, one: bytes, after: bytes) -> Making:
    def make(size: int) -> bytes:
        count = max(0, size - len(before) - len(after)) // len(one % 99_999)
        return before + b"".join(one % number for number in range(count)) + after

    return make


def _xml(pattern: bytes, before: bytes = _ROOT, after: bytes = _END) -> Making:
    return lambda size: fill(pattern, size, before, after)


DOCUMENTS = [
    Costly(name, "metadata", XML, make)
    for name, make in {
        "everything": _everything,
        "attributes": _numbered(_ROOT + b"<a ", b'a%d="" ', b"/>" + _END),
        "namespaces": _numbered(_ROOT + b"<a ", b'xmlns:n%d="u" ', b"/>" + _END),
        "one long attribute": _xml(b"x", _ROOT + b'<a b="', b'"/>' + _END),
        "elements": _xml(b"<a/>"),
        "nesting": _xml(b"<a>"),
        "nesting within bounds": _xml(b"<a>" * 55 + b"</a>" * 55),
        "entity references": _xml(b"&a;"),
        "character references": _xml(b"&#65;"),
        "forbidden characters": _xml(b"&#1;"),
        "ampersands": _xml(b"&"),
        "entity declarations": _xml(b'<!ENTITY a "aaaaaaaa">', b"<!DOCTYPE r [", b"]>"),
        "raw addresses": _xml(b"<sip:" + b"a" * 1_000),
        "opening brackets": _xml(b"<"),
        "closed too often": _xml(b"</a>"),
        "closed wrongly": _xml(b"<a></b>"),
        "comments": _xml(b"<!--"),
        "instructions": _xml(b"<?"),
        "sections": _xml(b"<![CDATA["),
        "blanks": _xml(b" ", b"", b""),
        "NUL": _xml(b"\0", b"", b""),
        "two bytes a character": _xml(b"<\0", b"\xff\xfe", b""),
        "identities": _xml(b"<nameID aor='sip:a@b'/>", _ROOT + b"<participant id='p'>", b""),
        "sent streams": _xml(b"<send>1</send>", _ROOT + b"<participant id='p'>", b""),
        "extensions": _xml(b"<z a='1' b='2'>t</z>", _ROOT + b"<x>", b"</x>" + _END),
        "addresses": _xml(
            b"a@", _ROOT + b"<participant><nameID aor='", b"'/></participant>" + _END
        ),
    }.items()
]

# --- whole recording sessions


def _with_offer(make: Making) -> Making:
    def made(size: int) -> bytes:
        offer = b"--x\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n" + _LINE * 16
        kind = b"\r\n--x\r\nContent-Type: application/rs-metadata\r\n\r\n"
        return offer + kind + make(size - len(offer + kind))

    return made


DIALOGS = [Costly("everything", "dialog", XML, _with_offer(_everything))]

# --- media and files

_NESTED_EVENT = b'\x02{"type":"ended","x":' + b"[" * 5_000
MEDIA = [
    Costly("empty datagrams", "packets", MEGABYTE, lambda size: bytes(size)),
    Costly("contributing sources", "packets", MEGABYTE, lambda size: fill(b"\xff\x8f", size)),
    Costly("descriptions", "packets", MEGABYTE, lambda size: fill(b"\xfc\x9f\xca\0\x3e", size)),
    Costly(
        "events", "journal", MEGABYTE, lambda size: fill(_NESTED_EVENT + bytes(6), size, b"\x90")
    ),
    Costly("sources", "journal", MEGABYTE, lambda size: fill(b"\xff", size, b"\x90\1")),
    Costly("nested", "checkpoint", MEGABYTE, lambda size: fill(b"\x91", size, b"\x50")),
    Costly("not unicode", "checkpoint", MEGABYTE, lambda size: fill(b"\x91", size, b"\x50\xc1")),
    Costly("lengths", "sealed", MEGABYTE, lambda size: fill(b"\x30\x80", size)),
    Costly("a header", "sealed", MEGABYTE, lambda size: fill(b"\x28", size)),
]

CASES = [*SIP, *CONNECTIONS, *MULTIPARTS, *OFFERS, *DOCUMENTS, *DIALOGS, *MEDIA]
