"""How long a call lasts, and how long it has been silent. Times are monotonic nanoseconds."""

from dataclasses import dataclass
from typing import Literal

from callvault.policy.dial_in_rules import DialInRules
from callvault.recorder.actions import MediaChecked

NS_PER_S = 1_000_000_000
_AS_ALL_CALLS = DialInRules()


@dataclass(slots=True)
class MediaWatch:
    """Says when the media of a call, or their absence, demand something."""

    timeout_s: int  # 0: silence ends nothing
    max_call_s: int
    packets: int = 0
    answered_ns: int = 0  # 0: not yet
    heard_ns: int = 0
    speech_ns: int = 0  # UTC, as last told
    spoken_ns: int = 0  # when that was news

    def answered(self, now_ns: int) -> None:
        """Begin to count."""
        self.answered_ns = self.heard_ns = self.spoken_ns = now_ns

    def overdue(
        self,
        seen: MediaChecked,
        *,
        is_quiet: bool,
        now_ns: int,
        is_deaf: bool = False,
        rules: DialInRules | None = None,
    ) -> Literal["", "media_timeout", "no_speech", "max_length"]:
        """Take what has come so far; return what is overdue.

        `is_quiet`: none need come; `is_deaf`: nothing is taken in, so that nobody knows whether
        anybody speaks. `rules` are of a call that somebody dialled in.
        """
        rules = rules or _AS_ALL_CALLS
        if seen.packets != self.packets or is_quiet:
            self.packets, self.heard_ns = seen.packets, now_ns
        if seen.speech_ns != self.speech_ns or is_quiet or is_deaf or not self.spoken_ns:
            self.speech_ns, self.spoken_ns = seen.speech_ns, now_ns
        timeout_s = rules.silence_s or self.timeout_s
        if timeout_s and now_ns - self.heard_ns >= timeout_s * NS_PER_S:
            return "media_timeout"
        without_speech_s = rules.without_speech_min * 60
        if without_speech_s and now_ns - self.spoken_ns >= without_speech_s * NS_PER_S:
            return "no_speech"
        if now_ns - self.answered_ns >= self.max_call_s * NS_PER_S:
            return "max_length"
        return ""
