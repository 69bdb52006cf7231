"""The user agent server: bytes and time in, bytes and events out; no socket, no clock."""

import secrets
from collections.abc import Callable, Iterable

from callvault.sip.events import DialogId, Event, RequestId
from callvault.sip.flow import Flow
from callvault.sip.settings import AgentSettings


class UserAgentServer:
    """Answers SIP as a recording server. The face is final; the inside is filled in next."""

    def __init__(
        self,
        settings: AgentSettings,
        *,
        admits: Callable[[Flow], bool],
        new_token: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        """`admits` says whether a flow's peer belongs to a trunk; strangers get no answer."""
        self.unavailable = ""
        """Why no new session is taken ("draining", "spool is full"); empty: all is well.

        While set, OPTIONS gets 503 so that peers take the trunk out. INVITEs still reach the
        application, which refuses and records the refusal.
        """

    def receive(self, data: bytes, *, flow: Flow, now: float) -> None:
        """Take one datagram, or the next bytes of a connection."""
        raise NotImplementedError

    def flow_opened(self, flow: Flow, now: float) -> None:
        """Learn of a new connection, accepted or opened by us."""
        raise NotImplementedError

    def flow_closed(self, flow: Flow, now: float) -> None:
        """Learn that a connection is gone. Dialogs stay."""
        raise NotImplementedError

    def messages_to_send(self) -> list[tuple[Flow, bytes]]:
        """Take what is to be sent, in order."""
        raise NotImplementedError

    def flows_to_close(self) -> list[Flow]:
        """Take the connections to be closed, after all has been sent."""
        raise NotImplementedError

    def events(self) -> list[Event]:
        """Take what has happened, in order."""
        raise NotImplementedError

    def next_timer(self) -> float | None:
        """When `handle_timer` is due, on the clock of `now`; None: never."""
        raise NotImplementedError

    def handle_timer(self, now: float) -> None:
        """Do what is due: retransmissions, time-outs, session timers."""
        raise NotImplementedError

    def respond(
        self,
        request_id: RequestId,
        status: int,
        reason: str = "",
        *,
        headers: Iterable[tuple[str, str]] = (),
        content_type: str = "",
        body: bytes = b"",
        now: float,
    ) -> bool:
        """Answer an INVITE, re-INVITE or UPDATE; False if it was cancelled or answered meanwhile.

        A 2xx to the first INVITE confirms the dialog and is retransmitted until its ACK. The
        agent adds Contact, Allow, Supported, Accept, session timer and tags; a 503 gets
        Retry-After, a 405 Allow, a 415 Accept unless `headers` brings its own.
        """
        raise NotImplementedError

    def bye(self, dialog_id: DialogId, *, reason: str = "", now: float) -> bool:
        """End a confirmed dialog; `reason` is a Reason header value. False if it has ended.

        Before the ACK the BYE waits for it (RFC 3261, section 15). `DialogEnded` follows with
        the peer's answer, or 408 after 64*T1.
        """
        raise NotImplementedError
