"""What a user agent reports, in the past tense and in order.

Of one dialog `InviteReceived` is the first event and `DialogEnded` the last. In between,
`MessageSeen` carries each message, raw, in the order on the wire: a received one before the
event it causes (except the first INVITE, which comes after its InviteReceived), a sent one when it
is handed to the transport. Retransmissions are not repeated.
"""

from dataclasses import dataclass
from typing import Literal, NewType

from callvault.sip.flow import Flow
from callvault.sip.message import Request, Response

DialogId = NewType("DialogId", int)
RequestId = NewType("RequestId", int)


@dataclass(frozen=True, slots=True)
class InviteReceived:
    """A new recording session is asked for; 100 has been sent. Answer with `respond`."""

    request_id: RequestId
    dialog_id: DialogId
    request: Request
    flow: Flow


@dataclass(frozen=True, slots=True)
class ReinviteReceived:
    """An INVITE inside a dialog: new offer, new metadata, or none (offer ours). Answer it."""

    request_id: RequestId
    dialog_id: DialogId
    request: Request
    flow: Flow


@dataclass(frozen=True, slots=True)
class UpdateReceived:
    """An UPDATE inside a dialog, with or without SDP. Answer it."""

    request_id: RequestId
    dialog_id: DialogId
    request: Request
    flow: Flow


@dataclass(frozen=True, slots=True)
class AckReceived:
    """The 2xx of INVITE `request_id` is acknowledged; `request.body` may hold an SDP answer."""

    dialog_id: DialogId
    request_id: RequestId
    request: Request


@dataclass(frozen=True, slots=True)
class AckTimedOut:
    """No ACK came for a 2xx within 64*T1. The dialog stays until `bye`: media may well flow."""

    dialog_id: DialogId
    request_id: RequestId


@dataclass(frozen=True, slots=True)
class InviteCancelled:
    """The peer took back an INVITE before its answer; 487 has been sent, the id is used up."""

    dialog_id: DialogId
    request_id: RequestId
    request: Request  # the CANCEL


@dataclass(frozen=True, slots=True)
class AnswerOverdue:
    """A request was not answered within 64*T1 by the application; 500 has been sent."""

    dialog_id: DialogId
    request_id: RequestId


@dataclass(frozen=True, slots=True)
class InfoReceived:
    """An INFO inside a dialog. It has been answered: 200, or 415 with `accepted` false."""

    dialog_id: DialogId
    request: Request
    accepted: bool


@dataclass(frozen=True, slots=True)
class ByeReceived:
    """The peer ended the dialog; 200 has been sent. The BYE may carry final metadata."""

    dialog_id: DialogId
    request: Request


@dataclass(frozen=True, slots=True)
class SessionExpired:
    """The session timer ran out without a refresh. The dialog stays until `bye`."""

    dialog_id: DialogId


@dataclass(frozen=True, slots=True)
class DialogEnded:
    """Last event of a dialog: nothing of it follows, its id is unknown from here on."""

    dialog_id: DialogId
    cause: Literal["refused", "cancelled", "bye_received", "bye_sent"]
    status: int = 0  # our refusal, or the peer's answer to our BYE (408: none came)


@dataclass(frozen=True, slots=True)
class MessageSeen:
    """One message of a dialog, raw, as received or sent."""

    dialog_id: DialogId
    raw: bytes
    sent: bool
    flow: Flow


@dataclass(frozen=True, slots=True)
class OptionsReceived:
    """A keep-alive OPTIONS outside dialogs; it has been answered with `status`."""

    request: Request
    flow: Flow
    status: int


@dataclass(frozen=True, slots=True)
class RequestRefused:
    """The agent itself refused a request that would have begun something."""

    request: Request
    flow: Flow
    status: int
    problem: str


@dataclass(frozen=True, slots=True)
class StrangerHeard:
    """A source that nobody admits sent something; it got no answer.

    At most one a minute and source address; `count` says how many messages it stands for.
    """

    flow: Flow
    method: str
    request_uri: str
    user_agent: str
    count: int


@dataclass(frozen=True, slots=True)
class CredentialsRefused:
    """A peer answered our challenge wrongly; it was challenged again, or refused.

    Reported as seldom as strangers are; `count` says how many attempts it stands for.
    """

    flow: Flow
    method: str
    user_agent: str
    count: int


Event = (
    InviteReceived
    | ReinviteReceived
    | UpdateReceived
    | AckReceived
    | AckTimedOut
    | InviteCancelled
    | AnswerOverdue
    | InfoReceived
    | ByeReceived
    | SessionExpired
    | DialogEnded
    | MessageSeen
    | OptionsReceived
    | RequestRefused
    | StrangerHeard
    | CredentialsRefused
)


@dataclass(frozen=True, slots=True)
class ResponseReceived:
    """Client only: a response, provisional or final, to a request of ours."""

    dialog_id: DialogId
    request: Request
    response: Response


@dataclass(frozen=True, slots=True)
class RequestTimedOut:
    """Client only: a request of ours got no final response in time."""

    dialog_id: DialogId
    request: Request


@dataclass(frozen=True, slots=True)
class PeerRequestReceived:
    """Client only: the peer sent a request inside the dialog; it has been answered."""

    dialog_id: DialogId
    request: Request
    status: int


ClientEvent = ResponseReceived | RequestTimedOut | PeerRequestReceived
