"""How long a call lasts, and how long it has been silent. Times are monotonic nanoseconds."""

from dataclasses import dataclass
from typing import Literal

NS_PER_S = 1_000_000_000


@dataclass(slots=True)
class MediaWatch:
    """Says when the media of a call, or their absence, demand something."""

    timeout_s: int  # 0: silence ends nothing
    max_call_s: int
    packets: int = 0
    answered_ns: int = 0  # 0: not yet
    heard_ns: int = 0

    def answered(self, now_ns: int) -> None:
        """Begin to count."""
        self.answered_ns = self.heard_ns = now_ns

    def overdue(
        self, packets: int, *, is_quiet: bool, now_ns: int
    ) -> Literal["", "media_timeout", "max_length"]:
        """Look how many packets have come; return what is overdue. `is_quiet`: none need come."""
        if packets != self.packets or is_quiet:
            self.packets, self.heard_ns = packets, now_ns
        if self.timeout_s and now_ns - self.heard_ns >= self.timeout_s * NS_PER_S:
            return "media_timeout"
        if now_ns - self.answered_ns >= self.max_call_s * NS_PER_S:
            return "max_length"
        return ""
