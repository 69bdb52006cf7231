"""SIP messages as values: read header by header on demand, written back to bytes.

A parsed message keeps its raw bytes. Access to a header's meaning is lazy, so that a header
nobody needs cannot fail a message. From bytes to messages is parsing.py; the meaning of single
values is headers.py.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NoReturn

from callvault.errors import RemoteProtocolError
from callvault.memo import lazy
from callvault.sip.headers import Address, CSeq, MediaType, SessionExpires, Uri, Via, split_list

MAX_KEPT_HEADERS = 64
MAX_KEPT_BYTES = 16_384

COMPACT_NAMES = {
    "a": "accept-contact",
    "b": "referred-by",
    "c": "content-type",
    "d": "request-disposition",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "j": "reject-contact",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "n": "identity-info",
    "o": "event",
    "r": "refer-to",
    "s": "subject",
    "t": "to",
    "u": "allow-events",
    "v": "via",
    "x": "session-expires",
    "y": "identity",
}
# What a call carries besides SIP's own headers, and a recording keeps (protocols.md 1.2).
_KEPT_NAMES = frozenset(
    (
        "user-to-user",
        "cisco-gucid",
        "cisco-guid",
        "ac-session-id",
        "diversion",
        "history-info",
        "session-id",
        "p-asserted-identity",
        "remote-party-id",
        "p-charging-vector",
        "reason",
        "call-info",
    )
)


class MalformedMessage(RemoteProtocolError):
    """A message that cannot be used. `headers` are those that were readable, for the answer."""

    def __init__(
        self, problem: str, *, status: int = 400, headers: "Headers | None" = None
    ) -> None:
        super().__init__(problem)
        self.sip_status = status
        self.headers = headers or Headers()


@dataclass(frozen=True)
class Headers:
    """Header fields in their order: names as written, values unfolded and trimmed."""

    fields: tuple[tuple[str, str], ...] = ()

    @lazy
    def _by_name(self) -> dict[str, list[str]]:
        index: dict[str, list[str]] = {}
        for name, value in self.fields:
            lowered = name.lower()
            index.setdefault(COMPACT_NAMES.get(lowered, lowered), []).append(value)
        return index

    def first(self, name: str) -> str | None:
        """First value of the long name, any case; None if the header is absent."""
        values = self._by_name.get(name.lower())
        return values[0] if values else None

    def all(self, name: str) -> list[str]:
        """Each field's value, unsplit, in order."""
        return self._by_name.get(name.lower(), [])

    def listed(self, name: str) -> list[str]:
        """Values of a comma-separated header over all its fields; none if it is empty."""
        return [item for value in self.all(name) for item in split_list(value)]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.fields)


