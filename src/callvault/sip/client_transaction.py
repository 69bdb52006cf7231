"""Client transactions: one request of ours until its final response (RFC 3261, 17.1; RFC 6026).

They retransmit over UDP, time out, and acknowledge a refused INVITE. The ACK of a 2xx belongs to
the dialog, which hears of each 2xx, repetitions included.
"""

from collections.abc import Callable
from enum import Enum, auto

from callvault.sip.message import Request, Response
from callvault.sip.requests import acknowledge_failure
from callvault.sip.timers import GIVE_UP_S, T1_S, T2_S, T4_S, Timer, TimerQueue
from callvault.sip.transaction import Route, Send

ClientKey = tuple[str, str]  # branch, method
OnResponse = Callable[[Response | None, float], None]  # None: no final response came in time

PROVISIONAL_LIMIT_S = 180.0  # an INVITE that only ever gets 1xx; RFC 3261 bounds it in proxies


class State(Enum):
    """Where a client transaction stands."""

    CALLING = auto()  # TRYING of a non-INVITE one
    PROCEEDING = auto()
    ACCEPTED = auto()
    COMPLETED = auto()
    TERMINATED = auto()


class Signal(Enum):
    """What can happen to it."""

    PROVISIONAL = auto()
    SUCCESS = auto()
    FAILURE = auto()
    LIFETIME_OVER = auto()


class Action(Enum):
    """What it then does."""

    NOTHING = auto()
    REPORT = auto()
    ACKNOWLEDGE = auto()
    ACKNOWLEDGE_AND_REPORT = auto()
    REPORT_TIMEOUT = auto()


Table = dict[tuple[State, Signal], tuple[State, Action]]

INVITE_TABLE: Table = {
    (State.CALLING, Signal.PROVISIONAL): (State.PROCEEDING, Action.REPORT),
    (State.CALLING, Signal.SUCCESS): (State.ACCEPTED, Action.REPORT),
    (State.CALLING, Signal.FAILURE): (State.COMPLETED, Action.ACKNOWLEDGE_AND_REPORT),
    (State.CALLING, Signal.LIFETIME_OVER): (State.TERMINATED, Action.REPORT_TIMEOUT),
    (State.PROCEEDING, Signal.PROVISIONAL): (State.PROCEEDING, Action.REPORT),
    (State.PROCEEDING, Signal.SUCCESS): (State.ACCEPTED, Action.REPORT),
    (State.PROCEEDING, Signal.FAILURE): (State.COMPLETED, Action.ACKNOWLEDGE_AND_REPORT),
    (State.PROCEEDING, Signal.LIFETIME_OVER): (State.TERMINATED, Action.REPORT_TIMEOUT),
    (State.ACCEPTED, Signal.SUCCESS): (State.ACCEPTED, Action.REPORT),
    (State.ACCEPTED, Signal.LIFETIME_OVER): (State.TERMINATED, Action.NOTHING),
    (State.COMPLETED, Signal.FAILURE): (State.COMPLETED, Action.ACKNOWLEDGE),
    (State.COMPLETED, Signal.LIFETIME_OVER): (State.TERMINATED, Action.NOTHING),
}
OTHER_TABLE: Table = {
    (State.CALLING, Signal.PROVISIONAL): (State.PROCEEDING, Action.REPORT),
    (State.CALLING, Signal.SUCCESS): (State.COMPLETED, Action.REPORT),
    (State.CALLING, Signal.FAILURE): (State.COMPLETED, Action.REPORT),
    (State.CALLING, Signal.LIFETIME_OVER): (State.TERMINATED, Action.REPORT_TIMEOUT),
    (State.PROCEEDING, Signal.PROVISIONAL): (State.PROCEEDING, Action.REPORT),
    (State.PROCEEDING, Signal.SUCCESS): (State.COMPLETED, Action.REPORT),
    (State.PROCEEDING, Signal.FAILURE): (State.COMPLETED, Action.REPORT),
    (State.PROCEEDING, Signal.LIFETIME_OVER): (State.TERMINATED, Action.REPORT_TIMEOUT),
    (State.COMPLETED, Signal.LIFETIME_OVER): (State.TERMINATED, Action.NOTHING),
}
# (unreliable, reliable): timers B, M, D; F and K. None: the state before goes on counting.
INVITE_LIFETIME_S: dict[State, tuple[float, float] | None] = {
    State.CALLING: (GIVE_UP_S, GIVE_UP_S),
    State.PROCEEDING: (PROVISIONAL_LIMIT_S, PROVISIONAL_LIMIT_S),
    State.ACCEPTED: (GIVE_UP_S, GIVE_UP_S),
    State.COMPLETED: (GIVE_UP_S, 0.0),
}
OTHER_LIFETIME_S: dict[State, tuple[float, float] | None] = {
    State.CALLING: (GIVE_UP_S, GIVE_UP_S),
    State.PROCEEDING: None,
    State.COMPLETED: (T4_S, 0.0),
}


