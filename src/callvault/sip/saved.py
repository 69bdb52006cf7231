"""What is kept of a dialog so that another process can go on with it (RFC 3261, section 12)."""

from dataclasses import dataclass

from callvault.sip.dialog import Dialog, DialogState
from callvault.sip.events import DialogId
from callvault.sip.flow import Flow, HostPort, Transport
from callvault.sip.session_timer import SessionTimer
from callvault.sip.transaction import State, TransactionKey

CSEQ_LEAP = 1_000
"""Added to our CSeq at a restore: refreshes since the saving may have used up some numbers."""


@dataclass(frozen=True, slots=True)
class SavedAnswer:
    """A 2xx of ours that waits for its ACK: the next process goes on repeating it.

    Without that an ACK that came while nobody was there was lost, and with it the answer to an
    offer of ours: the peer acknowledges each repetition anew (RFC 3261, section 13.2.2.4).
    """

    cseq: int
    raw: bytes
    key: TransactionKey
    remote: HostPort
    is_offer: bool  # its SDP is an offer, which the ACK answers


@dataclass(frozen=True, slots=True)
class SavedDialog:
    """A confirmed dialog at one moment. Other transactions under way are not part of it."""

    call_id: str
    local: str
    remote: str
    local_tag: str
    remote_tag: str
    transport: Transport
    local_address: HostPort
    remote_address: HostPort  # of the peer's last request or answer
    contact: str
    remote_target: str
    route_set: tuple[str, ...]
    remote_cseq: int
    local_cseq: int
    peer_allows: tuple[str, ...]
    session_id: str
    peer_session_id: str
    local_sdp: bytes
    session_timer: SessionTimer | None
    peer_names: tuple[str, ...] = ()
    answers: tuple[SavedAnswer, ...] = ()

    @property
    def flow(self) -> Flow:
        """The way to the peer; a connection of the process before is not there any more."""
        return Flow(
            self.transport, self.local_address, self.remote_address, peer_names=self.peer_names
        )


def saved(dialog: Dialog) -> SavedDialog | None:
    """Describe a dialog; None unless it is confirmed and not about to end."""
    if dialog.state is not DialogState.CONFIRMED:
        return None
    flow = dialog.flow
    return SavedDialog(
        call_id=dialog.call_id,
        local=dialog.local,
        remote=dialog.remote,
        local_tag=dialog.key[1],
        remote_tag=dialog.key[2],
        transport=flow.transport,
        local_address=flow.local,
        remote_address=flow.remote,
        contact=dialog.contact,
        remote_target=dialog.remote_target,
        route_set=dialog.route_set,
        remote_cseq=dialog.remote_cseq,
        local_cseq=dialog.local_cseq,
        peer_allows=tuple(sorted(dialog.peer_allows)),
        session_id=dialog.session_id,
        peer_session_id=dialog.peer_session_id,
        local_sdp=dialog.local_sdp,
        session_timer=dialog.session_timer,
        peer_names=flow.peer_names,
        answers=tuple(
            SavedAnswer(
                number, one.response, one.key, one.route.otherwise.remote, one.carries_offer
            )
            for number, one in dialog.unacknowledged.items()
            if one.state is State.ACCEPTED
        ),
    )


def restored(one: SavedDialog, dialog_id: DialogId) -> Dialog:
    """Make the dialog again, without its timers."""
    return Dialog(
        dialog_id,
        one.call_id,
        local=one.local,
        remote=one.remote,
        key=(one.call_id, one.local_tag, one.remote_tag),
        flow=one.flow,
        contact=one.contact,
        remote_target=one.remote_target,
        route_set=one.route_set,
        remote_cseq=one.remote_cseq,
        local_cseq=one.local_cseq + CSEQ_LEAP,
        state=DialogState.CONFIRMED,
        peer_allows=frozenset(one.peer_allows),
        session_id=one.session_id,
        peer_session_id=one.peer_session_id,
        local_sdp=one.local_sdp,
    )