@dataclass(frozen=True)
class Message(ABC):
    """What requests and responses have in common. `raw` is what was received, else empty."""

    headers: Headers
    body: bytes = b""
    raw: bytes = field(default=b"", compare=False, repr=False)

    @property
    @abstractmethod
    def start_line(self) -> str:
        """First line, without its end."""

    def __bytes__(self) -> bytes:
        """Return the message as received, or as built, with the Content-Length of its body."""
        if self.raw:
            return self.raw
        lines = [f"{self.start_line}\r\n"]
        lines += [f"{name}: {value}\r\n" for name, value in self.headers]
        lines.append(f"Content-Length: {len(self.body)}\r\n\r\n")
        return "".join(lines).encode("utf-8", "surrogateescape") + self.body

    @property
    def call_id(self) -> str:
        """Call-ID. Raises RemoteProtocolError if it is missing or empty."""
        return self.headers.first("call-id") or _refuse("call-id is missing")

    @lazy
    def cseq(self) -> CSeq:
        """CSeq. Raises RemoteProtocolError if it is missing or no 32-bit number and method."""
        return CSeq.parse(self.headers.first("cseq") or "")

    @lazy
    def from_address(self) -> Address:
        """From. Raises RemoteProtocolError if it is missing."""
        return Address.parse(self.headers.first("from") or _refuse("from is missing"))

    @lazy
    def to_address(self) -> Address:
        """To. Raises RemoteProtocolError if it is missing."""
        return Address.parse(self.headers.first("to") or _refuse("to is missing"))

    @lazy
    def vias(self) -> list[str]:
        """All Via values as text, nearest hop first."""
        return self.headers.listed("via")

    @lazy
    def via(self) -> Via:
        """The nearest hop's Via. Raises RemoteProtocolError if it is missing or unreadable."""
        return Via.parse(self.vias[0] if self.vias else "")

    @lazy
    def contact(self) -> Address | None:
        """First Contact, however odd; None if there is none or it is `*`."""
        listed = self.headers.listed("contact")
        return Address.parse(listed[0]) if listed and listed[0] != "*" else None

    @lazy
    def require(self) -> frozenset[str]:
        """Option tags that the sender requires, lower case."""
        return self.tokens("require")

    @lazy
    def supported(self) -> frozenset[str]:
        """Option tags that the sender supports, lower case; an empty header has none."""
        return self.tokens("supported")

    @lazy
    def allow(self) -> frozenset[str]:
        """Methods that the sender takes, upper case; empty where it does not say."""
        return frozenset(token.upper() for token in self.headers.listed("allow"))

    @lazy
    def accept(self) -> frozenset[str]:
        """Media types that the sender takes, lower case, without parameters."""
        return frozenset(MediaType.parse(item).value for item in self.headers.listed("accept"))

    @lazy
    def session_expires(self) -> SessionExpires | None:
        """Session-Expires; None if absent or unreadable."""
        return SessionExpires.parse(self.headers.first("session-expires") or "")

    @lazy
    def min_se_s(self) -> int | None:
        """Min-SE in seconds; None if absent or unreadable."""
        found = SessionExpires.parse(self.headers.first("min-se") or "")
        return found.interval_s if found else None

    @lazy
    def content_type(self) -> MediaType:
        """Content-Type; empty where the header is missing. Of several, the first counts (SEMS)."""
        return MediaType.parse(self.headers.first("content-type") or "")

    @lazy
    def content_disposition(self) -> MediaType:
        """Content-Disposition; empty where the header is missing."""
        return MediaType.parse(self.headers.first("content-disposition") or "")

    @property
    def user_agent(self) -> str:
        """User-Agent or Server, as received; "" where neither is there."""
        return self.headers.first("user-agent") or self.headers.first("server") or ""

    @lazy
    def carries_sdp(self) -> bool:
        """Whether the body is SDP or a multipart with an SDP part, by its media types."""
        kind = self.content_type.value
        if kind.startswith("multipart/"):
            return b"application/sdp" in self.body.lower()
        return kind == "application/sdp" and bool(self.body)

    @lazy
    def is_from_recording_client(self) -> bool:
        """Whether the SIP headers say SRC: `siprec` required or supported, or `+sip.src`."""
        contact = self.contact
        marked = contact is not None and contact.is_recording_client
        return marked or "siprec" in self.require or "siprec" in self.supported

    @property
    def keeps_to_rfc_7866(self) -> bool:
        """Whether both signs of a recording session are there: `+sip.src`, `Require: siprec`."""
        contact = self.contact
        is_src = contact is not None and contact.any_parameter("+sip.src") is not None
        return is_src and "siprec" in self.require

    @property
    def serves_snapshots(self) -> bool:
        """Whether the SRC answers a metadata snapshot request (RFC 7866)."""
        return "application/rs-metadata-request" in self.accept

    def tokens(self, name: str) -> frozenset[str]:
        """Lower-case tokens of a comma-separated header."""
        return frozenset(token.lower() for token in self.headers.listed(name))

    def addresses(self, name: str) -> list[Address]:
        """Addresses of a comma-separated header: P-Asserted-Identity, Diversion, Route."""
        return [Address.parse(item) for item in self.headers.listed(name)]

    def kept_headers(self) -> list[tuple[str, str]]:
        """Headers worth keeping with a recording: X-… and known call ids, at most 64 and 16 KiB."""
        kept: list[tuple[str, str]] = []
        room = MAX_KEPT_BYTES
        for name, value in self.headers:
            lowered = name.lower()
            if lowered.startswith("x-") or lowered in _KEPT_NAMES:
                room -= len(name) + len(value)
                if room < 0 or len(kept) == MAX_KEPT_HEADERS:
                    break
                kept.append((name, value))
        return kept


@dataclass(frozen=True)
class Request(Message):
    """A SIP request."""

    method: str = ""
    uri: str = ""  # Request-URI as received

    @property
    def start_line(self) -> str:
        """Request line."""
        return f"{self.method} {self.uri} SIP/2.0"

    @lazy
    def request_uri(self) -> Uri:
        """The Request-URI taken apart; its user is what was dialled."""
        return Uri.parse(self.uri)


@dataclass(frozen=True)
class Response(Message):
    """A SIP response."""

    status: int = 0
    reason: str = ""

    @property
    def start_line(self) -> str:
        """Status line."""
        return f"SIP/2.0 {self.status} {self.reason}"


def _refuse(problem: str) -> NoReturn:
    raise RemoteProtocolError(problem)


def build_headers(fields: Iterable[tuple[str, str]]) -> Headers:
    """Headers for a message of ours; a line end inside a value becomes a blank."""
    return Headers(
        tuple(
            (name, value if value.isprintable() else " ".join(value.splitlines()))
            for name, value in fields
        )
    )