class ClientTransaction:
    """One sent request. `on_response` hears each response, or None when time is up."""

    def __init__(
        self,
        request: Request,
        route: Route,
        *,
        timers: TimerQueue,
        send: Send,
        on_response: OnResponse,
        on_ended: Callable[["ClientTransaction"], None],
    ) -> None:
        self.request = request
        self.route = route
        self.key: ClientKey = (request.via.branch, request.method)
        self.state = State.CALLING
        self._is_invite = request.method == "INVITE"
        self._timers = timers
        self._send = send
        self._on_response = on_response
        self._on_ended = on_ended
        self._lifetime: Timer | None = None
        self._repetition: Timer | None = None
        self._raw = bytes(request)

    def begin(self, now: float) -> None:
        """Send the request for the first time."""
        self._enter(State.CALLING, now)
        self._send(self.route, self._raw)
        self._repeat_after(T1_S, now)

    def receive(self, response: Response, now: float) -> None:
        """Take a response to the request."""
        if response.status < 200:
            signal = Signal.PROVISIONAL
        else:
            signal = Signal.SUCCESS if response.status < 300 else Signal.FAILURE
        self._step(signal, response, now)

    def send_again(self) -> None:
        """Send the request over a new connection, since its own is gone."""
        if self.state in (State.CALLING, State.PROCEEDING):
            self._send(self.route, self._raw)

    def _step(self, signal: Signal, response: Response | None, now: float) -> None:
        table = INVITE_TABLE if self._is_invite else OTHER_TABLE
        state, action = table.get((self.state, signal), (self.state, Action.NOTHING))
        if state is not self.state:
            self._enter(state, now)
        if response and action in (Action.ACKNOWLEDGE, Action.ACKNOWLEDGE_AND_REPORT):
            self._send(self.route, bytes(acknowledge_failure(self.request, response)))
        if action in (Action.REPORT, Action.ACKNOWLEDGE_AND_REPORT, Action.REPORT_TIMEOUT):
            self._on_response(response, now)

    def _enter(self, state: State, now: float) -> None:
        self.state = state
        if state not in (State.CALLING, State.PROCEEDING) or self._is_invite:
            self._cancel_repetition()
        if state is State.TERMINATED:
            self._on_ended(self)
            return
        lifetimes = INVITE_LIFETIME_S if self._is_invite else OTHER_LIFETIME_S
        if (pair := lifetimes[state]) is not None:
            if self._lifetime is not None:
                self._lifetime.cancel()
            lifetime_s = pair[self.route.flow.is_reliable]
            self._lifetime = self._timers.arm(now + lifetime_s, self._expire)

    def _expire(self, now: float) -> None:
        self._lifetime = None
        self._step(Signal.LIFETIME_OVER, None, now)

    def _repeat_after(self, interval_s: float, now: float) -> None:
        """Arm timer A, which doubles, or E, which doubles up to T2 and is T2 after a 1xx."""
        if self.route.flow.is_reliable:
            return

        def repeat(later: float) -> None:
            self._send(self.route, self._raw)
            longest_s = GIVE_UP_S if self._is_invite else T2_S
            proceeding = self.state is State.PROCEEDING
            self._repeat_after(T2_S if proceeding else min(2 * interval_s, longest_s), later)

        self._repetition = self._timers.arm(now + interval_s, repeat)

    def _cancel_repetition(self) -> None:
        if self._repetition is not None:
            self._repetition.cancel()
            self._repetition = None
