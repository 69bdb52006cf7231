"""Which recording calls are the two voices of one recorded call, as they come and go.

The first leg of a call is recorded at once; the second is joined to it whenever it comes while the
first lives, or shortly after that has ended. A leg that stays alone is told of. When one leg ends
the other has a moment to end by itself. Pure: time is a parameter, in seconds of the loop's clock.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from uuid import UUID

from callvault.cucm.callers import Callers
from callvault.cucm.leg import RecordingLeg, Side
from callvault.cucm.matching import SEGMENT_GAP_S, LegKey, continues, key_of, scope_of

WINDOW_S = 5.0
"""A second leg that has not come by then is told of; the one published gap is 0.3 s."""
LINGER_S = 3.0
"""How long one leg may outlive the other."""
MOST_ENDED = 20_000
"""Legs that are remembered after their end, to link what goes on with their calls."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a leg belongs, as its session and its journal are told.

    `pair_id` is the id of the first leg's journal; recording ids are drawn from it, so that both
    legs name the same recording.
    """

    leg: RecordingLeg
    pair_id: UUID
    is_second: bool = False
    conversation: str = ""  # an id of ours: the same for what goes on at the same phone


@dataclass(frozen=True, slots=True)
class StayedAlone:
    """The other leg of a call did not come."""

    pair_id: UUID
    side: Side


@dataclass(frozen=True, slots=True)
class Outlived:
    """A leg goes on though the other one ended: it is to be ended."""

    journal_id: UUID


@dataclass(slots=True)
class _Pair:
    """The legs of one recorded call."""

    pair_id: UUID
    key: LegKey | None
    trunk: str
    legs: dict[UUID, RecordingLeg]  # that live, by journal
    first: RecordingLeg
    conversation: str
    alone_at_s: float | None  # when a missing leg is told of; None: it came, or was told
    end_at_s: float | None = None  # when what still lives is to end
    ended_at_s: float = 0.0
    is_complete: bool = False
    is_void: bool = False  # a leg of it ended for want of a codec: the other may only follow
    void_until_s: float | None = None  # how long it is waited for, when nothing of it lives


@dataclass(slots=True)
class Pairs:
    """All recording calls of one node. Asked as legs come, told as they end, looked at often."""

    _by_pair: dict[UUID, _Pair] = field(default_factory=dict)
    _by_journal: dict[UUID, UUID] = field(default_factory=dict)  # of legs that live
    _open: dict[LegKey, UUID] = field(default_factory=dict)  # pairs that lack a leg
    _phones: "OrderedDict[tuple[str, str], _Pair]" = field(default_factory=OrderedDict)
    """The last call of each phone: of its cluster or trunk, and its device."""
    _callers: Callers = field(default_factory=Callers)

    def place(self, leg: RecordingLeg, *, trunk: str, new_id: UUID, now_s: float) -> Place:
        """Find the place of a leg that comes; `new_id` becomes the pair's where it is the first."""
        leg = self._callers.told(leg, trunk=trunk, now_s=now_s)
        pair = self._missing(leg, trunk)
        if pair is None:
            return self._begin(leg, trunk, new_id, now_s)
        if leg.side is Side.UNSAID:
            leg = replace(leg, side=pair.first.side.other, is_guess=True)
        return Place(leg, pair.pair_id, is_second=True, conversation=pair.conversation)

    def began(
        self,
        place: Place,
        journal_id: UUID,
        *,
        trunk: str,
        now_s: float,
        is_told: bool = False,
    ) -> None:
        """Learn that the session of a leg has begun, or goes on after a restart or a split.

        `is_told`: whether its twin came was found out before.
        """
        self._callers.told(place.leg, trunk=trunk, now_s=now_s)
        pair = self._by_pair.get(place.pair_id)
        if pair is None:
            pair = _Pair(
                place.pair_id, key_of(place.leg, trunk=trunk), trunk, {}, place.leg,
                place.conversation, None if is_told else now_s + WINDOW_S,
            )  # fmt: skip
            self._by_pair[place.pair_id] = pair
            if pair.key is not None:
                self._open[pair.key] = pair.pair_id
        elif journal_id not in pair.legs:
            pair.is_complete, pair.alone_at_s, pair.void_until_s = True, None, None
            self._close(pair)
        pair.legs[journal_id] = place.leg
        self._by_journal[journal_id] = place.pair_id
        self._remember(pair)

    def ended(self, journal_id: UUID, *, now_s: float, is_told: bool = False) -> None:
        """Learn that a leg has ended: what is left of its call ends soon.

        `is_told`: that it had no codec is told, so that nobody need hear of the other leg. That one
        may come yet, and is of the same call.
        """
        pair = self._by_pair.get(self._by_journal.pop(journal_id, UUID(int=0)))
        if pair is None:
            return
        pair.legs.pop(journal_id, None)
        pair.ended_at_s = now_s
        pair.alone_at_s = None if is_told else pair.alone_at_s
        pair.is_void |= is_told
        if pair.legs:
            pair.end_at_s = now_s + LINGER_S
        elif pair.is_void and not pair.is_complete:
            pair.void_until_s = now_s + WINDOW_S
        elif pair.alone_at_s is None:
            self._forget(pair)
        else:
            self._close(pair)  # a leg that comes now begins a call of its own

    def left(self, journal_id: UUID) -> None:
        """Learn that a leg goes on under another pair: nothing ended."""
        pair = self._by_pair.get(self._by_journal.pop(journal_id, UUID(int=0)))
        if pair is not None:
            pair.legs.pop(journal_id, None)
            pair.alone_at_s = None
            if not pair.legs:
                self._forget(pair)

    def has(self, pair_id: UUID) -> bool:
        """Whether anything of a call is still awaited or lives."""
        return pair_id in self._by_pair

    def is_void(self, pair_id: UUID) -> bool:
        """Whether a leg of a call ended for want of a codec."""
        pair = self._by_pair.get(pair_id)
        return pair is not None and pair.is_void

    def due(self, now_s: float) -> Iterator[StayedAlone | Outlived]:
        """Yield what is due, each once."""
        for pair in list(self._by_pair.values()):
            if pair.alone_at_s is not None and pair.alone_at_s <= now_s:
                pair.alone_at_s = None
                yield StayedAlone(pair.pair_id, pair.first.side)
                if not pair.legs:
                    self._forget(pair)
            if pair.end_at_s is not None and pair.end_at_s <= now_s:
                pair.end_at_s = None
                yield from map(Outlived, pair.legs)
            if pair.void_until_s is not None and pair.void_until_s <= now_s:
                self._forget(pair)

    def living(self, pair_id: UUID) -> tuple[UUID, ...]:
        """Return the journals of the legs of a call that live."""
        pair = self._by_pair.get(pair_id)
        return tuple(pair.legs) if pair is not None else ()

    def legs_of(self, journal_id: UUID) -> tuple[UUID, ...]:
        """Return the journals of the legs of a leg's call that live.

        A call is shown by its first leg's journal: that names it even when that leg has ended.
        """
        pair = self._by_pair.get(self._by_journal.get(journal_id, journal_id))
        return tuple(pair.legs) if pair is not None else (journal_id,)

    def _missing(self, leg: RecordingLeg, trunk: str) -> _Pair | None:
        """Return the call that lacks this leg."""
        key = key_of(leg, trunk=trunk)
        pair_id = self._open.get(key) if key is not None else None
        pair = self._by_pair.get(pair_id) if pair_id is not None else None
        if pair is None or pair.is_complete or not (pair.legs or pair.is_void):
            return None
        first = pair.first.side
        if leg.side is first and leg.side is not Side.UNSAID:
            return None  # the same voice again: a call of its own
        return pair

    def _begin(self, leg: RecordingLeg, trunk: str, new_id: UUID, now_s: float) -> Place:
        before = self._phones.get(_phone(leg, trunk))
        is_sequel = before is not None and _goes_on(leg, before, trunk, now_s)
        conversation = before.conversation if before and is_sequel else f"cucm-{new_id.hex}"
        if leg.side is Side.UNSAID:
            leg = replace(leg, side=Side.NEAR, is_guess=True)
        return Place(leg, new_id, conversation=conversation)

    def _remember(self, pair: _Pair) -> None:
        phone = _phone(pair.first, pair.trunk)
        if not phone[1]:
            return
        self._phones[phone] = pair
        self._phones.move_to_end(phone)
        while len(self._phones) > MOST_ENDED:
            self._phones.popitem(last=False)

    def _close(self, pair: _Pair) -> None:
        """Wait for no other leg of a call."""
        if pair.key is not None and self._open.get(pair.key) == pair.pair_id:
            del self._open[pair.key]

    def _forget(self, pair: _Pair) -> None:
        self._close(pair)
        self._by_pair.pop(pair.pair_id, None)


def _phone(leg: RecordingLeg, trunk: str) -> tuple[str, str]:
    return scope_of(leg.near, trunk), leg.near.device.lower()


def _goes_on(leg: RecordingLeg, before: _Pair, trunk: str, now_s: float) -> bool:
    gap_s = 0.0 if before.legs else now_s - before.ended_at_s
    return gap_s <= SEGMENT_GAP_S and continues(leg, before.first, trunk=trunk, gap_s=gap_s)
