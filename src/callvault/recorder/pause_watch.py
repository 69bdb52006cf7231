"""Pauses that somebody asked for and forgot: told to operators, and ended after a time (MODE-3).

By the clock on the wall, since a pause outlives the process that began it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from callvault.policy.modes import Pauses
from callvault.recorder.memory import AskedPause

OF_THE_NODE = Pauses()


@dataclass(frozen=True, slots=True)
class PauseNews:
    """What is to be done now, by journal."""

    overdue: tuple[UUID, ...] = ()  # they end by themselves
    forgotten: tuple[UUID, ...] = ()  # calls: told once, and once more after a restart


@dataclass(slots=True)
class PauseWatch:
    """Looks at all pauses, once a second."""

    resume_after_s: int  # 0: never; of the node, where the portal says nothing
    alarm_after_s: int  # 0: never; likewise
    _told: set[UUID] = field(default_factory=set)

    def look(
        self,
        asked: Mapping[UUID, AskedPause],
        *,
        now_ns: int,
        rules: Pauses = OF_THE_NODE,
        call_of: Callable[[UUID], UUID] = lambda journal_id: journal_id,
    ) -> PauseNews:
        """Return what has become due. `call_of` says of which call a journal is."""
        resume_after_s = _first(rules.resume_after_s, self.resume_after_s)
        alarm_after_s = _first(rules.alarm_after_s, self.alarm_after_s)
        self._told &= {call_of(one) for one in asked}
        ages_s = {journal_id: (now_ns - one.at_ns) / 1e9 for journal_id, one in asked.items()}
        overdue = tuple(one for one, age in ages_s.items() if 0 < resume_after_s <= age)
        late = {
            call_of(one): None
            for one, age in ages_s.items()
            if 0 < alarm_after_s <= age and one not in overdue
        }
        forgotten = tuple(one for one in late if one not in self._told)
        self._told.update(forgotten)
        return PauseNews(overdue, forgotten)


def _first(said: int | None, otherwise: int) -> int:
    return said if said is not None else otherwise
