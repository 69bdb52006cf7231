"""Recording modes: what happens to a call that reaches the recorder (MODE-1)."""

from enum import StrEnum
from typing import NamedTuple

import msgspec


class RecordingMode(StrEnum):
    """What happens to a call that reaches the recorder (MODE-1)."""

    ALWAYS_ON = "always_on"
    ON_DEMAND = "on_demand"  # from a start to a stop that somebody asks for
    LIVE_KEEP = "live_keep"  # all of it, if somebody marks it
    NEVER = "never"

    @property
    def captures(self) -> bool:
        """Whether media reach the disk before anybody asks for it."""
        return self in (RecordingMode.ALWAYS_ON, RecordingMode.LIVE_KEEP)


class SetBy(StrEnum):
    """Who says the mode, the later over the earlier."""

    TRUNK = "trunk"
    PILOT = "pilot"
    GROUP = "group"
    USER = "user"


class ModeRuling(NamedTuple):
    """The mode of one owner's call, and who says so."""

    mode: RecordingMode
    set_by: SetBy
    of: str  # name of the trunk or group, the user name, the pilot


class Keeping(msgspec.Struct, frozen=True):
    """What becomes of calls in live-keep mode that nobody marks."""

    within_s: int = 120  # how long after the call a mark may come
    keeps_unmarked: bool = False  # they are destroyed


class Pauses(msgspec.Struct, frozen=True):
    """What becomes of pauses that people ask for; None: as each node's configuration says."""

    alarm_after_s: int | None = None  # operators are told; 0: never
    resume_after_s: int | None = None  # the recording goes on by itself; 0: never


class Modes(msgspec.Struct, frozen=True):
    """What is set beside the trunks and the people themselves."""

    by_group: dict[str, RecordingMode] = {}
    of_pilot: RecordingMode | None = None  # of calls to the recording pilot; None: as the trunk
    keeping: Keeping = Keeping()
    pauses: Pauses = Pauses()
