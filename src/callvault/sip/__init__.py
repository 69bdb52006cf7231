"""SIP as a recording server needs it (RFC 3261 and kin): pure agents here, drivers apart.

`UserAgentServer` and `UserAgentClient` take bytes and time and return bytes and events. A `Pump`
joins one of them to the drivers, which are not part of this face, so that it stays free of I/O:
`callvault.sip.udp.UdpEndpoint`, `callvault.sip.tcp.TcpEndpoint`, `callvault.sip.tls.TlsEndpoint`.
"""

from callvault.sip.agent import UserAgentServer
from callvault.sip.client import Invitation, UserAgentClient
from callvault.sip.digest import Credentials
from callvault.sip.events import (
    AckReceived,
    AckTimedOut,
    AnswerOverdue,
    ByeReceived,
    ClientEvent,
    CredentialsRefused,
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
from callvault.sip.keys_pressed import (
    HIDDEN_KEY,
    PressedKey,
    key_in_info,
    without_any_key,
    without_key,
)
from callvault.sip.message import Headers, MalformedMessage, Request, Response
from callvault.sip.own_address import OwnAddress
from callvault.sip.parsing import parse_message
from callvault.sip.pump import Pump
from callvault.sip.saved import SavedDialog
from callvault.sip.settings import AgentSettings

__all__ = [
    "HIDDEN_KEY",
    "AckReceived",
    "AckTimedOut",
    "Address",
    "AgentSettings",
    "AnswerOverdue",
    "ByeReceived",
    "CSeq",
    "ClientEvent",
    "Credentials",
    "CredentialsRefused",
    "DialogEnded",
    "DialogId",
    "Event",
    "Flow",
    "Headers",
    "HostPort",
    "InfoReceived",
    "Invitation",
    "InviteCancelled",
    "InviteReceived",
    "MalformedMessage",
    "MediaType",
    "MessageSeen",
    "OptionsReceived",
    "OwnAddress",
    "PeerRequestReceived",
    "PressedKey",
    "Pump",
    "ReinviteReceived",
    "Request",
    "RequestId",
    "RequestRefused",
    "RequestTimedOut",
    "Response",
    "ResponseReceived",
    "SavedDialog",
    "SessionExpired",
    "SessionExpires",
    "StrangerHeard",
    "Transport",
    "UpdateReceived",
    "Uri",
    "UserAgentClient",
    "UserAgentServer",
    "Via",
    "key_in_info",
    "parse_message",
    "without_any_key",
    "without_key",
]
