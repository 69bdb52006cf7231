"""Typed forms of single SIP header values: addresses, Via, CSeq, parameters, lists.

Reading is as tolerant as the field demands (From without brackets, Contact without its closing
bracket, parameters anywhere); what cannot be understood is kept as text. Only values without
which no answer can be made (Via, CSeq) raise. Nothing here knows messages or dialogs.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import unquote

from callvault.errors import RemoteProtocolError
from callvault.memo import remembered

Parameters = tuple[tuple[str, str], ...]

CSEQ_LIMIT = (
    2**32
)  # 32 bits on the wire; RFC 3261 wants senders below 2**31, the field does not care
_SRC_TAGS = ("+sip.src", "src", "+sip-src", "+sip-rec")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_CSEQ = re.compile(r"([0-9]{1,10})\s+(\S+)")
_VIA = re.compile(r"SIP\s*/\s*2\.0\s*/\s*([A-Za-z0-9.-]+)\s+(.+)", re.DOTALL | re.IGNORECASE)
_HOST_PORT = re.compile(r"(\[[^\]]*\]|[^:\s]+)\s*(?::\s*([0-9]{1,5}))?$")


def split_list(text: str, separator: str = ",") -> list[str]:
    """Split at `separator` outside quotes and angle brackets; blanks and empty parts go."""
    if '"' not in text and "<" not in text:
        return [part for piece in text.split(separator) if (part := piece.strip())]
    return [part for piece in _split_outside(text, separator) if (part := piece.strip())]


def _split_outside(text: str, separator: str) -> Iterator[str]:
    start = 0
    quoted = escaped = bracketed = False
    for index, character in enumerate(text):
        if escaped:
            escaped = False
        elif quoted:
            escaped = character == "\\"
            quoted = character != '"'
        elif character == '"':
            quoted = True
        elif character in "<>":
            bracketed = character == "<"
        elif character == separator and not bracketed:
            yield text[start:index]
            start = index + 1
    yield text[start:]


def parse_parameters(text: str) -> Parameters:
    """Read `;a=1;b;c="x"` as pairs in their order; names keep their case, values lose quotes."""
    pairs = []
    for part in split_list(text, ";"):
        name, _, value = part.partition("=")
        if name := name.strip():
            pairs.append((name, unquoted(value.strip())))
    return tuple(pairs)


def unquoted(text: str) -> str:
    """Return the text without surrounding quotes and their escapes, if it has any."""
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1]
        return _ESCAPED.sub(r"\1", text) if "\\" in text else text
    return text


def find_parameter(parameters: Iterable[tuple[str, str]], name: str) -> str | None:
    """Value of the first parameter of that name, any case; "" for a flag, None if absent."""
    wanted = name.lower()
    for key, value in parameters:
        if key.lower() == wanted:
            return value
    return None


def split_host_port(text: str) -> tuple[str, int | None]:
    """Split `host[:port]`; IPv6 loses its brackets. An unreadable port is no port."""
    match = _HOST_PORT.match(text.strip())
    if match is None:
        return text.strip(), None
    port = int(match[2]) if match[2] else None
    return match[1].strip("[]"), port if port is not None and port <= 65535 else None


def join_host_port(host: str, port: int | None) -> str:
    """Write `host[:port]` as URIs and Via want it, IPv6 in brackets."""
    shown = f"[{host}]" if ":" in host else host
    return shown if port is None else f"{shown}:{port}"


@dataclass(frozen=True, slots=True)
class Uri:
    """A SIP, SIPS or tel URI. Reading never fails: what does not fit is only in `text`."""

    text: str  # as received
    scheme: str = ""  # lower case; "" where there was none
    user: str = ""  # percent-decoded, without password and user parameters; the number of a tel:
    host: str = ""  # IPv6 without brackets; "" of a tel:
    port: int | None = None
    parameters: Parameters = ()

    @staticmethod
    @remembered(2048)
    def parse(text: str) -> "Uri":
        """Read one URI, with blanks around or inside as some senders leave them."""
        text = text.strip()
        scheme, colon, rest = text.partition(":")
        if not colon or not scheme.isalnum():
            return Uri(text)
        scheme = scheme.lower()
        if scheme == "tel":
            number, _, parameters = rest.partition(";")
            return Uri(
                text, scheme, unquote(number.strip()), "", None, parse_parameters(parameters)
            )
        base = rest.partition("?")[0]
        if "@" in base or "@" not in rest:  # a "?" may also stand in the user part
            rest = base
        user, _, place = rest.rpartition("@")
        place, _, parameters = place.partition("?")[0].partition(";")
        host, port = split_host_port(place)
        name = user.partition(";")[0].partition(":")[0].strip()
        return Uri(text, scheme, unquote(name), host, port, parse_parameters(parameters))

    def parameter(self, name: str) -> str | None:
        """Value of a URI parameter, any case; "" for a flag, None if absent."""
        return find_parameter(self.parameters, name)


@dataclass(frozen=True, slots=True)
class Address:
    """A name-addr or addr-spec with header parameters: From, To, Contact, Route, Diversion."""

    display_name: str
    uri: Uri
    parameters: Parameters = ()  # of the header, after the closing bracket

    @staticmethod
    @remembered(1024)
    def parse(text: str) -> "Address":
        """Read one value. Never raises: garbage is a Uri without scheme.

        Without brackets, parameters belong to the header (RFC 3261, section 20).
        """
        name, uri, parameters = _split_name_addr(text.strip())
        return Address(name, Uri.parse(uri), parse_parameters(parameters))

    def parameter(self, name: str) -> str | None:
        """Value of a header parameter, any case; "" for a flag, None if absent."""
        return find_parameter(self.parameters, name)

    def any_parameter(self, name: str) -> str | None:
        """Value of a parameter of the URI or of the header, wherever the sender put it."""
        found = self.uri.parameter(name)
        return self.parameter(name) if found is None else found

    @property
    def tag(self) -> str:
        """The tag of a From or To; "" where there is none."""
        return self.parameter("tag") or ""

    @property
    def is_recording_client(self) -> bool:
        """Whether a Contact carries the SRC feature tag, in any of the spellings of the field.

        RFC 7866 wants `;+sip.src` after the bracket; Avaya writes it inside, BroadWorks and
        AudioCodes write `;src`, SipRecClient `;+sip-src` or `;+sip-rec`.
        """
        given = (*self.uri.parameters, *self.parameters)
        return any(name.lower() in _SRC_TAGS for name, _ in given)


def _split_name_addr(text: str) -> tuple[str, str, str]:
    """Take display name, URI and header parameters apart."""
    name = ""
    rest = text
    if match := _QUOTED.match(text):
        name, rest = unquoted(match[0]), text[match.end() :]
    start = rest.find("<")
    if start < 0:
        uri, _, parameters = rest.partition(";")
        return name, uri, parameters
    name = name or rest[:start].strip().strip('"')
    uri, _, parameters = rest[start + 1 :].partition(">")  # a missing ">" ends with the value
    return name, uri, parameters


@dataclass(frozen=True, slots=True)
class Via:
    """One Via value: where a request came through, and where its answer goes."""

    transport: str  # upper case
    host: str
    port: int | None
    parameters: Parameters = ()

    @staticmethod
    @remembered(256)
    def parse(text: str) -> "Via":
        """Read one value. Raises RemoteProtocolError if it has no protocol or no sent-by."""
        match = _VIA.match(text.strip())
        if match is None:
            raise RemoteProtocolError("via is not `SIP/2.0/TRANSPORT sent-by`")
        place, _, parameters = match[2].partition(";")
        host, port = split_host_port(place)
        return Via(match[1].upper(), host, port, parse_parameters(parameters))

    def __str__(self) -> str:
        """Return the value as sent."""
        tail = "".join(
            f";{name}={value}" if value else f";{name}" for name, value in self.parameters
        )
        return f"SIP/2.0/{self.transport} {join_host_port(self.host, self.port)}{tail}"

    @property
    def branch(self) -> str:
        """The branch that names the transaction; "" of a sender older than RFC 3261."""
        return find_parameter(self.parameters, "branch") or ""

    @property
    def sent_by(self) -> str:
        """Host and port as the sender wrote them, for the transaction key."""
        return join_host_port(self.host.lower(), self.port)

    def with_source(self, address: str, port: int) -> Self:
        """Return the value as the receiver completes it (RFC 3261, 18.2.1; RFC 3581, section 4).

        `received` is added when asked for by rport or when the sender's own idea is wrong.
        """
        wants_port = find_parameter(self.parameters, "rport") is not None
        if not wants_port and self.host == address:
            return self
        kept = tuple(p for p in self.parameters if p[0].lower() not in ("received", "rport"))
        added = (("rport", str(port)),) if wants_port else ()
        return replace(self, parameters=(*kept, *added, ("received", address)))


@dataclass(frozen=True, slots=True)
class CSeq:
    """Sequence number and method of a request (RFC 3261, section 20.16)."""

    number: int
    method: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the value. Raises RemoteProtocolError beyond 32 bits or without a method."""
        match = _CSEQ.fullmatch(text.strip())
        if match is None or int(match[1]) >= CSEQ_LIMIT:
            raise RemoteProtocolError("cseq is not a 32-bit number and a method")
        return cls(int(match[1]), match[2])


