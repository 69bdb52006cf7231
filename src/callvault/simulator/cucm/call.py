"""A conversation as CUCM records it: pairs of recording calls, one after another or at once.

Time is the loop's, in seconds; a pair's own time begins when the first of its calls is answered.
"""

from collections.abc import Iterator, Mapping, Sequence

from callvault.simulator.cucm.leg import Client, Leg, Phase
from callvault.simulator.cucm.plan import Conversation, Fault, PairPlan
from callvault.simulator.script import FRAME_MS, Speaker
from callvault.sip import ClientEvent, DialogId, Flow, HostPort

FRAME_S = FRAME_MS / 1000
LONGEST_WAIT_FOR_BYE_S = 10.0
"""So long the recorder has to end the call whose twin has ended."""
_MISSING = {Fault.NEAR_MISSING: Speaker.OWNER, Fault.FAR_MISSING: Speaker.REMOTE}


class CucmPair:
    """Two recording calls of one phone; afterwards it knows what must have been recorded."""

    def __init__(
        self, plan: PairPlan, legs: Mapping[Speaker, Leg], *, gap_ms: int, fault: Fault | None
    ) -> None:
        self.plan = plan
        self.legs = legs
        self._order = [legs[plan.first], legs[plan.first.other]]
        self._gap_s = gap_ms / 1000
        self._fault = fault
        self._begun_at: float | None = None
        self._stopped_at = 0.0
        self._has_changed = False
        if fault in _MISSING:
            legs[_MISSING[fault]].phase = Phase.ENDED

    @property
    def is_over(self) -> bool:
        """Whether both calls have ended."""
        return all(leg.phase is Phase.ENDED for leg in self._order)

    @property
    def answered(self) -> list[Leg]:
        """The calls that the recorder took."""
        return [leg for leg in self._order if leg.was_answered]

    @property
    def length_ms(self) -> float:
        """From the first answer to the last BYE that was due; 0 if nothing was answered."""
        ends = [leg.ended_at for leg in self.answered]
        if not ends:
            return 0.0
        return (max(ends if self._fault is not Fault.ONE_BYE else ends[:1]) - self._zero) * 1000

    @property
    def answering_ms(self) -> float:
        """By how much the recording may be longer: what the recorder took to answer, or to end."""
        if not self.answered:
            return 0.0
        asked_s = self._zero - min(leg.invited_at for leg in self.answered)
        until = max(leg.bye_answered_at for leg in self.answered)
        return max(0.0, (asked_s + until - self._zero) * 1000 - self.length_ms)

    @property
    def faults(self) -> list[str]:
        """What went wrong in either call."""
        return [fault for leg in self._order for fault in leg.faults]

    @property
    def _zero(self) -> float:
        return min(leg.answered_at for leg in self.answered)

    def packets_due(
        self, client: Client, flow: Flow, now: float
    ) -> Iterator[tuple[Speaker, bytes]]:
        """Yield (whose voice, packet) of all that is due by now, then do what follows."""
        self._begin_due(client, flow, now)
        if not self.answered:
            return
        for side, leg in self.legs.items():
            for packet in self._frames_due(leg, now):
                yield side, packet
        time_ms = (now - self._zero) * 1000
        self._change_far_end_if_due(time_ms, now)
        for leg in self._order:
            leg.refresh_if_due(now=now)
        if time_ms >= self.plan.script.length_ms:
            self._stop(now)

    def hang_up(self, *, now: float) -> None:
        """End both calls before their time."""
        for leg in self._order:
            leg.end(now=now)

    def _begin_due(self, client: Client, flow: Flow, now: float) -> None:
        self._begun_at = now if self._begun_at is None else self._begun_at
        present = [leg for leg in self._order if leg.phase is Phase.WAITING]
        for leg in present:
            is_first = leg is self._order[0] or self._fault in _MISSING
            if now >= self._begun_at + (0.0 if is_first else self._gap_s):
                leg.begin(client, flow, now=now)

    def _frames_due(self, leg: Leg, now: float) -> Iterator[bytes]:
        """Yield a call's packets: frame n is what is heard n times 20 ms after the first answer."""
        if leg.phase is not Phase.TALKING or self._stopped_at:
            return
        if not leg.next_frame and leg.answered_at > self._zero:
            leg.next_frame = int((leg.answered_at - self._zero) / FRAME_S) + 1
        last = min(self.plan.script.length_ms // FRAME_MS, leg.stream.frames)
        due = min(int((now - self._zero) / FRAME_S) + 1, last)
        while leg.next_frame < due:
            yield leg.packet(leg.next_frame)
            leg.next_frame += 1

    def _change_far_end_if_due(self, time_ms: float, now: float) -> None:
        far = self.plan.far_later
        if far is not None and not self._has_changed and time_ms >= self.plan.script.length_ms / 2:
            self._has_changed = True
            for leg in self._order:
                leg.change_far_end(far, now=now)

    def _stop(self, now: float) -> None:
        """Send the BYEs; where one is missing, the recorder has some time to send its own."""
        self._stopped_at = self._stopped_at or now
        if self._fault is not Fault.ONE_BYE:
            self.hang_up(now=now)
            return
        self._order[0].end(now=now)
        other = self._order[1]
        other.may_be_ended_by_peer = True
        if other.phase is Phase.TALKING and now >= self._stopped_at + LONGEST_WAIT_FOR_BYE_S:
            other.faults.append("the recorder did not end the call whose twin had ended")
            other.end(now=now)


class CucmCall:
    """A conversation that is placed on the wire."""

    def __init__(self, plan: Conversation, pairs: Sequence[CucmPair]) -> None:
        self.plan = plan
        self.pairs = tuple(pairs)
        self._over_at: list[float | None] = [None] * len(self.pairs)
        self._began_at = 0.0

    def place(self, client: Client, flow: Flow, *, now: float) -> None:
        """Begin; the INVITEs go out as they are due."""
        self._client, self._flow = client, flow
        self._began_at = now

    @property
    def is_over(self) -> bool:
        """Whether all pairs have ended."""
        return all(pair.is_over for pair in self.pairs)

    @property
    def phase(self) -> int:
        """How many requests were sent; changes with each."""
        return sum(leg.sent for leg in self._legs())

    @property
    def dialogs(self) -> tuple[DialogId, ...]:
        """Those of all its recording calls."""
        return tuple(leg.dialog_id for leg in self._legs() if leg.dialog_id is not None)

    def destination(self, stream: int) -> HostPort:
        """Where a stream goes: near and far of the first pair, of the second, and so on."""
        return self._legs()[stream].destination

    def receive(self, event: ClientEvent, *, now: float) -> None:
        """Take in what the client reports of a recording call."""
        for leg in self._legs():
            if leg.dialog_id == event.dialog_id:
                leg.receive(event, now=now)

    def packets_due(self, now: float) -> Iterator[tuple[int, bytes]]:
        """Yield (stream index, packet) of all that is due by now, then do what follows."""
        for place, pair in enumerate(self.pairs):
            if pair.is_over:
                if self._over_at[place] is None:
                    self._over_at[place] = now
            elif self._is_due(pair.plan, now):
                for side, packet in pair.packets_due(self._client, self._flow, now):
                    yield 2 * place + (side is Speaker.REMOTE), packet

    def hang_up(self, *, now: float) -> None:
        """End all of it before its time."""
        for pair in self.pairs:
            pair.hang_up(now=now)

    def _is_due(self, plan: PairPlan, now: float) -> bool:
        since = self._began_at if plan.after is None else self._over_at[plan.after]
        return since is not None and now >= since + plan.wait_ms / 1000

    def _legs(self) -> list[Leg]:
        return [pair.legs[side] for pair in self.pairs for side in Speaker]
