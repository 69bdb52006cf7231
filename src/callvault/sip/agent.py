"""The user agent server: bytes and time in, bytes and events out; no socket, no clock.

It knows the rules of SIP and nothing of recordings: what a session is worth, what its media are
and when it should end is decided by the application, through events and commands.
"""

import secrets
from collections.abc import Callable, Iterable

from callvault.sip.answering import Answer, Answering, Exchange
from callvault.sip.dialog import Dialog, DialogState
from callvault.sip.dialogs import DialogTable
from callvault.sip.digest import Authenticator, Credentials, Outcome
from callvault.sip.events import (
    CredentialsRefused,
    DialogEnded,
    DialogId,
    Event,
    InviteCancelled,
    InviteReceived,
    MessageSeen,
    OptionsReceived,
    RequestId,
    RequestRefused,
)
from callvault.sip.flow import Flow
from callvault.sip.inside import InsideDialogs
from callvault.sip.layer import TransactionLayer
from callvault.sip.message import Request
from callvault.sip.own_requests import OwnRequests
from callvault.sip.responses import CAPABILITIES, contact_value, demands_sips
from callvault.sip.saved import SavedDialog, restored, saved
from callvault.sip.screening import Refusal, screen, screen_body, screen_interval
from callvault.sip.settings import AgentSettings
from callvault.sip.strangers import StrangerLog


