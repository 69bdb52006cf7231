"""What a recording server itself sends in a dialog: BYE, session refreshes, snapshot requests.

None ever changes the media: many recording clients do not take that from a recorder.
"""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address

from callvault.sip.connections import towards
from callvault.sip.dialog import Dialog, DialogState
from callvault.sip.events import DialogEnded, Event, MessageSeen, SessionExpired
from callvault.sip.flow import Flow
from callvault.sip.headers import Address, Uri
from callvault.sip.layer import DEFAULT_PORTS, TransactionLayer
from callvault.sip.message import Request, Response
from callvault.sip.requests import via_value
from callvault.sip.responses import ALLOW, SUPPORTED
from callvault.sip.session_timer import SessionTimer, timer_of_refresh
from callvault.sip.transaction import Route

SNAPSHOT_REQUEST = "application/rs-metadata-request"
MAX_INTERVAL_S = 86_400  # of a 422 we follow
GLARE_RETRY_S = 1.0  # within the 0 to 2 s of one that did not begin the dialog (RFC 3261, 14.1)
REFRESH_AFTER_RESTORE_S = 2.0
REFRESH_SPREAD_S = 20


class OwnRequests:
    """Sends BYEs and refreshes, and keeps the session timers of all dialogs."""

    def __init__(
        self,
        layer: TransactionLayer,
        *,
        admits: Callable[[Flow], bool],
        report: Callable[[Event], None],
        end: Callable[[Dialog, DialogEnded, float], None],
        new_token: Callable[[], str],
    ) -> None:
        self._layer = layer
        self._admits = admits
        self._report = report
        self._end = end
        self._new_token = new_token

    def bye(self, dialog: Dialog, reason: str, now: float) -> None:
        """Send the BYE; the dialog ends with its answer, whatever that is.

        OpenSIPS answers 405: then the dialog ends on our side alone.
        """
        dialog.state = DialogState.ENDING
        dialog.bye_reason = None
        dialog.stop_timers()

        def answered(response: Response | None, now: float) -> None:
            if dialog.state is DialogState.ENDED or (response and response.status < 200):
                return
            status = response.status if response else 408
            self._end(dialog, DialogEnded(dialog.dialog_id, "bye_sent", status), now)

        added = (("Reason", reason),) if reason else ()
        self._send(dialog, "BYE", added, now, answered)

    def request_snapshot(self, dialog: Dialog, reason: str, now: float) -> None:
        """Ask the SRC for its whole metadata (RFC 7866); it comes in a request of its own.

        Whatever it answers, the call goes on: OpenSIPS refuses with 488.
        """
        added = (("Contact", dialog.contact), ("Content-Disposition", "recording-session"))
        body = reason.encode()
        self._send(dialog, "UPDATE", added, now, lambda *_: None, body, SNAPSHOT_REQUEST)

    def watch(self, dialog: Dialog, timer: SessionTimer | None, now: float) -> None:
        """Begin the session timer anew, as a 2xx just agreed it; None: there is none."""
        dialog.stop_timers()
        dialog.session_timer = timer
        if timer is None or dialog.state is not DialogState.CONFIRMED:
            return

        arm = self._layer.timers.arm
        dialog.timers.append(arm(now + timer.expires_after_s, lambda _: self._expire(dialog)))
        if timer.we_refresh:
            later = now + timer.refresh_after_s
            dialog.timers.append(arm(later, lambda now: self._refresh(dialog, now)))

    def resume(self, dialog: Dialog, timer: SessionTimer | None, now: float) -> None:
        """Begin the session timer of a restored dialog; a refresh of ours is soon due."""
        self.watch(dialog, timer, now)
        if timer is not None and timer.we_refresh:
            # Hundreds of dialogs come back in one moment: their refreshes need not.
            later = now + REFRESH_AFTER_RESTORE_S + dialog.dialog_id % REFRESH_SPREAD_S
            dialog.timers.append(
                self._layer.timers.arm(later, lambda now: self._refresh(dialog, now))
            )

    def _expire(self, dialog: Dialog) -> None:
        dialog.stop_timers()
        dialog.session_timer = None
        self._report(SessionExpired(dialog.dialog_id))

    def _refresh(self, dialog: Dialog, now: float) -> None:
        """Send UPDATE, or to a peer that does not take it a re-INVITE with the SDP as it is."""
        timer = dialog.session_timer
        if timer is None or dialog.state is not DialogState.CONFIRMED:
            return
        if dialog.offers_out or dialog.pending:
            dialog.timers.append(
                self._layer.timers.arm(now + GLARE_RETRY_S, lambda now: self._refresh(dialog, now))
            )
            return
        expires = ("Session-Expires", f"{timer.interval_s};refresher=uac")
        added = (("Contact", dialog.contact), SUPPORTED, ALLOW, expires)
        by_update = "UPDATE" in dialog.peer_allows or not dialog.local_sdp
        method = "UPDATE" if by_update else "INVITE"
        dialog.offers_out += not by_update
        body = b"" if by_update else dialog.local_sdp

        def answered(response: Response | None, now: float) -> None:
            if response is None or response.status >= 200:
                dialog.offers_out -= not by_update
                self._refreshed(dialog, timer, response, now)

        self._send(dialog, method, added, now, answered, body)

    def _refreshed(
        self, dialog: Dialog, timer: SessionTimer, response: Response | None, now: float
    ) -> None:
        """Act on the answer to a refresh (RFC 4028, sections 7.2 and 10)."""
        if dialog.state is not DialogState.CONFIRMED or dialog.session_timer is not timer:
            return  # ended, expired, or refreshed by the peer meanwhile
        status = response.status if response else 408
        if response and status < 300:
            dialog.learn_target(response)
            self.watch(dialog, timer_of_refresh(response), now)
        elif response and status == 422 and response.min_se_s:
            interval_s = min(max(response.min_se_s, timer.interval_s), MAX_INTERVAL_S)
            dialog.session_timer = replace(timer, interval_s=interval_s)
            self._refresh_later(dialog, now)
        elif status == 491:
            self._refresh_later(dialog, now)
        elif status in (408, 481):
            self._expire(dialog)
        else:
            # It does not take refreshes from us: silence of the media ends the session instead.
            dialog.stop_timers()
            dialog.session_timer = None

    def _refresh_later(self, dialog: Dialog, now: float) -> None:
        timer = self._layer.timers.arm(now + GLARE_RETRY_S, lambda now: self._refresh(dialog, now))
        dialog.timers.append(timer)

    def _send(
        self,
        dialog: Dialog,
        method: str,
        added: tuple[tuple[str, str], ...],
        now: float,
        answered: Callable[[Response | None, float], None],
        body: bytes = b"",
        content_type: str = "application/sdp",
    ) -> None:
        route = self.route_of(dialog)
        dialog.local_cseq += 1
        request = dialog.make_request(
            method,
            via_value(dialog.contact, route.flow, self._new_token()),
            cseq=dialog.local_cseq,
            added=added,
            content_type=content_type,
            body=body,
        )

        is_final = False

        def received(response: Response | None, now: float) -> None:
            nonlocal is_final
            if response is not None and method == "INVITE" and 200 <= response.status < 300:
                self._acknowledge(dialog, request, route)  # each time: the ACK may be lost
            if is_final:
                return
            is_final = response is None or response.status >= 200
            if response is not None and dialog.state is not DialogState.ENDED:
                seen = MessageSeen(dialog.dialog_id, response.raw, sent=False, flow=route.flow)
                self._report(seen)
            answered(response, now)

        self._report(MessageSeen(dialog.dialog_id, bytes(request), sent=True, flow=route.flow))
        self._layer.send_request(request, route, now, on_response=received)

    def _acknowledge(self, dialog: Dialog, invite: Request, route: Route) -> None:
        via = via_value(dialog.contact, route.flow, self._new_token())
        ack = dialog.make_request("ACK", via, cseq=invite.cseq.number)
        self._layer.connections.send(route, bytes(ack))

    def route_of(self, dialog: Dialog) -> Route:
        """Where a request of the dialog goes now.

        Over the connection the peer last used, if it is open; else by the book to the first
        route or the Contact. Names are not looked up and addresses that no trunk has are not
        written to (a Contact behind NAT): then back to where the peer last sent from.
        """
        flow = dialog.flow
        by_book = _flow_to(Address.parse(dialog.next_hop()[2]).uri, flow)
        if by_book is None or not self._admits(by_book):
            port = Uri.parse(dialog.remote_target).port or DEFAULT_PORTS[flow.transport]
            back = towards(flow, flow.remote[0], port)
            by_book = back if flow.is_reliable else flow
        if flow.is_reliable:
            return Route(flow, by_book)
        return Route(by_book, by_book)


def _flow_to(uri: Uri, flow: Flow) -> Flow | None:
    """Return the flow to a URI whose host is an address; None for a name or nothing."""
    try:
        ip_address(uri.host)
    except ValueError:
        return None
    asked = (uri.parameter("transport") or flow.transport).lower()
    if uri.scheme == "sips":
        asked = "tls"
    for transport in ("udp", "tcp", "tls"):
        if transport == asked:
            there = replace(flow, transport=transport)
            return towards(there, uri.host, uri.port or DEFAULT_PORTS[transport])
    return None
