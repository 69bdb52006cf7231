"""What people asked for of one call, by recorded user: pieces of it, or that it be kept.

Of a call in on-demand mode what was said between a start and a stop is recorded, each such piece
by itself (MODE-2). A call in live-keep mode is kept whole, if it is marked (MODE-4).
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from uuid import UUID

import msgspec
from msgspec.structs import replace

MOST_PIECES = 200
"""Of one user's call: more starts than a finger presses."""


class Piece(msgspec.Struct, frozen=True):
    """From a start to a stop, UTC nanoseconds."""

    from_ns: int
    until_ns: int = 0  # 0: it goes on


class Mark(StrEnum):
    """What somebody said of a call that is kept only if it is marked."""

    KEPT = "kept"
    DROPPED = "dropped"


class Wishes(msgspec.Struct, frozen=True):
    """What was asked for so far. Users who are not named asked for nothing."""

    pieces: dict[UUID, tuple[Piece, ...]] = {}
    marks: dict[UUID, Mark] = {}

    def is_started(self, owner_id: UUID) -> bool:
        """Whether a piece of this user's call is being recorded."""
        pieces = self.pieces.get(owner_id, ())
        return bool(pieces) and not pieces[-1].until_ns

    def started(self, owners: Iterable[UUID], at_ns: int) -> "Wishes":
        """Begin a piece for users of whom none is being recorded."""
        idle = [
            one
            for one in owners
            if not self.is_started(one) and len(self.pieces.get(one, ())) < MOST_PIECES
        ]
        return self._with_pieces({one: (*self.pieces.get(one, ()), Piece(at_ns)) for one in idle})

    def stopped(self, owners: Iterable[UUID], at_ns: int) -> "Wishes":
        """End the pieces that are being recorded of these users."""
        running = [one for one in owners if self.is_started(one)]
        return self._with_pieces(
            {
                one: (*self.pieces[one][:-1], replace(self.pieces[one][-1], until_ns=at_ns))
                for one in running
            }
        )

    def marked(self, owners: Iterable[UUID], mark: Mark) -> "Wishes":
        """Mark the calls of these users; a later mark takes the place of an earlier one."""
        return replace(self, marks={**self.marks, **dict.fromkeys(owners, mark)})

    def of_the_rest(self, at_ns: int) -> "Wishes":
        """Return what holds for the rest of a call that is recorded by itself from a moment on."""
        pieces = {one: (Piece(at_ns),) if self.is_started(one) else () for one in self.pieces}
        return replace(self, pieces=pieces)

    def _with_pieces(self, changed: Mapping[UUID, tuple[Piece, ...]]) -> "Wishes":
        return replace(self, pieces={**self.pieces, **changed}) if changed else self


NO_WISHES = Wishes()
