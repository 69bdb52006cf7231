"""Looks at a request before anybody acts on it: what RFC 3261, section 8.2 refuses, and how."""

from dataclasses import dataclass

from callvault.errors import RemoteProtocolError
from callvault.sip.message import Request
from callvault.sip.responses import ACCEPT, ALLOW, METHODS
from callvault.sip.session_timer import is_too_small

# Methods that exist; all others are 501, these 405.
_OTHER_METHODS = frozenset(
    ("REFER", "SUBSCRIBE", "NOTIFY", "MESSAGE", "PUBLISH", "REGISTER", "PRACK")
)
# A peer may require these: we do them, or they ask nothing of an answer without 1xx (100rel).
_KNOWN_OPTIONS = frozenset(
    ("siprec", "timer", "replaces", "100rel", "record-aware", "histinfo", "from-change")
)
_KNOWN_BODIES = frozenset(
    (
        "application/sdp",
        "application/rs-metadata",
        "application/rs-metadata+xml",
        "application/xml",
        "text/xml",
    )
)
_INFO_BODIES = frozenset(
    ("application/media_control+xml", "application/dtmf-relay", "application/dtmf")
)
INFO_ACCEPT = "application/media_control+xml, application/dtmf-relay"
_INFO_PREFIXES = ("application/broadsoft", "application/x-broadworks", "application/x-cisco")
_SCHEMES = frozenset(("sip", "sips", "tel"))


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that ends a request: status, headers to add, and why, for the log."""

    status: int
    problem: str
    headers: tuple[tuple[str, str], ...] = ()


def screen(request: Request) -> Refusal | None:
    """Return why the request is refused before it is looked at further; None: it is not."""
    try:
        _check_mandatory_headers(request)
    except RemoteProtocolError as problem:
        return Refusal(400, str(problem))
    return _screen_method(request) or _screen_uri(request) or _screen_options(request)


def _check_mandatory_headers(request: Request) -> None:
    """Touch what every answer and every dialog needs. Raises RemoteProtocolError."""
    _ = request.call_id, request.from_address, request.to_address
    if request.cseq.method != request.method:
        raise RemoteProtocolError("cseq names another method than the request line")


def _screen_method(request: Request) -> Refusal | None:
    if request.method in METHODS:
        return None
    status = 405 if request.method in _OTHER_METHODS else 501
    return Refusal(status, "method is not taken here", (ALLOW,))


def _screen_uri(request: Request) -> Refusal | None:
    """Refuse foreign schemes; a URI without any (`sip192.0.2.1`) is only odd, not foreign."""
    scheme = request.request_uri.scheme
    if scheme and scheme not in _SCHEMES:
        return Refusal(416, "scheme of the request uri is unknown")
    return None


def _screen_options(request: Request) -> Refusal | None:
    """Refuse what must be understood and is not.

    ACK and CANCEL are exempt by RFC 3261, section 8.2.2.3; BYE by reason: refusing it would keep
    a recording open that the peer has finished.
    """
    if request.method in ("ACK", "CANCEL", "BYE"):
        return None
    unknown = sorted(request.require - _KNOWN_OPTIONS)
    if unknown:
        listed = ", ".join(unknown)
        return Refusal(420, "an unknown extension is required", (("Unsupported", listed),))
    return None


def screen_body(request: Request) -> Refusal | None:
    """Refuse an INVITE or UPDATE whose body is mandatory and of no known type (8.2.3)."""
    if not request.body or request.content_disposition.parameter("handling") == "optional":
        return None
    encoding = (request.headers.first("content-encoding") or "identity").lower()
    if encoding != "identity":
        return Refusal(415, "body is encoded", (("Accept-Encoding", "identity"),))
    kind = request.content_type.value
    if not kind or kind in _KNOWN_BODIES or kind.startswith("multipart/"):
        return None
    return Refusal(415, "body type is not taken here", (ACCEPT,))


def screen_interval(request: Request, *, minimum_s: int) -> Refusal | None:
    """Refuse a session interval shorter than ours (RFC 4028, section 9)."""
    if is_too_small(request, minimum_s=minimum_s):
        return Refusal(422, "session interval is too small", (("Min-SE", str(minimum_s)),))
    return None


def takes_info(request: Request) -> bool:
    """Whether the body of an INFO is one that recording clients send."""
    kind = request.content_type.value
    return not request.body or kind in _INFO_BODIES or kind.startswith(_INFO_PREFIXES)
