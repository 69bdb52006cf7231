"""Joins connections, strangers and transactions: from bytes to requests that are new.

Both user agents stand on it. It answers what no user agent needs to see: a keep-alive, malformed
messages, retransmissions, ACKs of refusals.
"""

import logging
from collections.abc import Callable, Iterator

from callvault.errors import RemoteProtocolError
from callvault.sip.client_transaction import ClientKey, ClientTransaction, OnResponse
from callvault.sip.connections import Connections, towards
from callvault.sip.events import StrangerHeard
from callvault.sip.flow import Flow
from callvault.sip.headers import find_parameter
from callvault.sip.message import Headers, MalformedMessage, Request, Response
from callvault.sip.parsing import parse_head, parse_message
from callvault.sip.responses import make_response
from callvault.sip.strangers import StrangerLog
from callvault.sip.timers import TimerQueue
from callvault.sip.transaction import (
    Route,
    ServerTransaction,
    State,
    TransactionKey,
    transaction_key,
)

logger = logging.getLogger(__name__)

MAX_STRANGER_BYTES = 8_192  # looked at, of a message of somebody we do not know
DEFAULT_PORTS = {"udp": 5060, "tcp": 5060, "tls": 5061}


class TransactionLayer:
    """All transactions of one agent, over all its flows."""

    def __init__(
        self,
        *,
        admits: Callable[[Flow], bool],
        max_transactions: int,
        max_connections: int,
        on_timeout: Callable[[ServerTransaction, State, float], None],
        answers_strangers: bool = False,
        vouches: Callable[[bytes], bool] = lambda data: False,
    ) -> None:
        self.timers = TimerQueue()
        self.connections = Connections(self.timers, limit=max_connections)
        self.strangers: list[StrangerHeard] = []
        self._admits = admits
        self._limit = max_transactions
        self._hard_limit = max_transactions * 5 // 4  # room to end what has begun
        self._on_timeout = on_timeout
        self._answers_strangers = answers_strangers
        self._vouches = vouches
        self._log = StrangerLog()
        self._servers: dict[TransactionKey, ServerTransaction] = {}
        self._origins: dict[TransactionKey, TransactionKey] = {}
        self._clients: dict[ClientKey, ClientTransaction] = {}

    @property
    def is_full(self) -> bool:
        """Whether no transaction may begin that does not end something."""
        return len(self._servers) >= self._limit

    def receive(self, data: bytes, flow: Flow, now: float) -> Iterator[Request]:
        """Take bytes; yield each request that is not a repetition. Strangers are only counted."""
        if not self._admits(flow) and not self._vouches(data):
            if data.strip(b"\r\n\0 ") and (heard := self._log.hear(data, flow, now)):
                self.strangers.append(heard)
            if self._answers_strangers:
                self._turn_away(data, flow)
            self.connections.close(flow)
            return

        def refuse(error: MalformedMessage) -> None:
            self.refuse_malformed(error, flow)

        for frame in self.connections.receive(data, flow, now, on_error=refuse):
            try:
                message = parse_message(frame)
                if isinstance(message, Response):
                    self._take_response(message, now)
                elif self._is_new(message, flow, now):
                    yield message
            except MalformedMessage as error:
                self._refuse_frame(error, frame, flow)
            except RemoteProtocolError as error:
                headers = message.headers
                self._refuse_frame(MalformedMessage(str(error), headers=headers), frame, flow)

    def _turn_away(self, data: bytes, flow: Flow) -> None:
        """Answer a stranger 403, as far as its first bytes allow; never a response or an ACK."""
        try:
            start_line, headers = parse_head(data[:MAX_STRANGER_BYTES].partition(b"\r\n\r\n")[0])
            if start_line[:4].upper() not in ("ACK ", "SIP/") and headers.first("call-id"):
                self.respond_statelessly(headers, 403, flow)
        except RemoteProtocolError:
            pass  # no SIP, or none that can be answered

    def _refuse_frame(self, error: MalformedMessage, frame: bytes, flow: Flow) -> None:
        """Answer a malformed request; neither ACKs nor responses are ever answered."""
        if not frame[:4].upper().startswith((b"ACK ", b"SIP/")):
            self.refuse_malformed(error, flow)

    def refuse_malformed(self, error: MalformedMessage, flow: Flow) -> None:
        """Answer a message that could not be read, as far as its headers allow."""
        logger.info("malformed message from %s: %s", flow.remote[0], error)
        if not error.headers.first("call-id"):
            return  # nothing a peer could match an answer to
        try:
            self.respond_statelessly(error.headers, error.sip_status, flow)
        except RemoteProtocolError:
            logger.info("malformed message from %s has no via to answer by", flow.remote[0])

    def respond_statelessly(
        self,
        headers: Headers,
        status: int,
        flow: Flow,
        *,
        tag: str = "",
        added: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Answer without remembering it. Raises RemoteProtocolError without a readable Via."""
        response = make_response(headers, status, flow=flow, tag=tag, added=added)
        self.connections.send(reply_route(response, flow), bytes(response))

    def _take_response(self, response: Response, now: float) -> None:
        """Hand a response to its transaction; one that belongs to none is dropped."""
        transaction = self._clients.get((response.via.branch, response.cseq.method))
        if transaction is not None:
            transaction.receive(response, now)

    def _is_new(self, request: Request, flow: Flow, now: float) -> bool:
        transaction = self._servers.get(transaction_key(request))
        if transaction is None:
            return len(self._servers) < self._hard_limit or _needs_no_room(request)
        if request.method == "ACK":
            if transaction.state is State.ACCEPTED:
                return True  # the ACK of a 2xx belongs to the dialog, even on the INVITE's branch
            transaction.acknowledge(now)
        else:
            if flow.is_reliable:
                transaction.route = Route(flow, transaction.route.otherwise)
            transaction.receive_again(now)
        return False

    def begin(
        self, request: Request, flow: Flow, now: float, *, may_merge: bool = False
    ) -> ServerTransaction:
        """Remember a new request. The caller has asked `is_full` where that matters."""
        transaction = ServerTransaction(
            transaction_key(request),
            reply_route(request, flow),
            is_invite=request.method == "INVITE",
            timers=self.timers,
            send=self.connections.send,
            on_timeout=self._server_timed_out,
        )
        self._servers[transaction.key] = transaction
        if may_merge and len(request.vias) > 1:
            transaction.origin = origin_of(request)
            self._origins[transaction.origin] = transaction.key
        transaction.begin(now)
        return transaction

    def go_on_answering(
        self, key: TransactionKey, route: Route, answer: bytes, now: float
    ) -> ServerTransaction:
        """Repeat the 2xx of an INVITE that a process before this one answered, until its ACK."""
        transaction = ServerTransaction(
            key,
            route,
            is_invite=True,
            timers=self.timers,
            send=self.connections.send,
            on_timeout=self._server_timed_out,
        )
        self._servers[key] = transaction
        transaction.begin(now)
        transaction.respond(200, answer, now)
        return transaction

    def find_invite(self, cancel: Request) -> ServerTransaction | None:
        """Return the INVITE that a CANCEL takes back (RFC 3261, section 9.2)."""
        branch, sent_by, _, *rest = transaction_key(cancel)
        return self._servers.get((branch, sent_by, "INVITE", *rest))

    def is_merged(self, request: Request) -> bool:
        """Whether the same request is being served already, having come another way (8.2.2.2).

        Same means the same transaction of its originator, by the farthest Via: a peer that
        simply tries again under its old Call-ID is not refused.
        """
        known = self._origins.get(origin_of(request)) if len(request.vias) > 1 else None
        return known is not None and known != transaction_key(request)

    def _server_timed_out(self, transaction: ServerTransaction, was_in: State, now: float) -> None:
        if transaction.state is State.TERMINATED:
            self._servers.pop(transaction.key, None)
            self._origins.pop(transaction.origin, None)
        self._on_timeout(transaction, was_in, now)

    def send_request(
        self, request: Request, route: Route, now: float, *, on_response: OnResponse
    ) -> ClientTransaction:
        """Send a request of ours; `on_response` hears what becomes of it."""

        def forget(transaction: ClientTransaction) -> None:
            self._clients.pop(transaction.key, None)

        transaction = ClientTransaction(
            request,
            route,
            timers=self.timers,
            send=self.connections.send,
            on_response=on_response,
            on_ended=forget,
        )
        self._clients[transaction.key] = transaction
        transaction.begin(now)
        return transaction

    def flow_opened(self, flow: Flow) -> None:
        """Know a connection, of a stranger as well: what it says first is reported."""
        self.connections.opened(flow, is_strange=not self._admits(flow))

    def flow_closed(self, flow: Flow) -> None:
        """Forget a connection, and send again what had no answer on it."""
        self.connections.closed(flow)
        for transaction in list(self._clients.values()):
            if flow.connection_id and transaction.route.flow == flow:
                transaction.send_again()


def _needs_no_room(request: Request) -> bool:
    """Whether a request is taken even when memory is used up: it ends something, or is refused."""
    return request.method in ("ACK", "BYE") or not request.to_address.tag


def origin_of(request: Request) -> TransactionKey:
    """Name a request by what its originator gave it, whatever way it came."""
    tag, number = request.from_address.tag, str(request.cseq.number)
    return (request.call_id, tag, number, request.method, request.vias[-1])


def reply_route(message: Request | Response, flow: Flow) -> Route:
    """Where the answer to a request goes (RFC 3261, 18.2.2; RFC 3581, section 4).

    On a connection back over it, or if it is gone to the sent-by port; on udp to the source,
    with its port only where the peer asked for it by rport.
    """
    via = message.via
    port = via.port or DEFAULT_PORTS[flow.transport]
    if flow.is_reliable:
        return Route(flow, towards(flow, flow.remote[0], port))
    if find_parameter(via.parameters, "rport") is not None:
        return Route(flow, flow)
    back = towards(flow, flow.remote[0], port)
    return Route(back, back)
