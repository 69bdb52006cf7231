"""A user agent client without I/O: what the simulator and the tests place calls with."""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from callvault.sip.events import ClientEvent, DialogId
from callvault.sip.flow import Flow


@dataclass(frozen=True, slots=True)
class Invitation:
    """What an INVITE says. Address texts are header values without tag."""

    uri: str  # Request-URI
    from_address: str  # '"Ann" <sip:1001@example.com>'
    to_address: str
    contact: str  # "<sip:src@192.0.2.1:5060>;+sip.src"
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = ""
    body: bytes = b""
    acknowledges: bool = True  # send the ACK of a 2xx at once; else call `acknowledge`


class UserAgentClient:
    """Places calls over any flows. The face is final; the inside is filled in next."""

    def __init__(self, *, new_token: Callable[[], str] = lambda: secrets.token_hex(8)) -> None:
        """`new_token` makes tags, branches and Call-IDs."""

    def invite(self, flow: Flow, invitation: Invitation, *, now: float) -> DialogId:
        """Send an INVITE; its responses come as `ResponseReceived`."""
        raise NotImplementedError

    def acknowledge(
        self, dialog_id: DialogId, *, content_type: str = "", body: bytes = b"", now: float
    ) -> None:
        """Send the ACK of the last 2xx, with an SDP answer where the offer came in it."""
        raise NotImplementedError

    def cancel(self, dialog_id: DialogId, *, now: float) -> None:
        """Take the INVITE back. The peer may have answered already: its 2xx is still to be seen."""
        raise NotImplementedError

    def request(
        self,
        dialog_id: DialogId,
        method: str,
        *,
        headers: Iterable[tuple[str, str]] = (),
        content_type: str = "",
        body: bytes = b"",
        now: float,
    ) -> None:
        """Send INVITE (a re-INVITE), UPDATE, INFO, OPTIONS or BYE inside the dialog."""
        raise NotImplementedError

    def options(self, flow: Flow, uri: str, *, now: float) -> DialogId:
        """Send an OPTIONS outside dialogs; the answer comes as `ResponseReceived`."""
        raise NotImplementedError

    def receive(self, data: bytes, *, flow: Flow, now: float) -> None:
        """Take one datagram, or the next bytes of a connection."""
        raise NotImplementedError

    def flow_opened(self, flow: Flow, now: float) -> None:
        """Learn of a new connection."""
        raise NotImplementedError

    def flow_closed(self, flow: Flow, now: float) -> None:
        """Learn that a connection is gone."""
        raise NotImplementedError

    def messages_to_send(self) -> list[tuple[Flow, bytes]]:
        """Take what is to be sent, in order."""
        raise NotImplementedError

    def flows_to_close(self) -> list[Flow]:
        """Take the connections to be closed."""
        raise NotImplementedError

    def events(self) -> list[ClientEvent]:
        """Take what has happened, in order."""
        raise NotImplementedError

    def next_timer(self) -> float | None:
        """When `handle_timer` is due; None: never."""
        raise NotImplementedError

    def handle_timer(self, now: float) -> None:
        """Do what is due."""
        raise NotImplementedError
