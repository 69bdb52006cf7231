"""Pauses that somebody asked for and forgot: told to operators, and ended after a time (MODE-3).

By the clock on the wall, since a pause outlives the process that began it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from callvault.recorder.memory import AskedPause


@dataclass(frozen=True, slots=True)
class PauseNews:
    """What is to be done now, by journal."""

    overdue: tuple[UUID, ...] = ()  # they end by themselves
    forgotten: tuple[UUID, ...] = ()  # told once, and once more after a restart


@dataclass(slots=True)
class PauseWatch:
    """Looks at all pauses, once a second."""

    resume_after_s: int  # 0: never
    alarm_after_s: int  # 0: never
    _told: set[UUID] = field(default_factory=set)

    def look(self, asked: Mapping[UUID, AskedPause], *, now_ns: int) -> PauseNews:
        """Return what has become due."""
        self._told &= asked.keys()
        ages_s = {journal_id: (now_ns - one.at_ns) / 1e9 for journal_id, one in asked.items()}
        overdue = tuple(one for one, age in ages_s.items() if 0 < self.resume_after_s <= age)
        forgotten = tuple(
            one
            for one, age in ages_s.items()
            if 0 < self.alarm_after_s <= age and one not in self._told and one not in overdue
        )
        self._told.update(forgotten)
        return PauseNews(overdue, forgotten)
