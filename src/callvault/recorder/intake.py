"""Whether this node takes another call, and why not: its room, its capacity, the system's."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from callvault import sip
from callvault.cucm import Place
from callvault.policy.snapshot import Trunk
from callvault.recorder.capacity import Capacity
from callvault.recorder.channels import Channels, is_shared
from callvault.recorder.dialog import LiveDialog
from callvault.recorder.gatekeeper import Severity
from callvault.recorder.policy_source import PolicySource
from callvault.recorder.room import Room
from callvault.recorder.session import RecordingSession
from callvault.recorder.states import State

_OVERLOAD: dict[bool, tuple[str, Severity]] = {
    True: ("overloaded", "warning"),
    False: ("overload_over", "info"),
}


class Note(Protocol):
    """Writes an event of this node that operators must know."""

    def __call__(self, kind: str, severity: Severity = "info", **values: str) -> None:
        """Write it."""


@dataclass(slots=True)
class Intake:
    """What stands against a new call. `dialogs` are those of the recorder itself."""

    room: Room
    capacity: Capacity
    policy: PolicySource
    dialogs: Mapping[sip.DialogId, LiveDialog]
    note: Note
    channels: Channels = field(default_factory=Channels)
    _is_overloaded: bool = False

    @property
    def standing(self) -> str:
        """Why no call is taken for a while, told to OPTIONS too; empty: calls are."""
        return self.room.refusal or self._full

    @property
    def _full(self) -> str:
        """The same of capacity alone, by the recordings that were counted last."""
        channels = self.channels.refusal(self.policy.in_force.snapshot.capacity)
        return self.capacity.standing_refusal(len(self.dialogs)) or channels

    def refusal_of(self, trunk: Trunk, place: Place | None, *, now_s: float) -> str:
        """Why an INVITE is not taken; empty: it is, and counted.

        The second leg of CUCM's belongs to a call that was taken already: it is refused only where
        it could not be recorded, or the recording would be of one voice.
        """
        if place is not None and place.is_second:
            return self._refusal_of_second(now_s)
        if self.room.refusal:
            return self.room.refusal
        if full := self._no_channel():
            return full
        is_alone = not self.policy.in_force.trunks.has_other(trunk)
        of_trunk = None if is_alone else self._calls_of(trunk)
        return self.capacity.refusal(len(self.dialogs), now_s=now_s, of_trunk=of_trunk)

    def _refusal_of_second(self, now_s: float) -> str:
        refusal = "" if self.room.refusal == "draining" else self.room.refusal
        if not refusal:
            self.capacity.take_in(now_s=now_s)
        return refusal

    def look(self) -> None:
        """Count recordings; tell when this node begins to be full, and when it is no more."""
        self._count()
        reason = self._full
        if bool(reason) != self._is_overloaded:
            self._is_overloaded = bool(reason)
            kind, severity = _OVERLOAD[self._is_overloaded]
            self.note(kind, severity, reason=reason, calls=str(len(self.dialogs)))

    def ended(self, session: RecordingSession) -> None:
        """Tell of a call whose number is several people's, with nothing to decide between them."""
        if is_shared(session.decision):
            self.note("owner_ambiguous", "warning", journal=str(session.journal_id))

    def _no_channel(self) -> str:
        rules = self.policy.in_force.snapshot.capacity
        if rules.most_channels is not None:
            self._count()
        return self.channels.refusal(rules)

    def _count(self) -> None:
        sessions = (one.session for one in self.dialogs.values())
        going_on = (one for one in sessions if one.state is not State.ENDING)
        self.channels.count((one.journal_id, one.decision) for one in going_on)

    def _calls_of(self, trunk: Trunk) -> Callable[[], int]:
        return lambda: sum(one.session.trunk_name == trunk.name for one in self.dialogs.values())
