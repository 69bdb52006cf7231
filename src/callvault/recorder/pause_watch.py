"""Pauses that somebody asked for and forgot: told to operators, and ended after a time (MODE-3).

By the clock on the wall, since a pause outlives the process that began it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from callvault.recorder.memory import AskedPause


@dataclass(frozen=True, slots=True)
class PauseNews:
    """What is to be done now, by journal."""

    overdue: tuple[UUID, ...] = ()  # they end by themselves
    forgotten: tuple[UUID, ...] = ()  # calls: told once, and once more after a restart


@dataclass(slots=True)
class PauseWatch:
    """Looks at all pauses, once a second."""

    resume_after_s: int  # 0: never
    alarm_after_s: int  # 0: never
    _told: set[UUID] = field(default_factory=set)

    def look(
        self,
        asked: Mapping[UUID, AskedPause],
        *,
        now_ns: int,
        call_of: Callable[[UUID], UUID] = lambda journal_id: journal_id,
    ) -> PauseNews:
        """Return what has become due. `call_of` says of which call a journal is."""
        self._told &= {call_of(one) for one in asked}
        ages_s = {journal_id: (now_ns - one.at_ns) / 1e9 for journal_id, one in asked.items()}
        overdue = tuple(one for one, age in ages_s.items() if 0 < self.resume_after_s <= age)
        late = {
            call_of(one): None
            for one, age in ages_s.items()
            if 0 < self.alarm_after_s <= age and one not in overdue
        }
        forgotten = tuple(one for one in late if one not in self._told)
        self._told.update(forgotten)
        return PauseNews(overdue, forgotten)
