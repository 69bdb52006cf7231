"""Read a peer's session description: tolerant of everything seen in the field, bounded always.

A line that cannot be understood is skipped, and an m-line that cannot be understood is still
there with port 0, since the answer must have as many lines as the offer (RFC 3264, section 6).
"""

import re
from collections.abc import Callable
from functools import lru_cache
from itertools import islice

import msgspec

from callvault.errors import OfferRefused
from callvault.sdp.crypto import Crypto, read_crypto
from callvault.sdp.description import (
    KNOWN_ENCODINGS,
    STATIC_CODECS,
    Codec,
    Direction,
    MediaLine,
    SessionDescription,
)

MAX_BYTES = 65536
MAX_MEDIA_LINES = 64
MAX_FORMATS = 64  # on one m-line; a real offer has a dozen
_MAX_CRYPTO_LINES = 16
MAX_KEPT_BYTES = 262_144  # of a message that is kept without its keys; the rest goes as well
MAX_KEY_LINES = 4096  # and of lines with keys
_MAX_PARAMETERS = 512
_MAX_RTPMAP = 96

_RTPMAP = re.compile(
    r"\s*(\d{1,3})\s+([A-Za-z0-9._+-]{1,32})(?:\s*/\s*(\d{1,7})\D*?(?:/(\d))?)?\s*$"
)
_FMTP = re.compile(r"(\d{1,3})\s+(\S.*)")
_PORT = re.compile(r"\d{1,5}")
_PAYLOAD_TYPES = {f"{one:0{width}}": one for one in range(128) for width in (1, 2, 3)}
# What the reader above strips or skips between the letters (blanks of any alphabet, NULs) must not
# hide a key from this, so that all but letters counts as nothing.
_KEYS = re.compile(
    rb"(?i)(?<![^\r\n])((?:[^\r\na-z]*a=[^\r\na-z:]*(?:crypto|key-mgmt)[^\r\na-z:]*:)"
    rb"|(?:[^\r\na-z]*k=))[^\r\n]*"
)
_OF_KEYS = (b"crypto", b"key-mgmt", b"k=", b"content-transfer-encoding", b"authorization")
# From what answers a challenge a weak password can be guessed.
_CREDENTIALS = re.compile(
    rb"(?i)(?<![^\r\n])((?:proxy-)?authorization[ \t]*:)[^\r\n]*(?:\r?\n[ \t]+[^\r\n]*)*"
)
_ENCODED = re.compile(
    rb"(?i)(?<![^\r\n])content-transfer-encoding[ \t]*:\s*(?:base64|quoted-printable)"
)


class _Section(msgspec.Struct):
    """Attributes of the session or of one m-line while they are gathered."""

    words: list[str] = []  # of the m-line
    address: str = ""
    direction: Direction | None = None
    label: str = ""
    crypto: list[Crypto] = []
    has_crypto: bool = False
    has_fingerprint: bool = False
    rtcp_mux: bool = False
    record: str = ""
    record_preference: str = ""
    rtpmaps: dict[int, Codec] = {}
    parameters: dict[int, str] = {}

    @property
    def kind(self) -> str:
        """What sort of media it is: audio, video; empty if the line does not say."""
        return self.words[0].lower() if self.words else ""


def parse_offer(text: bytes) -> SessionDescription:
    """Read an offer or an answer. Raises OfferRefused if it is too long or has no m-line."""
    if len(text) > MAX_BYTES:
        raise OfferRefused(
            f"session description of {len(text)} bytes, at most {MAX_BYTES} are read"
        )
    session, sections = _gather(text)
    if not sections:
        raise OfferRefused("session description without a media line")
    meanings = _meanings(sections)
    return SessionDescription(
        tuple(_media_line(one, session, meanings[one.kind]) for one in sections)
    )


def without_keys(message: bytes) -> bytes:
    """Return a SIP message or body with the keys of its SDP taken out (RFC 4567, 4568).

    So are the answers to digest challenges (RFC 7616).
    A body in base64 or the like, which no recording client needs, is taken out as a whole: what
    it holds cannot be seen. So is all behind more bytes, or more keys, than any message has.
    """
    message = message[:MAX_KEPT_BYTES].replace(b"\0", b"")
    lowered = message.lower()
    if not any(word in lowered for word in _OF_KEYS):
        return message  # nearly every message, and each one of a call comes by here
    message = _CREDENTIALS.sub(rb"\1 removed", message)
    encoded = _ENCODED.search(message)
    if encoded:
        head_end = re.compile(rb"\r?\n\r?\n").search(message, encoded.end())
        message = message[: head_end.end()] + b"removed" if head_end else message
    pieces: list[bytes] = []
    end = 0
    for found in islice(_KEYS.finditer(message), MAX_KEY_LINES):
        pieces += (message[end : found.end(1)], b"removed")
        end = found.end()
    return b"".join(pieces) + (b"" if len(pieces) == 2 * MAX_KEY_LINES else message[end:])


def _gather(text: bytes) -> tuple[_Section, list[_Section]]:
    """Sort the lines into the session's section and one for each m-line."""
    session = current = _Section()
    sections: list[_Section] = []
    for raw in _lines(text):
        line = raw.strip()
        kind, value = line[:2], line[2:]
        if kind in ("a=", "A="):  # first what there is most of
            name, _, argument = value.partition(":")
            read = _ATTRIBUTES.get(name) or _ATTRIBUTES.get(name.strip().lower())
            if read:
                read(current, argument)
        elif kind in ("m=", "M="):
            if len(sections) == MAX_MEDIA_LINES:
                raise OfferRefused(f"more than {MAX_MEDIA_LINES} media lines")
            current = _Section(words=value.split())
            sections.append(current)
        elif kind in ("c=", "C="):
            current.address = _address(value) or current.address
    return session, sections


