"""Requests of ours that belong to a transaction rather than to a dialog, and our Via."""

from callvault.sip.flow import Flow
from callvault.sip.headers import Address, join_host_port
from callvault.sip.message import Request, Response, build_headers

MAGIC_COOKIE = "z9hG4bK"  # begins each branch of a sender that follows RFC 3261


def via_value(contact: str, flow: Flow, token: str) -> str:
    """Return our Via with a branch made of `token`.

    Its sent-by is where our Contact says we are reached: an answer comes there if the connection
    is gone.
    """
    ours = Address.parse(contact).uri
    place = join_host_port(ours.host, ours.port)
    rport = "" if flow.is_reliable else ";rport"
    return f"SIP/2.0/{flow.transport.upper()} {place};branch={MAGIC_COOKIE}{token}{rport}"


def acknowledge_failure(invite: Request, response: Response) -> Request:
    """Build the ACK of a refusal: same branch, To of the response (RFC 3261, 17.1.1.3)."""
    fields = [("Via", str(invite.via)), ("Max-Forwards", "70")]
    fields += [("Route", value) for value in invite.headers.all("route")]
    fields.append(("From", invite.headers.first("from") or ""))
    fields.append(("To", response.headers.first("to") or ""))
    fields.append(("Call-ID", invite.call_id))
    fields.append(("CSeq", f"{invite.cseq.number} ACK"))
    return Request(build_headers(fields), method="ACK", uri=invite.uri)


def cancel_request(invite: Request) -> Request:
    """Build the CANCEL of an INVITE of ours (RFC 3261, section 9.1)."""
    fields = [("Via", str(invite.via)), ("Max-Forwards", "70")]
    fields += [("Route", value) for value in invite.headers.all("route")]
    fields += [(name, invite.headers.first(name) or "") for name in ("From", "To", "Call-ID")]
    fields.append(("CSeq", f"{invite.cseq.number} CANCEL"))
    return Request(build_headers(fields), method="CANCEL", uri=invite.uri)
