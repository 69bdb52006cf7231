"""A user agent client without I/O: what the simulator and the tests place calls with.

It keeps the rules of transactions and dialogs. When to refresh a session, and what a response
means for the call, is the caller's to decide.
"""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from callvault.errors import ProtocolError
from callvault.sip.client_transaction import ClientTransaction, State
from callvault.sip.dialog import Dialog, DialogKey
from callvault.sip.events import (
    ClientEvent,
    DialogId,
    PeerRequestReceived,
    RequestTimedOut,
    ResponseReceived,
)
from callvault.sip.flow import Flow
from callvault.sip.layer import TransactionLayer
from callvault.sip.message import Request, Response, build_headers
from callvault.sip.requests import cancel_request, via_value
from callvault.sip.responses import CAPABILITIES, make_response
from callvault.sip.transaction import Route, ServerTransaction
from callvault.sip.transaction import State as ServerState

MAX_TRANSACTIONS = 100_000
MAX_CONNECTIONS = 10_000


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
    acknowledges: bool = True  # send the ACK of each 2xx at once; else call `acknowledge`
    from_tag: str = ""  # empty: drawn; so with the Call-ID
    call_id: str = ""
    cseq: int = 1


@dataclass(slots=True, eq=False)
class Call:
    """One INVITE of ours and what came of it."""

    dialog_id: DialogId
    flow: Flow
    contact: str
    acknowledges: bool = True
    invite: Request | None = None  # the last one, whose ACK may be due
    transaction: ClientTransaction | None = None
    dialog: Dialog | None = None
    is_cancelled: bool = False
    acks: dict[int, bytes] = field(default_factory=dict)  # by CSeq, for repeated 2xx


