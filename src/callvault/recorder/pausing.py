"""Who has paused the recording: someone who asked us, the SRC by signalling, or both (MODE-3).

Nothing is kept while either wants it so; the timeline has one pause for as long as that lasts.
"""

from dataclasses import dataclass

from callvault.clock import Instant
from callvault.recorder.actions import Action, Append, PauseCapture, ResumeCapture
from callvault.recorder.memory import AskedPause, SessionMemory
from callvault.spool.entries import TimelineEvent

BY_SRC = "recording_client"
"""Detail of a pause that the SRC signalled."""


@dataclass(slots=True)
class Pausing:
    """State of the pause of one recording session."""

    may_capture: bool  # False: nothing of this trunk may be kept, paused or not
    by_request: bool = False
    by_src: bool = False
    asked: AskedPause | None = None  # by whom, and since when

    @property
    def is_paused(self) -> bool:
        """Whether nothing is to be kept now."""
        return self.by_request or self.by_src

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

    def go_on(self, memory: SessionMemory) -> None:
        """Be as paused as another process was; a pause that does not say since when began then."""
        self.by_request, self.by_src = memory.is_paused, memory.is_paused_by_src
        told = memory.pause or AskedPause("", memory.answered_at_ns)
        self.asked = told if memory.is_paused else None

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
        return [ResumeCapture(entry) if self.may_capture else Append(entry)]
