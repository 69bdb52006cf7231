"""Builds answers: what is copied from the request, and what this agent says of itself."""

from collections.abc import Iterable

from callvault.errors import RemoteProtocolError
from callvault.sip.flow import Flow
from callvault.sip.headers import Address, Via, join_host_port
from callvault.sip.message import Headers, Request, Response, build_headers
from callvault.sip.own_address import OwnAddress

METHODS = ("INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "UPDATE", "INFO")
ALLOW = ("Allow", ", ".join(METHODS))
SUPPORTED = ("Supported", "siprec, timer, replaces")
ACCEPT = (
    "Accept",
    "application/sdp, application/rs-metadata, application/rs-metadata+xml, multipart/mixed",
)
CAPABILITIES: tuple[tuple[str, str], ...] = (ALLOW, ACCEPT, SUPPORTED)

REASONS = {
    100: "Trying",
    180: "Ringing",
    183: "Session Progress",
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    413: "Request Entity Too Large",
    415: "Unsupported Media Type",
    416: "Unsupported URI Scheme",
    420: "Bad Extension",
    422: "Session Interval Too Small",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    491: "Request Pending",
    500: "Server Internal Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    505: "Version Not Supported",
    513: "Message Too Large",
    603: "Decline",
}


def make_response(
    headers: Headers,
    status: int,
    reason: str = "",
    *,
    flow: Flow,
    tag: str = "",
    added: Iterable[tuple[str, str]] = (),
    content_type: str = "",
    body: bytes = b"",
) -> Response:
    """Answer the request with these headers; `tag` goes to To where it has none.

    Via, From, To, Call-ID and CSeq are copied (RFC 3261, section 8.2.6.2), the nearest Via
    completed with the source it came from.
    """
    fields = [("Via", value) for value in completed_vias(headers, flow)]
    fields.append(("From", headers.first("from") or ""))
    fields.append(("To", tagged(headers.first("to") or "", tag)))
    fields.append(("Call-ID", headers.first("call-id") or ""))
    fields.append(("CSeq", headers.first("cseq") or ""))
    fields += added
    if body:
        fields.append(("Content-Type", content_type))
    reason = reason or REASONS.get(status, "Answer")
    return Response(build_headers(fields), body if body else b"", b"", status, reason)


def completed_vias(headers: Headers, flow: Flow) -> list[str]:
    """All Via values, the nearest completed. Raises RemoteProtocolError if that is unreadable."""
    vias = headers.listed("via")
    if not vias:
        raise RemoteProtocolError("via is missing")
    return [str(Via.parse(vias[0]).with_source(*flow.remote)), *vias[1:]]


def tagged(value: str, tag: str) -> str:
    """Return a To or From value with the tag, unless it has one."""
    if not tag or Address.parse(value).tag:
        return value
    return f"{value};tag={tag}"


def contact_value(user: str, own: OwnAddress, flow: Flow, *, secure: bool = False) -> str:
    """Our Contact on a flow, with the feature tag of an SRS (RFC 7866).

    `secure` makes it a SIPS URI, which names no transport: it is TLS by itself (RFC 5630, 3.1.4).
    """
    place = join_host_port(own.towards(flow.local[0]), flow.local[1])
    if secure:
        return f"<sips:{user}@{place}>;+sip.srs"
    transport = f";transport={flow.transport}" if flow.is_reliable else ""
    return f"<sip:{user}@{place}{transport}>;+sip.srs"


def demands_sips(request: Request) -> bool:
    """Whether our Contact must be a SIPS URI (RFC 3261, section 12.1.1)."""
    routes = request.addresses("record-route")
    hop = routes[0] if routes else request.contact
    return "sips" in (request.request_uri.scheme, hop.uri.scheme if hop else "")
