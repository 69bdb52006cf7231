"""What a recording session is told at its birth."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from callvault.cucm import Place
from callvault.policy.snapshot import Trunk
from callvault.policy.wishes import NO_WISHES, Wishes
from callvault.recorder.judge import Judge, PolicyInForce
from callvault.recorder.memory import AskedPause, SessionMemory
from callvault.sdp import NewKey


def _no_other_address(peer: str) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class SessionSetting:
    """Where a session stands in the node, and what bounds it."""

    journal_id: UUID
    node: str
    trunk: Trunk
    address: str  # ours, for the SDP
    media_timeout_s: int
    max_call_s: int
    calls_in_progress: int
    refusal: str  # why it is not taken: spool, ports, stopping, calls, rate, lag; empty: it is
    policy_in_force: Callable[[], PolicyInForce]
    new_id: Callable[[], UUID]
    new_key: NewKey = os.urandom
    has_codecs: bool = False  # workers decode more than the core does
    pause: AskedPause | None = None  # of the call of which this is the other leg
    wishes: Wishes = NO_WISHES  # likewise
    turned_away_before: UUID | None = None  # the verdict of the other leg, if that was
    place: Place | None = None  # of a recording call of CUCM: the call that it is a leg of
    own_address: Callable[[str], str] = _no_other_address
    """Our address towards a peer's, for media of another family than SIP; empty: none."""

    @property
    def event_id(self) -> UUID:
        """Id of the verdict, should the call be turned away: two legs of one call have one."""
        return self.turned_away_before or self.journal_id

    def judge(self, peer: str, *, since_ns: int = 0) -> Judge:
        """Return who judges a call of this trunk, of what there is of it since a moment."""
        calls, in_force = self.calls_in_progress, self.policy_in_force
        pair_id = self.place.pair_id if self.place else None
        judge = Judge(self.trunk, peer, calls, in_force, self.new_id, since_ns, pair_id)
        judge.wishes = self.wishes
        return judge

    def judge_again(self, memory: SessionMemory) -> Judge:
        """Return who goes on judging a call as it was judged before."""
        judge = self.judge(memory.peer, since_ns=memory.answered_at_ns)
        judge.last, judge.recording_ids = memory.decision, memory.recording_ids
        judge.wishes = memory.wishes
        return judge
