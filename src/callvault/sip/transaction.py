"""Server transactions: one request, its retransmissions, its answer (RFC 3261, 17.2; RFC 6026).

A transaction absorbs repetitions and replays its answer. The 2xx of an INVITE is retransmitted
here too, until its ACK: by RFC 3261, 13.3.1.4 on every transport, since a later hop may lose it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from callvault.sip.events import DialogId, RequestId
from callvault.sip.flow import Flow
from callvault.sip.message import Request
from callvault.sip.requests import MAGIC_COOKIE
from callvault.sip.timers import GIVE_UP_S, T1_S, T2_S, T4_S, Timer, TimerQueue

TransactionKey = tuple[str, ...]
Send = Callable[["Route", bytes], None]


class State(Enum):
    """Where a server transaction stands; a non-INVITE one knows only three of them."""

    PROCEEDING = auto()
    ACCEPTED = auto()  # 2xx sent (RFC 6026)
    COMPLETED = auto()  # other final answer sent
    CONFIRMED = auto()  # its ACK came
    TERMINATED = auto()


class Signal(Enum):
    """What can happen to it."""

    REPEATED = auto()  # the request came again
    PROVISIONAL = auto()
    SUCCESS = auto()
    FAILURE = auto()
    ACK = auto()
    LIFETIME_OVER = auto()


class Action(Enum):
    """What it then does."""

    NOTHING = auto()
    SEND = auto()
    SEND_AND_REPEAT = auto()  # until ACK
    REPLAY = auto()
    QUIETEN = auto()  # no more repetitions


Table = dict[tuple[State, Signal], tuple[State, Action]]

INVITE_TABLE: Table = {
    (State.PROCEEDING, Signal.REPEATED): (State.PROCEEDING, Action.REPLAY),
    (State.PROCEEDING, Signal.PROVISIONAL): (State.PROCEEDING, Action.SEND),
    (State.PROCEEDING, Signal.SUCCESS): (State.ACCEPTED, Action.SEND_AND_REPEAT),
    (State.PROCEEDING, Signal.FAILURE): (State.COMPLETED, Action.SEND_AND_REPEAT),
    (State.PROCEEDING, Signal.LIFETIME_OVER): (State.PROCEEDING, Action.NOTHING),
    # Absorbed (RFC 6026, section 8.7): the 2xx is being repeated as often as the INVITE is.
    (State.ACCEPTED, Signal.REPEATED): (State.ACCEPTED, Action.NOTHING),
    (State.ACCEPTED, Signal.ACK): (State.ACCEPTED, Action.QUIETEN),
    (State.ACCEPTED, Signal.LIFETIME_OVER): (State.TERMINATED, Action.NOTHING),
    (State.COMPLETED, Signal.REPEATED): (State.COMPLETED, Action.REPLAY),
    (State.COMPLETED, Signal.ACK): (State.CONFIRMED, Action.QUIETEN),
    (State.COMPLETED, Signal.LIFETIME_OVER): (State.TERMINATED, Action.NOTHING),
    (State.CONFIRMED, Signal.LIFETIME_OVER): (State.TERMINATED, Action.NOTHING),
}
OTHER_TABLE: Table = {
    (State.PROCEEDING, Signal.REPEATED): (State.PROCEEDING, Action.REPLAY),
    (State.PROCEEDING, Signal.PROVISIONAL): (State.PROCEEDING, Action.SEND),
    (State.PROCEEDING, Signal.SUCCESS): (State.COMPLETED, Action.SEND),
    (State.PROCEEDING, Signal.FAILURE): (State.COMPLETED, Action.SEND),
    (State.PROCEEDING, Signal.LIFETIME_OVER): (State.PROCEEDING, Action.NOTHING),
    (State.COMPLETED, Signal.REPEATED): (State.COMPLETED, Action.REPLAY),
    (State.COMPLETED, Signal.LIFETIME_OVER): (State.TERMINATED, Action.NOTHING),
}
# (unreliable, reliable): timers L, H, I and J. PROCEEDING is ours: the application must answer.
INVITE_LIFETIME_S = {
    State.PROCEEDING: (GIVE_UP_S, GIVE_UP_S),
    State.ACCEPTED: (GIVE_UP_S, GIVE_UP_S),
    State.COMPLETED: (GIVE_UP_S, GIVE_UP_S),
    State.CONFIRMED: (T4_S, 0.0),
}
OTHER_LIFETIME_S = {
    State.PROCEEDING: (GIVE_UP_S, GIVE_UP_S),
    State.COMPLETED: (GIVE_UP_S, 0.0),
}


@dataclass(frozen=True, slots=True)
class Route:
    """Where a message goes: the flow, and where to if that connection is gone."""

    flow: Flow
    otherwise: Flow


def transaction_key(request: Request) -> TransactionKey:
    """Return what retransmissions of a request have in common (RFC 3261, section 17.2.3).

    An ACK finds its INVITE. Raises RemoteProtocolError without Via, CSeq or Call-ID.
    """
    method = "INVITE" if request.method == "ACK" else request.method
    via = request.via
    if via.branch.startswith(MAGIC_COOKIE):
        return (via.branch, via.sent_by, method)
    tag, number = request.from_address.tag, str(request.cseq.number)
    return (via.branch, via.sent_by, method, request.call_id, tag, number)


class ServerTransaction:
    """One received request, of which only the answer is kept: it may live on for 32 seconds.

    `on_timeout(transaction, was_in, now)` hears when a state's time is over. In PROCEEDING that
    asks for an answer; in all others the transaction is over.
    """

    __slots__ = (
        "_lifetime",
        "_on_timeout",
        "_repetition",
        "_response",
        "_send",
        "_timers",
        "carries_offer",
        "dialog_id",
        "is_acknowledged",
        "is_invite",
        "key",
        "origin",
        "request_id",
        "route",
        "state",
        "tag",
    )

    def __init__(
        self,
        key: TransactionKey,
        route: Route,
        *,
        is_invite: bool,
        timers: TimerQueue,
        send: Send,
        on_timeout: Callable[["ServerTransaction", State, float], None],
    ) -> None:
        self.key = key
        self.route = route
        self.is_invite = is_invite
        self.state = State.PROCEEDING
        self.is_acknowledged = False
        self.carries_offer = False  # the 2xx of an INVITE that had none
        self.request_id = RequestId(0)
        self.dialog_id = DialogId(0)
        self.tag = ""  # ours, as in the answers
        self.origin: TransactionKey = ()
        self._response = b""
        self._lifetime: Timer | None = None
        self._repetition: Timer | None = None
        self._timers = timers
        self._send = send
        self._on_timeout = on_timeout

    def begin(self, now: float) -> None:
        """Start the time in which an answer must come."""
        self._enter(State.PROCEEDING, now)

    @property
    def response(self) -> bytes:
        """The last answer sent; empty before the first."""
        return self._response

    def receive_again(self, now: float) -> None:
        """Take a retransmission of the request."""
        self._step(Signal.REPEATED, now)

    def acknowledge(self, now: float) -> None:
        """Take the ACK of the final answer."""
        self._step(Signal.ACK, now)

    def respond(self, status: int, response: bytes, now: float) -> bool:
        """Send an answer; False if a final one has gone already."""
        if self.state is not State.PROCEEDING:
            return False
        self._response = response
        self._step(_signal_of(status), now)
        return True

    def _step(self, signal: Signal, now: float) -> None:
        table = INVITE_TABLE if self.is_invite else OTHER_TABLE
        state, action = table.get((self.state, signal), (self.state, Action.NOTHING))
        if state is not self.state:
            self._enter(state, now)
        self._act(action, now)

    def _enter(self, state: State, now: float) -> None:
        self.state = state
        if self._lifetime is not None:
            self._lifetime.cancel()
            self._lifetime = None
        if state is State.TERMINATED:
            self._quieten()
        else:
            lifetimes = INVITE_LIFETIME_S if self.is_invite else OTHER_LIFETIME_S
            lifetime_s = lifetimes[state][self.route.flow.is_reliable]
            self._lifetime = self._timers.arm(now + lifetime_s, self._expire)

    def _expire(self, now: float) -> None:
        was_in, self._lifetime = self.state, None
        self._step(Signal.LIFETIME_OVER, now)
        self._on_timeout(self, was_in, now)

    def _act(self, action: Action, now: float) -> None:
        if action is Action.QUIETEN:
            self.is_acknowledged = True
            self._quieten()
        elif action is not Action.NOTHING and self._response:
            self._send(self.route, self._response)
            if action is Action.SEND_AND_REPEAT:
                self._repeat_after(T1_S, now)

    def _repeat_after(self, interval_s: float, now: float) -> None:
        if self.state is State.COMPLETED and self.route.flow.is_reliable:
            return  # timer G is for unreliable transports; a 2xx is repeated on all

        def repeat(later: float) -> None:
            self._send(self.route, self._response)
            self._repeat_after(min(2 * interval_s, T2_S), later)

        self._repetition = self._timers.arm(now + interval_s, repeat)

    def _quieten(self) -> None:
        if self._repetition is not None:
            self._repetition.cancel()
            self._repetition = None


def _signal_of(status: int) -> Signal:
    if status < 200:
        return Signal.PROVISIONAL
    return Signal.SUCCESS if status < 300 else Signal.FAILURE
