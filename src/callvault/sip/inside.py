"""Requests inside dialogs, and how a dialog ends: the larger half of the user agent server."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

from callvault.sip.answering import Answer, Answering, Exchange, await_ack
from callvault.sip.dialog import Dialog
from callvault.sip.dialogs import DialogTable
from callvault.sip.events import (
    AckReceived,
    AckTimedOut,
    AnswerOverdue,
    ByeReceived,
    DialogEnded,
    Event,
    InfoReceived,
    MessageSeen,
    ReinviteReceived,
    UpdateReceived,
)
from callvault.sip.flow import Flow
from callvault.sip.layer import TransactionLayer
from callvault.sip.message import Request
from callvault.sip.own_requests import OwnRequests
from callvault.sip.responses import CAPABILITIES
from callvault.sip.saved import SavedAnswer
from callvault.sip.screening import (
    INFO_ACCEPT,
    Refusal,
    screen_body,
    screen_interval,
    takes_info,
)
from callvault.sip.settings import AgentSettings
from callvault.sip.transaction import Route, ServerTransaction, State

MAX_RETRY_AFTER_S = 10  # of a request that came while another waits (RFC 3261, section 14.2)


@dataclass(slots=True)
class InsideDialogs:
    """Serves what comes inside dialogs."""

    layer: TransactionLayer
    dialogs: DialogTable
    answering: Answering
    own_requests: OwnRequests
    settings: AgentSettings
    report: Callable[[Event], None]

    def acknowledge(self, request: Request, flow: Flow, now: float) -> None:
        """Take an ACK of a 2xx, however late."""
        dialog = self.dialogs.of_request(request)
        if dialog is None:
            return
        transaction = dialog.unacknowledged.pop(request.cseq.number, None)
        if transaction is None:
            return  # the answer to a repeated 2xx
        transaction.acknowledge(now)
        dialog.flow = flow
        dialog.close_offer(transaction)
        self.report(MessageSeen(dialog.dialog_id, request.raw, sent=False, flow=flow))
        self.report(AckReceived(dialog.dialog_id, transaction.request_id, request))
        self.bye_if_acknowledged(dialog, now)

    def go_on(self, dialog: Dialog, answer: SavedAnswer, now: float) -> None:
        """Repeat a 2xx that a process before this one sent, until its ACK."""
        back = replace(dialog.flow, remote=answer.remote)
        transaction = self.layer.go_on_answering(answer.key, Route(back, back), answer.raw, now)
        transaction.dialog_id = dialog.dialog_id
        await_ack(dialog, transaction, answer.cseq, offers=answer.is_offer)

    def receive(self, request: Request, flow: Flow, now: float) -> None:
        """Take any other request; one of an unknown dialog gets 481."""
        dialog = self.dialogs.of_request(request)
        if dialog is None:
            late = request.method == "BYE" and self.dialogs.has_just_ended(request)
            self.layer.respond_statelessly(request.headers, 200 if late else 481, flow)
            return
        dialog.flow = flow
        dialog.learn_session_id(request)
        self.report(MessageSeen(dialog.dialog_id, request.raw, sent=False, flow=flow))
        exchange = Exchange(self.layer.begin(request, flow, now), request, flow, dialog)
        refusal = self._refusal(dialog, request)
        if refusal is not None:
            self.answering.send(exchange, Answer(refusal.status, headers=refusal.headers), now)
        elif request.method == "BYE":
            self._end_by_peer(exchange, dialog, now)
        elif request.method in ("INVITE", "UPDATE"):
            self._pass_offer(exchange, dialog, now)
        else:
            self._answer(exchange, dialog, now)

    def _refusal(self, dialog: Dialog, request: Request) -> Refusal | None:
        if refusal := dialog.accept_sequence(request):
            return refusal
        if request.method not in ("INVITE", "UPDATE"):
            return None
        retry_after_s = secrets.randbelow(MAX_RETRY_AFTER_S + 1)
        return (
            screen_body(request)
            or screen_interval(request, minimum_s=self.settings.min_session_expires_s)
            or dialog.clash(request, retry_after_s=retry_after_s)
        )

    def _pass_offer(self, exchange: Exchange, dialog: Dialog, now: float) -> None:
        """Hand a re-INVITE or UPDATE to the application."""
        request_id = self.answering.expect(exchange, dialog)
        request, flow = exchange.request, exchange.flow
        if exchange.transaction.is_invite:
            self.report(ReinviteReceived(request_id, dialog.dialog_id, request, flow))
            self.answering.send(exchange, Answer(100), now)
        else:
            self.report(UpdateReceived(request_id, dialog.dialog_id, request, flow))

    def _end_by_peer(self, exchange: Exchange, dialog: Dialog, now: float) -> None:
        self.report(ByeReceived(dialog.dialog_id, exchange.request))
        self.answering.send(exchange, Answer(200), now)
        self.end(dialog, DialogEnded(dialog.dialog_id, "bye_received", 200), now)

    def _answer(self, exchange: Exchange, dialog: Dialog, now: float) -> None:
        """Answer INFO and OPTIONS, which never need the application."""
        request = exchange.request
        answer = Answer(200, headers=CAPABILITIES if request.method == "OPTIONS" else ())
        if request.method == "INFO":
            accepted = takes_info(request)
            self.report(InfoReceived(dialog.dialog_id, request, accepted))
            answer = answer if accepted else Answer(415, headers=(("Accept", INFO_ACCEPT),))
        self.answering.send(exchange, answer, now)

    def transaction_timed_out(
        self, transaction: ServerTransaction, was_in: State, now: float
    ) -> None:
        """Act on an answer that the application owes for too long, or on an ACK that never came."""
        dialog = self.answering.dialog_owing(transaction.request_id)
        if was_in is State.PROCEEDING and dialog is not None:
            self.report(AnswerOverdue(dialog.dialog_id, transaction.request_id))
            self.answering.respond(transaction.request_id, Answer(500), now)
        elif was_in is State.ACCEPTED and not transaction.is_acknowledged:
            self._ack_timed_out(transaction, now)

    def _ack_timed_out(self, transaction: ServerTransaction, now: float) -> None:
        dialog = self.dialogs.with_id(transaction.dialog_id)
        if dialog is not None:
            dialog.close_offer(transaction)
            self.report(AckTimedOut(dialog.dialog_id, transaction.request_id))
            self.bye_if_acknowledged(dialog, now)

    def bye_if_acknowledged(self, dialog: Dialog, now: float) -> None:
        """Send the BYE that waits, unless a 2xx may still get its ACK (RFC 3261, section 15)."""
        open_states = [transaction.state for transaction in dialog.unacknowledged.values()]
        if dialog.bye_reason is not None and State.ACCEPTED not in open_states:
            self.own_requests.bye(dialog, dialog.bye_reason, now)

    def end(self, dialog: Dialog, ended: DialogEnded, now: float) -> None:
        """Forget the dialog and report its end; what is still unanswered in it gets 487."""
        for request_id in list(dialog.pending):
            self.answering.withdraw(request_id, now)
        self.dialogs.end(dialog, now)
        self.report(ended)
