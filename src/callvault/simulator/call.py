"""One simulated call, from INVITE to the end of its BYE: a state machine without I/O.

Signalling goes through a user agent client, which is as pure; packets are handed out when they
are due. Time is the loop's, in seconds; the call's own time begins with the answer.
"""

from collections.abc import Iterator, Mapping
from enum import Enum, auto
from random import Random
from typing import Protocol

from callvault.simulator import offer
from callvault.simulator.media import RtpStream
from callvault.simulator.script import FRAME_MS, CallScript, Speaker
from callvault.simulator.signalling import Signalling, sides_in_order
from callvault.sip import (
    ClientEvent,
    DialogId,
    Flow,
    HostPort,
    PeerRequestReceived,
    RequestTimedOut,
    Response,
    ResponseReceived,
)
from callvault.sip.client import Invitation

FRAME_S = FRAME_MS / 1000


class Phase(Enum):
    """Where a call stands."""

    INVITED = auto()
    TALKING = auto()
    HOLDING = auto()  # the hold's re-INVITE is not answered yet; nothing is sent
    HELD = auto()
    RESUMING = auto()
    ENDING = auto()  # BYE is sent
    ENDED = auto()


class Client(Protocol):
    """What a call needs of `callvault.sip.client.UserAgentClient`."""

    def invite(self, flow: Flow, invitation: Invitation, *, now: float) -> DialogId:
        """Send an INVITE."""
        ...

    def cancel(self, dialog_id: DialogId, *, now: float) -> None:
        """Take the INVITE back."""

    def request(
        self,
        dialog_id: DialogId,
        method: str,
        *,
        content_type: str = "",
        body: bytes = b"",
        now: float,
    ) -> None:
        """Send a request inside the dialog."""


