"""What people ask for of a call while it is recorded: to start, stop, keep or drop it (MODE-2, 4).

A request is for some of the recorded users of the call, or for all whom it can concern: pieces
are of calls in on-demand mode, marks of calls in live-keep mode.
"""

from dataclasses import dataclass
from uuid import UUID

from callvault.policy.decision import Decision
from callvault.policy.modes import RecordingMode
from callvault.policy.wishes import Mark, Wishes


@dataclass(frozen=True, slots=True)
class StartRequested:
    """Somebody wants a call recorded from now on. `who` and `detail` go on the timeline."""

    who: str
    detail: str = ""
    owners: frozenset[UUID] | None = None  # whose recordings; None: everybody's


@dataclass(frozen=True, slots=True)
class StopRequested:
    """Somebody wants nothing more recorded."""

    who: str
    detail: str = ""
    owners: frozenset[UUID] | None = None


@dataclass(frozen=True, slots=True)
class KeepRequested:
    """Somebody marks a call: all of it is kept."""

    who: str
    detail: str = ""
    owners: frozenset[UUID] | None = None


@dataclass(frozen=True, slots=True)
class DropRequested:
    """Somebody wants a call destroyed when it is over."""

    who: str
    detail: str = ""
    owners: frozenset[UUID] | None = None


WishRequested = StartRequested | StopRequested | KeepRequested | DropRequested

_MODES = {
    StartRequested: RecordingMode.ON_DEMAND,
    StopRequested: RecordingMode.ON_DEMAND,
    KeepRequested: RecordingMode.LIVE_KEEP,
    DropRequested: RecordingMode.LIVE_KEEP,
}
KINDS: dict[type[WishRequested], str] = {
    StartRequested: "started",
    StopRequested: "stopped",
    KeepRequested: Mark.KEPT.value,
    DropRequested: Mark.DROPPED.value,
}
"""Kind of the timeline event of each."""


def concerned_by(request: WishRequested, decision: Decision | None) -> list[UUID]:
    """Return the users of a call whom a request is for: those in the mode that it is about."""
    if decision is None:
        return []
    found = {
        one.owner_id: None
        for one in (*decision.assignments, *decision.offered)
        if one.mode == _MODES[type(request)]
        and (request.owners is None or one.owner_id in request.owners)
    }
    return list(found)


def wished(before: Wishes, request: WishRequested, owners: list[UUID], at_ns: int) -> Wishes:
    """Return what is wished for after a request; the same object if it changes nothing."""
    match request:
        case StartRequested():
            return before.started(owners, at_ns)
        case StopRequested():
            return before.stopped(owners, at_ns)
        case KeepRequested():
            return before.marked(owners, Mark.KEPT)
        case DropRequested():
            return before.marked(owners, Mark.DROPPED)
