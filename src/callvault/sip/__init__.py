"""SIP as a recording server needs it (RFC 3261 and kin): pure agent first, drivers last.

`UserAgentServer` and `UserAgentClient` take bytes and time and return bytes and events; `pump`,
`udp` and `tcp` join them to sockets.
"""

from callvault.sip.agent import UserAgentServer
from callvault.sip.events import (
    AckReceived,
    AckTimedOut,
    AnswerOverdue,
    ByeReceived,
    ClientEvent,
    DialogEnded,
    DialogId,
    Event,
    InfoReceived,
    InviteCancelled,
    InviteReceived,
    MessageSeen,
    OptionsReceived,
    PeerRequestReceived,
    ReinviteReceived,
    RequestId,
    RequestRefused,
    RequestTimedOut,
    ResponseReceived,
    SessionExpired,
    StrangerHeard,
    UpdateReceived,
)
from callvault.sip.flow import Flow, HostPort, Transport
from callvault.sip.headers import Address, CSeq, MediaType, SessionExpires, Uri, Via
from callvault.sip.message import Headers, MalformedMessage, Request, Response
from callvault.sip.parsing import parse_message
from callvault.sip.settings import AgentSettings

__all__ = [
    "AckReceived",
    "AckTimedOut",
    "Address",
    "AgentSettings",
    "AnswerOverdue",
    "ByeReceived",
    "CSeq",
    "ClientEvent",
    "DialogEnded",
    "DialogId",
    "Event",
    "Flow",
    "Headers",
    "HostPort",
    "InfoReceived",
    "InviteCancelled",
    "InviteReceived",
    "MalformedMessage",
    "MediaType",
    "MessageSeen",
    "OptionsReceived",
    "PeerRequestReceived",
    "ReinviteReceived",
    "Request",
    "RequestId",
    "RequestRefused",
    "RequestTimedOut",
    "Response",
    "ResponseReceived",
    "SessionExpired",
    "SessionExpires",
    "StrangerHeard",
    "Transport",
    "UpdateReceived",
    "Uri",
    "UserAgentServer",
    "Via",
    "parse_message",
]