class UserAgentServer:
    """Answers SIP as a recording server.

    A stranger, whom `admits` does not know, gets no answer at all. Everything kept is bounded by
    `settings`. Commands may be called while events are handled.
    """

    def __init__(
        self,
        settings: AgentSettings,
        *,
        admits: Callable[[Flow], bool],
        credentials: Callable[[Flow], Credentials | None] = lambda flow: None,
        vouches: Callable[[bytes], bool] = lambda data: False,
        new_token: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        """`admits` says whether a flow's peer belongs to a trunk; `new_token` makes tags.

        `credentials` says what a peer must prove to begin a dialog or ask for our state; None:
        nothing. Inside the dialog it need not prove it again. `vouches` lets in single messages of
        a source that is not admitted.
        """
        self.unavailable = ""
        """Why no new session is taken ("draining", "spool is full"); empty: all is well.

        While set, OPTIONS gets 503 so that peers take the trunk out. INVITEs still reach the
        application, which refuses and records the refusal.
        """
        self._settings = settings
        self._new_token = new_token
        self._events: list[Event] = []
        self._last_dialog_id = 0
        self._credentials = credentials
        self._authenticator = Authenticator()
        self._wrong_answers = StrangerLog()
        self._layer = TransactionLayer(
            admits=admits,
            max_transactions=settings.max_transactions,
            max_connections=settings.max_connections,
            on_timeout=lambda *what: self._inside.transaction_timed_out(*what),
            answers_strangers=settings.answers_strangers,
            vouches=vouches,
        )
        self._dialogs = DialogTable(self._layer.timers, limit=settings.max_dialogs)
        self._own_requests = own_requests = OwnRequests(
            self._layer,
            admits=admits,
            report=self._report,
            end=lambda *what: self._inside.end(*what),
            new_token=new_token,
        )
        self._answering = Answering(
            settings, own_requests, report=self._report, end=lambda *what: self._inside.end(*what)
        )
        self._inside = InsideDialogs(
            self._layer, self._dialogs, self._answering, own_requests, settings, self._report
        )

    # --- what comes in

    def receive(self, data: bytes, *, flow: Flow, now: float) -> None:
        """Take one datagram, or the next bytes of a connection."""
        for request in self._layer.receive(data, flow, now):
            self._route(request, flow, now)
        if self._layer.strangers:
            self._events += self._layer.strangers
            self._layer.strangers.clear()

    def flow_opened(self, flow: Flow, now: float) -> None:
        """Learn of a new connection, accepted or opened by us."""
        self._layer.flow_opened(flow)

    def flow_closed(self, flow: Flow, now: float) -> None:
        """Learn that a connection is gone. Dialogs stay."""
        self._layer.flow_closed(flow)

    def next_timer(self) -> float | None:
        """When `handle_timer` is due, on the clock of `now`; None: never."""
        return self._layer.timers.next()

    def handle_timer(self, now: float) -> None:
        """Do what is due: retransmissions, time-outs, session timers."""
        self._layer.timers.run(now)

    # --- what goes out

    def messages_to_send(self) -> list[tuple[Flow, bytes]]:
        """Take what is to be sent, in order."""
        return self._layer.connections.messages_to_send()

    def flows_to_close(self) -> list[Flow]:
        """Take the connections to be closed, after all has been sent."""
        return self._layer.connections.flows_to_close()

    def events(self) -> list[Event]:
        """Take what has happened, in order."""
        taken, self._events = self._events, []
        return taken

    @property
    def dialog_count(self) -> int:
        """How many dialogs live."""
        return len(self._dialogs)

    # --- commands

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
        answer = Answer(status, reason, tuple(headers), content_type, body)
        return self._answering.respond(request_id, answer, now)

    def bye(self, dialog_id: DialogId, *, reason: str = "", now: float) -> bool:
        """End a dialog; `reason` is a Reason header value. False if it has ended or is ending.

        Before the ACK the BYE waits for it (RFC 3261, section 15); an INVITE without answer gets
        480. `DialogEnded` follows with the peer's answer, or 408 after 64*T1.
        """
        dialog = self._dialogs.with_id(dialog_id)
        if dialog is None or dialog.state is DialogState.ENDING:
            return False
        if dialog.state is DialogState.EARLY:
            return self._answering.respond(next(iter(dialog.pending)), Answer(480), now)
        dialog.state = DialogState.ENDING
        dialog.bye_reason = reason
        self._inside.bye_if_acknowledged(dialog, now)
        return True

    def request_snapshot(self, dialog_id: DialogId, reason: str, *, now: float) -> bool:
        """Ask a peer that takes UPDATE for its whole metadata; False if the dialog is not up."""
        dialog = self._dialogs.with_id(dialog_id)
        if dialog is None or dialog.state is not DialogState.CONFIRMED:
            return False
        if dialog.peer_allows and "UPDATE" not in dialog.peer_allows:
            return False
        self._own_requests.request_snapshot(dialog, reason, now)
        return True

    def save(self, dialog_id: DialogId) -> SavedDialog | None:
        """Describe a dialog for `restore`; None if it is not confirmed, or is ending."""
        dialog = self._dialogs.with_id(dialog_id)
        return saved(dialog) if dialog is not None else None

    def restore(self, one: SavedDialog, *, now: float) -> DialogId:
        """Go on with a dialog of a process before this one; requests in it are served at once.

        Its session timer begins anew; a refresh that is ours to send goes out within seconds,
        since nobody knows when the last one did. A 2xx that had no ACK is sent again.
        """
        self._last_dialog_id += 1
        dialog = restored(one, DialogId(self._last_dialog_id))
        self._dialogs.add(dialog)
        for answer in one.answers:
            self._inside.go_on(dialog, answer, now)
        self._own_requests.resume(dialog, one.session_timer, now)
        return dialog.dialog_id

    # --- requests

    def _route(self, request: Request, flow: Flow, now: float) -> None:
        refusal = screen(request)
        if request.method == "ACK":
            if refusal is None:  # an ACK is never answered
                self._inside.acknowledge(request, flow, now)
        elif refusal is not None:
            self._refuse(request, flow, refusal, now)
        elif request.method == "CANCEL":
            self._cancel(request, flow, now)
        elif request.to_address.tag:
            self._inside.receive(request, flow, now)
        elif request.method in ("INVITE", "OPTIONS"):
            self._begin(request, flow, now)
        else:
            self._layer.respond_statelessly(request.headers, 481, flow, tag=self._new_token())

    def _begin(self, request: Request, flow: Flow, now: float) -> None:
        """Take a request outside of dialogs, if its sender has proven who it is."""
        wanted = self._credentials(flow)
        outcome = self._authenticator.judge(request, wanted, now) if wanted else Outcome.PROVEN
        if wanted is not None and outcome is not Outcome.PROVEN:
            self._challenge(request, flow, wanted, outcome, now)
        elif request.method == "INVITE":
            self._invite(request, flow, now)
        else:
            self._options(request, flow, now)

    def _challenge(
        self, request: Request, flow: Flow, wanted: Credentials, outcome: Outcome, now: float
    ) -> None:
        """Answer 401, remembering nothing (RFC 3261, section 8.2.7): who asks may be anybody."""
        if outcome is Outcome.WRONG:
            heard = self._wrong_answers.hear(request.raw, flow, now)
            if heard is not None:
                agent, count = heard.user_agent, heard.count
                self._report(CredentialsRefused(flow, heard.method, agent, count))
        stale = outcome is Outcome.STALE
        asked = self._authenticator.challenges(wanted, now=now, stale=stale)
        self._layer.respond_statelessly(
            request.headers, 401 if asked else 403, flow, tag=self._new_token(), added=asked
        )

    def _refuse(self, request: Request, flow: Flow, refusal: Refusal, now: float) -> None:
        """Refuse a request on behalf of the application, and tell it."""
        self._report(RequestRefused(request, flow, refusal.status, refusal.problem))
        tag = self._new_token()
        if self._layer.is_full:
            self._layer.respond_statelessly(
                request.headers, refusal.status, flow, tag=tag, added=refusal.headers
            )
        else:
            exchange = Exchange(self._layer.begin(request, flow, now), request, flow)
            answer = Answer(refusal.status, headers=refusal.headers)
            self._answering.send(exchange, answer, now, tag=tag)

    def _invite(self, request: Request, flow: Flow, now: float) -> None:
        refusal = self._refusal_of_invite(request)
        if refusal is not None:
            self._refuse(request, flow, refusal, now)
            return
        self._last_dialog_id += 1
        dialog = Dialog.of_invite(
            request,
            dialog_id=DialogId(self._last_dialog_id),
            tag=self._new_token(),
            contact=contact_value(
                self._settings.contact_user,
                self._settings.own_address,
                flow,
                secure=flow.transport == "tls" and demands_sips(request),
            ),
            flow=flow,
        )
        dialog.learn_session_id(request)
        self._dialogs.add(dialog)
        transaction = self._layer.begin(request, flow, now, may_merge=True)
        exchange = Exchange(transaction, request, flow, dialog)
        request_id = self._answering.expect(exchange, dialog)
        self._report(InviteReceived(request_id, dialog.dialog_id, request, flow))
        self._report(MessageSeen(dialog.dialog_id, request.raw, sent=False, flow=flow))
        self._answering.send(exchange, Answer(100), now)

    def _refusal_of_invite(self, request: Request) -> Refusal | None:
        if self._layer.is_merged(request):
            return Refusal(482, "the same request is being served, having come another way")
        if self._dialogs.is_full or self._layer.is_full:
            retry_after = ("Retry-After", str(self._settings.retry_after_s))
            return Refusal(503, "as many dialogs as this node may hold", (retry_after,))
        minimum_s = self._settings.min_session_expires_s
        return screen_body(request) or screen_interval(request, minimum_s=minimum_s)

    def _options(self, request: Request, flow: Flow, now: float) -> None:
        """Answer a keep-alive; 503 takes this node out of its peer's rotation."""
        full = self._layer.is_full or self._dialogs.is_full
        status = 503 if self.unavailable or full else 200
        added = CAPABILITIES
        if status == 503:
            added += (("Retry-After", str(self._settings.retry_after_s)),)
        self._report(OptionsReceived(request, flow, status))
        self._layer.respond_statelessly(
            request.headers, status, flow, tag=self._new_token(), added=added
        )

    def _cancel(self, request: Request, flow: Flow, now: float) -> None:
        """Take an INVITE back, if it has no final answer yet (RFC 3261, section 9.2)."""
        invite = self._layer.find_invite(request)
        if invite is None:
            self._layer.respond_statelessly(request.headers, 481, flow, tag=self._new_token())
            return
        transaction = self._layer.begin(request, flow, now)
        dialog = self._answering.dialog_owing(invite.request_id)
        exchange = Exchange(transaction, request, flow, dialog)
        if dialog is None:  # too late: the answer has gone, and a BYE will follow it
            self._answering.send(exchange, Answer(200), now, tag=invite.tag)
            return
        self._report(MessageSeen(dialog.dialog_id, request.raw, sent=False, flow=flow))
        self._report(InviteCancelled(dialog.dialog_id, invite.request_id, request))
        self._answering.send(exchange, Answer(200), now)
        self._answering.withdraw(invite.request_id, now)
        if dialog.state is DialogState.EARLY:
            self._inside.end(dialog, DialogEnded(dialog.dialog_id, "cancelled", 487), now)

    def _report(self, event: Event) -> None:
        self._events.append(event)
