"""Recording calls of CUCM on the live side: their two legs are told of each other.

Here stands what the rules of `cucm.pairs` do to a node: ids of journals, events for operators, and
a BYE for the leg that outlives its call.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol
from uuid import UUID

from callvault import cucm, sip
from callvault.ids import new_id
from callvault.policy.snapshot import Trunk
from callvault.recorder.dialog import LiveDialog
from callvault.recorder.facts import body_of
from callvault.recorder.gatekeeper import Severity
from callvault.recorder.session import RecordingSession
from callvault.recorder.setting import SessionSetting
from callvault.recorder.states import State
from callvault.spool import rest_of, twin_of

logger = logging.getLogger(__name__)

MOST_REFUSED = 1_000
"""Legs turned away that are remembered for their twins; the newest."""


class Note(Protocol):
    """Writes an event that operators must know."""

    def __call__(self, kind: str, severity: Severity = "info", **values: str) -> None:
        """Write it."""


@dataclass(slots=True)
class CucmCalls:
    """The recording calls of one node. Times are in seconds of the loop's clock."""

    note: Note
    end: Callable[[UUID], None]  # the leg that writes this journal
    has_journal: Callable[[UUID], bool] = lambda journal_id: False  # whether it is there already
    _pairs: cucm.Pairs = field(default_factory=cucm.Pairs)
    _refused: dict[tuple[cucm.LegKey, cucm.Side], tuple[UUID | None, float]] = field(
        default_factory=dict
    )
    _rests: dict[UUID, UUID] = field(default_factory=dict)  # of pairs that are split: the next one

    def place(self, request: sip.Request, trunk: Trunk, *, now_s: float) -> cucm.Place | None:
        """Find out of which call an INVITE is a leg; None: it is no recording call of CUCM."""
        if cucm.leg_of_invite(request, has_metadata=False) is None:
            return None
        has_metadata = body_of(request).metadata is not None
        leg = cucm.leg_of_invite(request, has_metadata=has_metadata)
        if leg is None:
            return None
        place = self._pairs.place(leg, trunk=trunk.name, new_id=new_id(), now_s=now_s)
        if place.is_second and self.has_journal(journal_of(place)):
            # Of a twin that had ended before a restart: this leg is of a recording of its own.
            return replace(place, pair_id=new_id(), is_second=False)
        return place

    def as_asked_before(
        self, setting: SessionSetting, find: Callable[[UUID], LiveDialog | None], *, now_s: float
    ) -> SessionSetting:
        """Return the setting of a leg with what was asked for of its call before it came.

        Or with the verdict of the other leg, if that was turned away: both are one call.
        """
        place = setting.place
        if place is None:
            return setting
        if not place.is_second:
            return replace(setting, turned_away_before=self._turned_away(place, setting, now_s))
        living = self._pairs.living(place.pair_id)
        for dialog in filter(None, map(find, living)):
            judge, pause = dialog.session.learning.judge, dialog.session.capturing.asked
            wishes = judge.wishes if judge is not None else setting.wishes
            return replace(setting, pause=pause, wishes=wishes)
        return setting

    def began(self, session: RecordingSession, *, now_s: float, is_told: bool = False) -> None:
        """Learn that a call was taken, or goes on in another process or journal."""
        place = session.learning.place
        journal_id, trunk = session.journal_id, session.trunk_name
        if place is not None and session.state is State.ENDING:
            self._note_turned_away(place, trunk, journal_id, now_s)
        elif place is not None:
            self._pairs.began(place, journal_id, trunk=trunk, now_s=now_s, is_told=is_told)

    def _note_turned_away(
        self, place: cucm.Place, trunk: str, event_id: UUID, now_s: float
    ) -> None:
        key = cucm.key_of(place.leg, trunk=trunk)
        if key is None or place.is_second:
            return
        self._refused[key, place.leg.side] = (event_id, now_s)
        while len(self._refused) > MOST_REFUSED:
            del self._refused[next(iter(self._refused))]

    def _turned_away(self, place: cucm.Place, setting: SessionSetting, now_s: float) -> UUID | None:
        """Return the verdict of the other leg, if it was turned away just now; once."""
        key = cucm.key_of(place.leg, trunk=setting.trunk.name)
        if key is None:
            return None
        event_id, at_s = self._refused.pop((key, place.leg.side.other), (None, 0.0))
        return event_id if now_s - at_s <= cucm.WINDOW_S else None

    def ended(self, session: RecordingSession, *, now_s: float) -> None:
        """Learn that a dialog is over."""
        place = session.learning.place
        if place is None:
            return
        is_without_codec = session.learning.is_without_codec
        was_told = self._pairs.is_void(place.pair_id)
        self._pairs.ended(session.journal_id, now_s=now_s, is_told=is_without_codec)
        if not self._pairs.has(place.pair_id):
            self._rests.pop(place.pair_id, None)
        if is_without_codec and not was_told:
            self.note("cucm_no_codec", "error", journal=str(session.journal_id))

    def rest_of(self, session: RecordingSession) -> tuple[UUID, cucm.Place | None]:
        """Return journal and place of what follows a session that is split.

        Whichever leg is split first draws the id of the next pair for both.
        """
        place = session.learning.place
        if place is None:
            return rest_of(session.journal_id), None
        self._pairs.left(session.journal_id)
        is_last = not self._pairs.has(place.pair_id)
        pair_id = self._rests.get(place.pair_id) or self._following(place.pair_id)
        if is_last:
            self._rests.pop(place.pair_id, None)
        else:
            self._rests[place.pair_id] = pair_id
        rest = replace(place, pair_id=pair_id)
        return journal_of(rest), rest

    def _following(self, pair_id: UUID) -> UUID:
        """Return the id of the pair that goes on where this one is split.

        A restart may have come between: where the other leg goes on as that pair, this one does,
        too. Where it made the split undone, journals of that pair are there all the same: they
        count as a part of the call, so that whoever looks for its rest finds each by the last.
        """
        following = rest_of(pair_id)
        while not self._pairs.has(following) and any(
            self.has_journal(one) for one in (following, twin_of(following))
        ):
            following = rest_of(following)
        return following

    def legs_of(self, journal_id: UUID) -> tuple[UUID, ...]:
        """Return the journals of the legs of a call that live; of any other call its own."""
        return self._pairs.legs_of(journal_id)

    def living(self, call_id: UUID) -> tuple[UUID, ...]:
        """Return the journals of the legs of a call of CUCM's that live; of any other call none."""
        return self._pairs.living(call_id)

    def packets_of_twin(self, dialog: LiveDialog, legs: Mapping[UUID, LiveDialog]) -> int:
        """Return how much has come on the other leg: while that is heard the call is not over."""
        own = dialog.session.journal_id
        if own not in legs:
            return 0
        others = (legs.get(one) for one in self._pairs.legs_of(own) if one != own)
        return sum(one.packets for one in others if one is not None)

    def look(self, *, now_s: float) -> None:
        """Do what is due. Once a second."""
        for due in self._pairs.due(now_s):
            match due:
                case cucm.StayedAlone():
                    logger.warning("rs=%s the other leg did not come", due.pair_id)
                    self.note("cucm_one_sided", "warning", journal=str(due.pair_id), side=due.side)
                case cucm.Outlived():
                    self.end(due.journal_id)


def legs_in(dialogs: Iterable[LiveDialog]) -> dict[UUID, LiveDialog]:
    """Return those that are legs, by journal."""
    return {one.session.journal_id: one for one in dialogs if one.session.learning.place}


def journal_of(place: cucm.Place) -> UUID:
    """Return the id of the journal of a leg: by it finalise finds the other one."""
    return twin_of(place.pair_id) if place.is_second else place.pair_id
