"""Sends answers to requests, and keeps those that the application still owes one."""

from collections.abc import Callable
from dataclasses import dataclass, field

from callvault.sip.dialog import Dialog, DialogState
from callvault.sip.events import DialogEnded, Event, MessageSeen, RequestId
from callvault.sip.flow import Flow
from callvault.sip.headers import SessionExpires
from callvault.sip.message import Request
from callvault.sip.own_requests import OwnRequests
from callvault.sip.responses import ACCEPT, ALLOW, SUPPORTED, make_response
from callvault.sip.session_timer import agree, timer_of_answer
from callvault.sip.settings import AgentSettings
from callvault.sip.transaction import ServerTransaction

MAX_UNACKNOWLEDGED = 8  # 2xx of one dialog without ACK; the oldest is no longer reported

Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as the application gives it."""

    status: int
    reason: str = ""
    headers: Fields = ()
    content_type: str = ""
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request that is being answered. Its transaction lives longer, without the request."""

    transaction: ServerTransaction
    request: Request
    flow: Flow
    dialog: Dialog | None = None


@dataclass(slots=True)
class Answering:
    """The answering half of a user agent server."""

    settings: AgentSettings
    own_requests: OwnRequests
    report: Callable[[Event], None]
    end: Callable[[Dialog, DialogEnded, float], None]
    _owed: dict[RequestId, tuple[Exchange, Dialog]] = field(default_factory=dict)
    _last_id: int = 0

    def expect(self, exchange: Exchange, dialog: Dialog) -> RequestId:
        """Note that the application owes an answer; return the id it will name."""
        self._last_id += 1
        request_id = RequestId(self._last_id)
        exchange.transaction.request_id = request_id
        exchange.transaction.dialog_id = dialog.dialog_id
        self._owed[request_id] = (exchange, dialog)
        dialog.pending[request_id] = exchange.transaction
        return request_id

    def respond(self, request_id: RequestId, answer: Answer, now: float) -> bool:
        """Send the application's answer; False if none is owed any more."""
        if request_id not in self._owed:
            return False
        exchange, dialog = self._owed[request_id]
        if answer.status < 200:
            self.send(exchange, answer, now)
            return True
        del self._owed[request_id]
        del dialog.pending[request_id]
        if answer.status < 300:
            self._accept(exchange, dialog, answer, now)
        else:
            self.send(exchange, answer, now, _explained(answer, self.settings.retry_after_s))
            if dialog.state is DialogState.EARLY:
                ended = DialogEnded(dialog.dialog_id, "refused", answer.status)
                self.end(dialog, ended, now)
        return True

    def dialog_owing(self, request_id: RequestId) -> Dialog | None:
        """Return the dialog in which this request still waits for its answer."""
        owed = self._owed.get(request_id)
        return owed[1] if owed else None

    def withdraw(self, request_id: RequestId, now: float) -> None:
        """Answer 487: the request was cancelled, or a BYE overtook it."""
        exchange, dialog = self._owed.pop(request_id)
        del dialog.pending[request_id]
        self.send(exchange, Answer(487), now)

    def _accept(self, exchange: Exchange, dialog: Dialog, answer: Answer, now: float) -> None:
        request = exchange.request
        minimum_s, proposal_s = self.settings.min_session_expires_s, self.settings.session_expires_s
        agreed = agree(request, minimum_s=minimum_s, proposal_s=proposal_s)
        if dialog.state is DialogState.EARLY:
            dialog.state = DialogState.CONFIRMED
        dialog.learn_target(request)
        dialog.peer_allows = request.allow or dialog.peer_allows
        if answer.content_type == "application/sdp":
            dialog.local_sdp = answer.body
        if exchange.transaction.is_invite:
            offers = bool(answer.body) and not request.carries_sdp
            await_ack(dialog, exchange.transaction, request.cseq.number, offers=offers)
        self.send(exchange, answer, now, _accepted(request, dialog, agreed))
        self.own_requests.watch(dialog, timer_of_answer(agreed), now)

    def send(
        self, exchange: Exchange, answer: Answer, now: float, added: Fields = (), *, tag: str = ""
    ) -> None:
        """Build and send an answer; one of a dialog is reported and carries the dialog's tag."""
        transaction, dialog = exchange.transaction, exchange.dialog
        fields = [*added, *answer.headers, ("Server", self.settings.server_name)]
        if dialog is not None:
            fields += dialog.session_id_header()
            tag = dialog.key[1]
        transaction.tag = tag
        response = make_response(
            exchange.request.headers,
            answer.status,
            answer.reason,
            flow=exchange.flow,
            tag="" if answer.status == 100 else tag,
            added=fields,
            content_type=answer.content_type,
            body=answer.body,
        )
        raw = bytes(response)
        if transaction.respond(answer.status, raw, now) and dialog is not None:
            flow = transaction.route.flow
            self.report(MessageSeen(dialog.dialog_id, raw, sent=True, flow=flow))


def await_ack(dialog: Dialog, transaction: ServerTransaction, number: int, *, offers: bool) -> None:
    """Have a dialog wait for the ACK of a 2xx to its INVITE of this CSeq number."""
    transaction.carries_offer = offers
    dialog.offers_out += offers
    if len(dialog.unacknowledged) >= MAX_UNACKNOWLEDGED:
        dialog.close_offer(dialog.unacknowledged.pop(min(dialog.unacknowledged)))
    dialog.unacknowledged[number] = transaction


def _accepted(request: Request, dialog: Dialog, agreed: SessionExpires | None) -> Fields:
    """Headers of a 2xx. `siprec` is never required of the peer, only offered."""
    routes = tuple(("Record-Route", value) for value in request.headers.all("record-route"))
    timer: Fields = ()
    if agreed is not None:
        timer = (("Session-Expires", str(agreed)),)
        if agreed.refresher == "uac":
            timer += (("Require", "timer"),)
    return (*routes, ("Contact", dialog.contact), SUPPORTED, ALLOW, ACCEPT, *timer)


def _explained(answer: Answer, retry_after_s: int) -> Fields:
    """Headers that a refusal must carry, unless the application brings its own."""
    needed = {
        405: ALLOW,
        415: ACCEPT,
        503: ("Retry-After", str(retry_after_s)),
    }.get(answer.status)
    given = {name.lower() for name, _ in answer.headers}
    return (needed,) if needed is not None and needed[0].lower() not in given else ()
