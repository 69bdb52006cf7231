"""Whose mode holds for a call: the trunk's, unless pilot, group or user say another (MODE-1)."""

from collections.abc import Iterable, Iterator

from callvault.policy.decision import Assignment, Capturing
from callvault.policy.modes import Keeping, ModeRuling, Modes, RecordingMode, SetBy
from callvault.policy.pilots import PilotKind, Pilots, read_pilot
from callvault.policy.snapshot import Person, Snapshot, Trunk

_NO_PILOTS = Pilots()


class ModeJudge:
    """Modes, ready to be asked for each call. Built once for a snapshot, then only read."""

    def __init__(
        self,
        modes: Modes,
        own: Iterable[RecordingMode | None] = (),
        pilots: Pilots = _NO_PILOTS,
    ) -> None:
        """`own` are the modes of all users, as far as they have one."""
        self.modes = modes
        self._pilots = pilots
        self._others = frozenset({*modes.by_group.values(), *filter(None, (*own, modes.of_pilot))})

    @classmethod
    def of(cls, snapshot: Snapshot) -> "ModeJudge":
        """Index a snapshot."""
        return cls(snapshot.modes, (one.mode for one in snapshot.people), snapshot.pilots)

    def rule_on(self, trunk: Trunk, person: Person, dialled: str = "") -> ModeRuling:
        """Return the mode of a person's call to a number: the last one that is set."""
        *_, last = self._said(trunk, person, dialled)
        return last

    def keeping_of(self, offered: Iterable[Assignment]) -> Keeping | None:
        """Return what becomes of recordings that are offered; None: marks do not decide it."""
        is_marked = any(one.mode == RecordingMode.LIVE_KEEP for one in offered)
        return self.modes.keeping if is_marked else None

    def before_the_owner(self, trunk: Trunk, *, is_final: bool) -> Capturing:
        """Return what is done with media while it is not known whose call it is.

        Where that may make a difference they wait in memory; who is known no sooner than in
        twenty seconds is taken as the trunk says.
        """
        possible = {trunk.mode.captures, *(mode.captures for mode in self._others)}
        if len(possible) > 1 and not is_final:
            return Capturing.HOLD
        return Capturing.KEEP if trunk.mode.captures else Capturing.NOTHING

    def _said(self, trunk: Trunk, person: Person, dialled: str) -> Iterator[ModeRuling]:
        yield ModeRuling(trunk.mode, SetBy.TRUNK, trunk.name)
        pilot = read_pilot(self._pilots, dialled) if self.modes.of_pilot else None
        if self.modes.of_pilot and pilot and pilot.kind is PilotKind.RECORDING:
            yield ModeRuling(self.modes.of_pilot, SetBy.PILOT, pilot.pilot)
        of_group = self.modes.by_group.get(person.group) if person.group else None
        if of_group is not None:
            yield ModeRuling(of_group, SetBy.GROUP, person.group)
        if person.mode is not None:
            yield ModeRuling(person.mode, SetBy.USER, person.username)


TRUNK_ALONE = ModeJudge(Modes())
"""Nobody but the trunk says anything."""