@dataclass(frozen=True, slots=True)
class MediaType:
    """A Content-Type or Content-Disposition: lower-case value and its parameters."""

    value: str  # "multipart/mixed"; "" where the header is missing or empty
    parameters: Parameters = ()

    @staticmethod
    @remembered(256)
    def parse(text: str) -> "MediaType":
        """Read the value, with blanks anywhere and in any case."""
        value, _, parameters = text.partition(";")
        return MediaType("".join(value.split()).lower(), parse_parameters(parameters))

    def parameter(self, name: str) -> str | None:
        """Value of a parameter, any case; None if absent."""
        return find_parameter(self.parameters, name)


@dataclass(frozen=True, slots=True)
class SessionExpires:
    """A session interval and who refreshes it (RFC 4028, section 4)."""

    interval_s: int
    refresher: str = ""  # uac, uas or "" where it is left open

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read the value; None where it is no number, since a call must not fail on it."""
        number, _, parameters = text.partition(";")
        number = number.strip()
        if not number.isascii() or not number.isdigit() or len(number) > 9:
            return None
        refresher = (find_parameter(parse_parameters(parameters), "refresher") or "").lower()
        return cls(int(number), refresher if refresher in ("uac", "uas") else "")

    def __str__(self) -> str:
        """Return the value as sent."""
        return (
            f"{self.interval_s};refresher={self.refresher}"
            if self.refresher
            else str(self.interval_s)
        )