def _lines(text: bytes) -> list[str]:
    """Split at any of the three line ends."""
    shown = text.replace(b"\0", b"").decode("utf-8", "replace")
    return shown.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _address(value: str) -> str:
    """Return the address of a c= line ("IN IP4 192.0.2.1/127"), empty if there is none."""
    words = value.split()
    return words[2].partition("/")[0] if len(words) >= 3 else ""


def _read_rtpmap(section: _Section, argument: str) -> None:
    codec = _codec(argument[:_MAX_RTPMAP])
    if codec:
        section.rtpmaps[codec.payload_type] = codec


def _read_fmtp(section: _Section, argument: str) -> None:
    found = _FMTP.match(argument.strip())
    if found:
        section.parameters[int(found[1])] = found[2][:_MAX_PARAMETERS]


def _read_label(section: _Section, argument: str) -> None:
    section.label = "".join(filter(str.isprintable, argument.strip()[:256])).strip()


def _read_crypto(section: _Section, argument: str) -> None:
    section.has_crypto = True
    crypto = read_crypto(argument)
    tags = {one.tag for one in section.crypto}
    if crypto and crypto.tag not in tags and len(section.crypto) < _MAX_CRYPTO_LINES:
        section.crypto.append(crypto)


def _read_fingerprint(section: _Section, _argument: str) -> None:
    section.has_fingerprint = True


def _read_rtcp_mux(section: _Section, _argument: str) -> None:
    section.rtcp_mux = True


def _read_record(section: _Section, argument: str) -> None:
    section.record = argument.strip().lower()[:16]


def _read_record_preference(section: _Section, argument: str) -> None:
    section.record_preference = argument.strip().lower()[:16]


def _reader_of(direction: Direction) -> Callable[[_Section, str], None]:
    def read(section: _Section, _argument: str) -> None:
        section.direction = direction

    return read


_ATTRIBUTES = {
    "rtpmap": _read_rtpmap,
    "fmtp": _read_fmtp,
    "label": _read_label,
    "crypto": _read_crypto,
    "fingerprint": _read_fingerprint,
    "rtcp-mux": _read_rtcp_mux,
    "record": _read_record,
    "recordpref": _read_record_preference,
    **{direction.value: _reader_of(direction) for direction in Direction},
}


@lru_cache(512)
def _codec(rtpmap: str) -> Codec | None:
    """Read `8 PCMA/8000`, also as Oracle writes it: `0 pcmu/8000a`. All calls have the same few."""
    found = _RTPMAP.match(rtpmap)
    if not found:
        return None
    payload_type, clock_rate_hz = int(found[1]), int(found[3] or 8000)
    if payload_type > 127 or not clock_rate_hz:
        return None
    return Codec(payload_type, found[2].upper(), clock_rate_hz, int(found[4] or 1) or 1)


def _meanings(sections: list[_Section]) -> dict[str, dict[int, Codec]]:
    """Gather what payload types mean, by the kind of line: 97 is video here and events there."""
    found: dict[str, dict[int, Codec]] = {}
    for section in reversed(sections):  # the first line that says it counts
        found.setdefault(section.kind, {}).update(section.rtpmaps)
    return found


def _media_line(section: _Section, session: _Section, borrowed: dict[int, Codec]) -> MediaLine:
    words = section.words
    port = _PORT.match(words[1]) if len(words) >= 4 else None
    formats = tuple(words[3 : 3 + MAX_FORMATS]) or ("0",)
    return MediaLine(
        media=section.kind or "unknown",
        port=int(port[0]) if port and int(port[0]) <= 65535 else 0,
        protocol=_protocol(words[2]) if len(words) >= 3 else "RTP/AVP",
        formats=formats,
        codecs=_codecs(formats, section, borrowed),
        label=section.label,
        direction=section.direction or session.direction or Direction.SENDRECV,
        address=section.address or session.address,
        crypto=tuple(section.crypto),
        has_crypto=section.has_crypto,
        has_fingerprint=section.has_fingerprint or session.has_fingerprint,
        rtcp_mux=section.rtcp_mux,
        record=section.record or session.record,
        record_preference=section.record_preference or session.record_preference,
    )


def _protocol(text: str) -> str:
    """Write RTP in upper case; what is none is only echoed (`udptl`)."""
    return text.upper() if "RTP" in text.upper() else text


def _codecs(
    formats: tuple[str, ...], section: _Section, borrowed: dict[int, Codec]
) -> tuple[Codec, ...]:
    """Give each payload type its meaning: own rtpmap, static table, another line's rtpmap."""
    found: dict[int, Codec] = {}
    for text in formats:
        number = _PAYLOAD_TYPES.get(text)
        if number is None or number in found:
            continue
        codec = _meaning(number, section.rtpmaps.get(number), borrowed)
        if codec:
            parameters = section.parameters.get(number)
            found[number] = _with(codec, parameters) if parameters else codec
    return tuple(found.values())


def _meaning(number: int, own: Codec | None, borrowed: dict[int, Codec]) -> Codec | None:
    if own and own.encoding in KNOWN_ENCODINGS:
        return own
    # A static type keeps its meaning under an odd name, too: `18 G729A/8000`.
    return STATIC_CODECS.get(number) or own or borrowed.get(number)


def _with(codec: Codec, parameters: str) -> Codec:
    return Codec(
        codec.payload_type, codec.encoding, codec.clock_rate_hz, codec.channels, parameters
    )