class SimulatedCall:
    """Places one call and sends its media; afterwards it knows what must have been recorded."""

    def __init__(
        self,
        script: CallScript,
        streams: Mapping[Speaker, RtpStream],
        signalling: Signalling,
        *,
        rng: Random,
    ) -> None:
        self.script = script
        self.phase = Phase.INVITED
        self.faults: list[str] = []
        self.call_id = ""
        self.destinations: tuple[HostPort, ...] = ()  # of each stream, as answered
        self.streams = tuple(streams[side] for side in sides_in_order(script))
        self._signalling = signalling
        self._sealing = signalling.sealing
        self._rng = rng
        self._invited_at = self._answered_at = self._ended_at = self._bye_answered_at = 0.0
        self._next_frame = 0
        self._has_held = False

    def place(self, client: Client, flow: Flow, *, now: float) -> DialogId:
        """Send the INVITE; from here on the call belongs to this client."""
        self._client = client
        self._invited_at = now
        self.dialog_id = client.invite(flow, self._signalling.invitation(flow), now=now)
        return self.dialog_id

    @property
    def dialogs(self) -> tuple[DialogId, ...]:
        """The one dialog that it has."""
        return (self.dialog_id,)

    def destination(self, stream: int) -> HostPort:
        """Where the packets of a stream go."""
        return self.destinations[stream]

    @property
    def length_ms(self) -> float:
        """How long the call lasted, from the answer to the BYE; 0 if it was never answered."""
        return (self._ended_at - self._answered_at) * 1000 if self._ended_at else 0.0

    @property
    def answering_ms(self) -> float:
        """How long the recorder took to answer INVITE and BYE, together.

        For the recorder the call begins when it sends its 200, and ends when the BYE has reached
        it: both lie between a request of ours and its answer. By so much its call may be longer.
        """
        if not self._ended_at:
            return 0.0
        until = max(self._bye_answered_at, self._ended_at)
        return (self._answered_at - self._invited_at + until - self._ended_at) * 1000

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self.phase is Phase.ENDED

    @property
    def must_be_recorded(self) -> bool:
        """Whether one of the parties is a user."""
        return self.script.owner.user is not None or self.script.remote.user is not None

    def hang_up(self, *, now: float) -> None:
        """End the call before its time, whatever is going on."""
        if self.phase is Phase.INVITED:
            self._client.cancel(self.dialog_id, now=now)
            self.phase = Phase.ENDED
        elif self.phase not in (Phase.ENDING, Phase.ENDED):
            self._end(now)

    def receive(self, event: ClientEvent, *, now: float) -> None:
        """Take in what the client reports of this call's dialog."""
        match event:
            case ResponseReceived(request=request, response=response) if response.status >= 200:
                self._answered(request.method, response, now)
            case RequestTimedOut(request=request):
                self._fail(f"no answer to {request.method}", now)
            case PeerRequestReceived(request=request) if request.method == "BYE":
                self._ended_by_peer(now)

    def packets_due(self, now: float) -> Iterator[tuple[int, bytes]]:
        """Yield (stream index, packet) of all that is due by now, then do what follows."""
        hold = self.script.hold
        if self.phase is Phase.TALKING:
            until_ms = hold.start_ms if hold and not self._has_held else self.script.length_ms
            yield from self._frames_due(now, until_ms)
            if now >= self._at(until_ms):
                self._stop_talking(now)
        elif self.phase is Phase.HELD and hold and now >= self._at(hold.end_ms):
            self.phase = Phase.RESUMING
            if self._sealing:
                self._sealing.change_keys()  # nothing is sent until the answer
            self._reinvite(now, held=False)

    def _frames_due(self, now: float, until_ms: int) -> Iterator[tuple[int, bytes]]:
        due = min(int((now - self._answered_at) / FRAME_S) + 1, until_ms // FRAME_MS)
        while self._next_frame < due:
            for index, stream in enumerate(self.streams):
                packet = stream.packet(self._next_frame)
                yield index, self._sealing.seal(index, packet) if self._sealing else packet
            self._next_frame += 1

    def _stop_talking(self, now: float) -> None:
        if self.script.hold is None or self._has_held:
            self._end(now)
            return
        self._has_held = True
        self.phase = Phase.HOLDING
        self._reinvite(now, held=True)

    def _answered(self, method: str, response: Response, now: float) -> None:
        if method == "BYE":
            self.phase = Phase.ENDED
            self._bye_answered_at = now
            if response.status >= 300:
                self.faults.append(f"BYE was answered {response.status}")
        elif method == "INVITE" and self.phase is Phase.INVITED:
            self._invite_answered(response, now)
        elif method == "INVITE" and self.phase in (Phase.HOLDING, Phase.RESUMING):
            self._reinvite_answered(response, now)

    def _invite_answered(self, response: Response, now: float) -> None:
        self.call_id = response.call_id
        if response.status < 300:
            self._answered_at = now
            self.phase = Phase.TALKING
            self._take_answer(response.body, now, held=False)
            return
        self.phase = Phase.ENDED
        if self.must_be_recorded:
            self.faults.append(f"refused with {response.status} {response.reason}")

    def _reinvite_answered(self, response: Response, now: float) -> None:
        if response.status >= 300:
            self._fail(f"re-INVITE was answered {response.status}", now)
            return
        self._take_answer(response.body, now, held=self.phase is Phase.HOLDING)
        if self.phase is Phase.HOLDING:
            self.phase = Phase.HELD
        elif self.phase is Phase.RESUMING:
            self._resume(now)

    def _resume(self, now: float) -> None:
        """Speak again from where the call's clock stands; the frames in between were not sent."""
        self.phase = Phase.TALKING
        self._next_frame = int((now - self._answered_at) / FRAME_S) + 1
        for stream in self.streams:
            stream.go_on(self._rng if self.script.changes_ssrc else None)

    def _take_answer(self, body: bytes, now: float, *, held: bool) -> None:
        try:
            answer = offer.read_answer(body)
        except ValueError as error:
            self._fail(f"unreadable answer: {error}", now)
            return
        offered = self._signalling.offered
        self.faults += offer.faults_of(answer, offered, held=held)
        self.destinations = tuple((line.address, line.port) for line in answer)
        if len(answer) != len(offered):
            self._end(now)

    def _fail(self, fault: str, now: float) -> None:
        self.faults.append(fault)
        if self.phase in (Phase.INVITED, Phase.ENDING):
            self.phase = Phase.ENDED
        elif self.phase is not Phase.ENDED:
            self._end(now)

    def _ended_by_peer(self, now: float) -> None:
        if self.phase is Phase.ENDED:
            return
        self._ended_at = self._ended_at or now
        self.phase = Phase.ENDED
        if self.must_be_recorded:
            self.faults.append("the recorder hung up")

    def _end(self, now: float) -> None:
        self.phase = Phase.ENDING
        self._ended_at = now
        self._client.request(self.dialog_id, "BYE", now=now)

    def _reinvite(self, now: float, *, held: bool) -> None:
        content_type, body = self._signalling.body(seconds=now - self._invited_at, held=held)
        self._client.request(
            self.dialog_id, "INVITE", content_type=content_type, body=body, now=now
        )

    def _at(self, time_ms: int) -> float:
        return self._answered_at + time_ms / 1000