class UserAgentClient:
    """Places calls over any flows; a flow with connection_id 0 opens or reuses a connection.

    A call is forgotten when its INVITE is refused, its BYE answered, or the peer's BYE comes.
    """

    def __init__(self, *, new_token: Callable[[], str] = lambda: secrets.token_hex(8)) -> None:
        """`new_token` makes tags, branches and Call-IDs."""
        self._new_token = new_token
        self._layer = TransactionLayer(
            admits=lambda _: True,
            max_transactions=MAX_TRANSACTIONS,
            max_connections=MAX_CONNECTIONS,
            on_timeout=_ignore_timeout,
        )
        self._events: list[ClientEvent] = []
        self._calls: dict[DialogId, Call] = {}
        self._by_key: dict[DialogKey, Call] = {}
        self._last_id = 0

    # --- commands

    def invite(self, flow: Flow, invitation: Invitation, *, now: float) -> DialogId:
        """Send an INVITE; its responses come as `ResponseReceived`."""
        call = self._add_call(flow, invitation.contact, acknowledges=invitation.acknowledges)
        fields = [
            ("Via", via_value(call.contact, flow, self._new_token())),
            ("Max-Forwards", "70"),
            ("From", f"{invitation.from_address};tag={invitation.from_tag or self._new_token()}"),
            ("To", invitation.to_address),
            ("Call-ID", invitation.call_id or self._new_token()),
            ("CSeq", f"{invitation.cseq} INVITE"),
            ("Contact", call.contact),
            *invitation.headers,
        ]
        if invitation.body:
            fields.append(("Content-Type", invitation.content_type))
        headers = build_headers(fields)
        request = Request(headers, invitation.body, b"", "INVITE", invitation.uri)
        call.invite = request
        call.transaction = self._send(call, request, Route(flow, flow), now)
        return call.dialog_id

    def acknowledge(
        self, dialog_id: DialogId, *, content_type: str = "", body: bytes = b"", now: float
    ) -> None:
        """Send the ACK of the last 2xx, with an SDP answer where the offer came in it."""
        call, dialog = self._dialog(dialog_id)
        if call.invite is None:
            raise ProtocolError("there is no INVITE to acknowledge")
        number = call.invite.cseq.number
        via = via_value(call.contact, call.flow, self._new_token())
        ack = dialog.make_request("ACK", via, cseq=number, content_type=content_type, body=body)
        call.acks[number] = bytes(ack)
        self._layer.connections.send(Route(call.flow, call.flow), call.acks[number])

    def cancel(self, dialog_id: DialogId, *, now: float) -> None:
        """Take the INVITE back; before the first 1xx the CANCEL waits (RFC 3261, section 9.1).

        The peer may have answered already: its 2xx is still to be seen, and to be ended by BYE.
        """
        call = self._calls[dialog_id]
        call.is_cancelled = True
        self._cancel_if_possible(call, now)

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
        """Send INVITE (a re-INVITE), UPDATE, INFO, OPTIONS or BYE inside the dialog.

        Raises ProtocolError while there is none: no 2xx has come.
        """
        call, dialog = self._dialog(dialog_id)
        dialog.local_cseq += 1
        added = tuple(headers)
        if method in ("INVITE", "UPDATE"):
            added = (("Contact", call.contact), *added)
        request = dialog.make_request(
            method,
            via_value(call.contact, call.flow, self._new_token()),
            cseq=dialog.local_cseq,
            added=added,
            content_type=content_type,
            body=body,
        )
        if method == "INVITE":
            call.invite = request
        self._send(call, request, Route(call.flow, call.flow), now)

    def change_from(self, dialog_id: DialogId, from_address: str) -> None:
        """Name ourselves otherwise from now on (RFC 4916); the dialog keeps its tag."""
        _, dialog = self._dialog(dialog_id)
        dialog.local = f"{from_address};tag={dialog.key[1]}"

    def options(self, flow: Flow, uri: str, *, now: float) -> DialogId:
        """Send an OPTIONS outside dialogs; the answer comes as `ResponseReceived`."""
        call = self._add_call(flow, f"<sip:{flow.local[0]}:{flow.local[1]}>")
        fields = [
            ("Via", via_value(call.contact, flow, self._new_token())),
            ("Max-Forwards", "70"),
            ("From", f"{call.contact};tag={self._new_token()}"),
            ("To", f"<{uri}>"),
            ("Call-ID", self._new_token()),
            ("CSeq", "1 OPTIONS"),
        ]
        request = Request(build_headers(fields), method="OPTIONS", uri=uri)
        self._send(call, request, Route(flow, flow), now)
        return call.dialog_id

    # --- the five verbs

    def receive(self, data: bytes, *, flow: Flow, now: float) -> None:
        """Take one datagram, or the next bytes of a connection."""
        for request in self._layer.receive(data, flow, now):
            self._answer(request, flow, now)

    def flow_opened(self, flow: Flow, now: float) -> None:
        """Learn of a new connection."""
        self._layer.flow_opened(flow)

    def flow_closed(self, flow: Flow, now: float) -> None:
        """Learn that a connection is gone."""
        self._layer.flow_closed(flow)

    def messages_to_send(self) -> list[tuple[Flow, bytes]]:
        """Take what is to be sent, in order."""
        return self._layer.connections.messages_to_send()

    def flows_to_close(self) -> list[Flow]:
        """Take the connections to be closed."""
        return self._layer.connections.flows_to_close()

    def events(self) -> list[ClientEvent]:
        """Take what has happened, in order."""
        taken, self._events = self._events, []
        return taken

    def next_timer(self) -> float | None:
        """When `handle_timer` is due; None: never."""
        return self._layer.timers.next()

    def handle_timer(self, now: float) -> None:
        """Do what is due."""
        self._layer.timers.run(now)

    # --- inside

    def _add_call(self, flow: Flow, contact: str, *, acknowledges: bool = True) -> Call:
        self._last_id += 1
        call = Call(DialogId(self._last_id), flow, contact, acknowledges)
        self._calls[call.dialog_id] = call
        return call

    def _forget(self, call: Call) -> None:
        self._calls.pop(call.dialog_id, None)
        if call.dialog is not None:
            self._by_key.pop(call.dialog.key, None)

    def _dialog(self, dialog_id: DialogId) -> tuple[Call, Dialog]:
        call = self._calls.get(dialog_id)
        if call is None or call.dialog is None:
            raise ProtocolError("the call has no dialog")
        return call, call.dialog

    def _send(self, call: Call, request: Request, route: Route, now: float) -> ClientTransaction:
        def received(response: Response | None, now: float) -> None:
            if call.dialog_id not in self._calls:
                return
            if response is None:
                self._events.append(RequestTimedOut(call.dialog_id, request))
            elif request.method != "INVITE" or self._take_answer(call, request, response, now):
                self._events.append(ResponseReceived(call.dialog_id, request, response))
            if _is_over(call, request, response):
                self._forget(call)

        return self._layer.send_request(request, route, now, on_response=received)

    def _take_answer(self, call: Call, invite: Request, response: Response, now: float) -> bool:
        """Act on a response to an INVITE; False for a repeated 2xx, which only repeats the ACK."""
        if response.status < 200:
            if call.is_cancelled:
                self._cancel_if_possible(call, now)
            return True
        if response.status >= 300:
            return True
        number = invite.cseq.number
        if number in call.acks:
            self._layer.connections.send(Route(call.flow, call.flow), call.acks[number])
            return False
        if call.dialog is None:
            call.dialog = Dialog.of_answer(
                invite, response, dialog_id=call.dialog_id, contact=call.contact, flow=call.flow
            )
            self._by_key[call.dialog.key] = call
        else:
            call.dialog.learn_target(response)
        if call.acknowledges:
            self.acknowledge(call.dialog_id, now=now)
        return True

    def _cancel_if_possible(self, call: Call, now: float) -> None:
        transaction = call.transaction
        if transaction is None or transaction.state is not State.PROCEEDING:
            return
        call.is_cancelled = False
        request = cancel_request(transaction.request)
        self._send(call, request, transaction.route, now)

    def _answer(self, request: Request, flow: Flow, now: float) -> None:
        """Answer what the server sends inside a dialog: BYE, refreshes, OPTIONS."""
        if request.method == "ACK":
            return
        key = (request.call_id, request.to_address.tag, request.from_address.tag)
        call = self._by_key.get(key)
        status = 481
        added: tuple[tuple[str, str], ...] = ()
        body = b""
        if call is not None:
            takes = request.method in ("BYE", "UPDATE", "INVITE", "OPTIONS")
            status = 200 if takes else 405
            added = (("Contact", call.contact), *CAPABILITIES)
            body = call.dialog.local_sdp if call.dialog and request.method == "INVITE" else b""
            self._events.append(PeerRequestReceived(call.dialog_id, request, status))
        response = make_response(
            request.headers,
            status,
            flow=flow,
            added=added,
            content_type="application/sdp",
            body=body,
        )
        self._layer.begin(request, flow, now).respond(status, bytes(response), now)
        if call is not None and request.method == "BYE":
            self._forget(call)


def _is_over(call: Call, request: Request, response: Response | None) -> bool:
    """Whether nothing more is to come of a call after this answer, or its absence."""
    if response is not None and response.status < 200:
        return False
    if request.method in ("BYE", "OPTIONS"):
        return request.method == "BYE" or call.dialog is None
    refused = response is None or response.status >= 300
    return request.method == "INVITE" and refused and call.dialog is None


def _ignore_timeout(_: ServerTransaction, __: ServerState, ___: float) -> None:
    """Do nothing: a 2xx of ours without ACK changes nothing for a client."""
