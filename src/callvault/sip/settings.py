"""What a user agent is told at its start: names, intervals and bounds."""

from dataclasses import dataclass, field

from callvault.sip.own_address import OwnAddress


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """Settings of a `UserAgentServer`."""

    server_name: str = "Callvault"
    """Value of the Server header."""
    contact_user: str = "srs"
    """User part of our Contact."""
    own_address: OwnAddress = field(default_factory=OwnAddress)
    """Addresses put into Contact, where they are not the local ones of each flow."""
    answers_strangers: bool = False
    """Whether a source that is not admitted gets 403; else it gets nothing."""
    min_session_expires_s: int = 90
    """Shortest session timer accepted, in seconds, at least 90 (RFC 4028)."""
    session_expires_s: int = 1800
    """Session timer we propose to a peer that supports timers and names none, in seconds."""
    retry_after_s: int = 30
    """Retry-After of a 503, in seconds."""
    max_dialogs: int = 20_000
    """Dialogs in progress; beyond it INVITEs get 503."""
    max_transactions: int = 60_000
    """Transactions in memory, finished ones included (about 3 kB each); beyond it new requests get
    503 without leaving a trace."""
    max_connections: int = 8_192
    """Connections whose bytes are gathered; beyond it new ones are closed."""
