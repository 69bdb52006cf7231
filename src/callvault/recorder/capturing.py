"""What is done with media that arrive: by who has paused, and by what the call's decision says.

A pause has up to two owners: someone who asked us, and the SRC by signalling (MODE-3). Nothing is
taken in while either wants it so; the timeline has one pause for as long as that lasts. Otherwise
the decision says whether media are kept, held in memory until more is known, or not taken in.
"""

from dataclasses import dataclass

from callvault import policy
from callvault.clock import Instant
from callvault.policy.decision import Capturing, Decision
from callvault.policy.snapshot import Trunk
from callvault.recorder.actions import (
    Action,
    Append,
    CaptureAs,
    OpenJournal,
    PauseCapture,
    ResumeCapture,
)
from callvault.recorder.memory import AskedPause, SessionMemory
from callvault.spool.entries import Decided, JournalHeader, TimelineEvent

BY_SRC = "recording_client"
"""Detail of a pause that the SRC signalled."""


@dataclass(slots=True)
class CaptureControl:
    """Whether and how one recording session keeps what arrives."""

    wanted: Capturing  # as the last decision says; before the first, as the trunk does
    by_request: bool = False
    by_src: bool = False
    asked: AskedPause | None = None  # by whom, and since when
    held_since_ns: int = 0  # monotonic

    @classmethod
    def of(cls, trunk: Trunk, pause: AskedPause | None = None) -> "CaptureControl":
        """Begin with what the trunk alone says; `pause`: somebody paused the call before."""
        return cls(policy.capturing_of(trunk), by_request=pause is not None, asked=pause)

    @property
    def is_paused(self) -> bool:
        """Whether somebody wants nothing kept now."""
        return self.by_request or self.by_src

    @property
    def takes_in(self) -> bool:
        """Whether anything that arrives is to be kept or held."""
        return not self.is_paused and self.wanted is not Capturing.NOTHING

    @property
    def keeps(self) -> bool:
        """Whether what arrives goes on the disk at once."""
        return self.takes_in and self.wanted is not Capturing.HOLD

    def opening(self, header: JournalHeader) -> OpenJournal:
        """Have a journal opened that does with media as is wanted now."""
        return OpenJournal(header, captures=self.takes_in, holds=self.wanted is Capturing.HOLD)

    def told_at_first(self, now: Instant) -> list[Action]:
        """Return what the new journal says of a pause that was there before it."""
        if self.asked is None:
            return []
        return [Append(TimelineEvent(now.realtime_ns, "paused", self.asked.who))]

    def held_ns(self, now: Instant) -> int:
        """How long media have been held."""
        return now.monotonic_ns - self.held_since_ns if self.wanted is Capturing.HOLD else 0

    def go_on(self, memory: SessionMemory, now: Instant) -> None:
        """Go on as another process, or the session before a split, left off.

        What was held is gone with that process; what comes from now on is held again. A pause
        that does not say since when began when the call was answered.
        """
        self.by_request, self.by_src = memory.is_paused, memory.is_paused_by_src
        told = memory.pause or AskedPause("", memory.answered_at_ns)
        self.asked = told if memory.is_paused else None
        self.wanted, self.held_since_ns = memory.capturing or self.wanted, now.monotonic_ns

    def decided(self, decision: Decision, now: Instant) -> list[Action]:
        """Do with media as a decision says, at once, then write it."""
        before, self.wanted = self.wanted, decision.capturing
        if self.wanted is before:
            return [Append(Decided(now.realtime_ns, decision))]
        self.held_since_ns = now.monotonic_ns
        return [CaptureAs(self.wanted), Append(Decided(now.realtime_ns, decision))]

    def request(self, who: str, detail: str, *, wanted: bool, now: Instant) -> list[Action]:
        """Pause or go on because someone asked; only what changes anything is done."""
        was_paused, was_asked = self.is_paused, self.by_request
        self.by_request = wanted
        if wanted != was_asked:
            self.asked = AskedPause(who, now.realtime_ns) if wanted else None
        return self._changed(was_paused, who, detail, now)

    def follow(self, *, src_pauses: bool, now: Instant) -> list[Action]:
        """Pause or go on as the SRC's metadata or description say."""
        was_paused, self.by_src = self.is_paused, src_pauses
        return self._changed(was_paused, "", BY_SRC, now)

    def _changed(
        self,
        was_paused: bool,  # noqa: FBT001 - the state before, beside the state now
        who: str,
        detail: str,
        now: Instant,
    ) -> list[Action]:
        if self.is_paused == was_paused:
            return []
        kind = "paused" if self.is_paused else "unpaused"
        entry = TimelineEvent(now.realtime_ns, kind, who, detail)
        if self.is_paused:
            return [PauseCapture(entry)]
        return [ResumeCapture(entry) if self.takes_in else Append(entry)]
