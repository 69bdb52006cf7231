"""What the portal asks of a recorder, by its control API; `nodes` knows where each is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import msgspec

from callvault.monitoring.control_client import Answer, NoAnswer, ask
from callvault.monitoring.live_calls import (
    LONGEST_DETAIL,
    LONGEST_WHO,
    MOST_OWNERS,
    Asked,
    ControlDoor,
    EndedCalls,
    Listen,
    Listening,
    LiveCalls,
)
from callvault.portal.storable import storable

CONNECT_S = 1.5
LOOK_S = 3.0
ACT_S = 10.0
"""How long we wait for an answer: longer than the recorder waits for its disk."""

_CALLS = msgspec.json.Decoder(LiveCalls)
_ENDED = msgspec.json.Decoder(EndedCalls)


@dataclass(frozen=True, slots=True)
class Silent:
    """A node that has a recorder which told nothing."""

    node: str
    calls: int  # in progress there, as it said last
    at: datetime | None  # when that was; None: it has not said so
    problem: str = ""  # as NodeDoor.problem; empty: it does not answer


class Unreachable(Exception):
    """Nothing can be told of calls in progress, nor done with one."""

    def __init__(self, *, is_running: bool, silent: Sequence[Silent] = ()) -> None:
        super().__init__("no answer" if is_running else "no recorder")
        self.silent = tuple(silent)
        self.is_running = is_running  # False: no recorder runs, on no node


class Deed(StrEnum):
    """What can be done with a call."""

    PAUSE = "pause"
    RESUME = "resume"
    START = "start"
    STOP = "stop"
    KEEP = "keep"
    DROP = "drop"

    @property
    def is_of_owners(self) -> bool:
        """Whether it is done of single users of the call, not of all of it."""
        return self not in (Deed.PAUSE, Deed.RESUME)


class Outcome(StrEnum):
    """What came of it."""

    DONE = "done"
    OVER = "over"  # the call ended meanwhile
    MODE = "mode"  # the call is not recorded in a mode in which that can be asked for
    NOT_ON_DISK = "not_on_disk"  # nothing is kept now; a restarted recorder may not know


class Sound(NamedTuple):
    """What was said on a call since the last time."""

    heard: str  # call, not_kept, codec
    pcm: bytes


_OUTCOMES = {
    200: Outcome.DONE,
    404: Outcome.OVER,
    409: Outcome.OVER,
    422: Outcome.MODE,
    503: Outcome.NOT_ON_DISK,
}


def live_calls(door: ControlDoor) -> LiveCalls:
    """Return the calls in progress there. Raises Unreachable."""
    answer = _ask(door, "GET", "/calls", None, patience_s=LOOK_S)
    try:
        if answer.status == 200:
            return _CALLS.decode(answer.body)
    except msgspec.DecodeError:
        pass
    raise Unreachable(is_running=True)


def ended_calls(door: ControlDoor) -> EndedCalls:
    """Return the calls there that are over and may still be marked. Raises Unreachable."""
    answer = _ask(door, "GET", "/ended", None, patience_s=LOOK_S)
    try:
        if answer.status == 200:
            return _ENDED.decode(answer.body)
    except msgspec.DecodeError:
        pass
    raise Unreachable(is_running=True)


def act(
    door: ControlDoor,
    deed: Deed,
    call_id: UUID,
    *,
    who: str,
    reason: str,
    owners: Sequence[UUID] = (),
) -> Outcome:
    """Do something with a call, or of these owners; returns when the recorder says it is done.

    Raises Unreachable.
    """
    asked = Asked(
        storable(who)[:LONGEST_WHO],
        storable(reason)[:LONGEST_DETAIL],
        tuple(owners)[:MOST_OWNERS] if deed.is_of_owners else None,
    )
    path = f"/calls/{call_id}/{deed}"
    status = _ask(door, "POST", path, msgspec.json.encode(asked), patience_s=ACT_S).status
    if status not in _OUTCOMES:
        raise Unreachable(is_running=True)
    return _OUTCOMES[status]


def listen(door: ControlDoor, call_id: UUID, owner_id: UUID | None) -> UUID | Outcome | None:
    """Return by what to ask for what is said; None: so many listen already. Raises Unreachable."""
    body = msgspec.json.encode(Listen(owner_id))
    answer = _ask(door, "POST", f"/calls/{call_id}/listen", body, patience_s=LOOK_S)
    try:
        if answer.status == 200:
            return msgspec.json.decode(answer.body, type=Listening).listener
    except msgspec.DecodeError:
        pass
    if answer.status == 429:
        return None
    if answer.status == 404:
        return Outcome.OVER
    raise Unreachable(is_running=True)


def hear(door: ControlDoor, listener_id: UUID) -> Sound | None:
    """Return what was said since the last time; None: it is over. Raises Unreachable."""
    answer = _ask(door, "GET", f"/listeners/{listener_id}", None, patience_s=LOOK_S)
    if answer.status == 200:
        return Sound(answer.heard, answer.body)
    if answer.status == 404:
        return None
    raise Unreachable(is_running=True)


def stop_listening(door: ControlDoor, listener_id: UUID) -> None:
    """Let nothing more be copied for a listener. Raises Unreachable."""
    _ask(door, "POST", f"/listeners/{listener_id}/stop", b"{}", patience_s=LOOK_S)


def _ask(
    door: ControlDoor, method: str, path: str, body: bytes | None, *, patience_s: float
) -> Answer:
    try:
        return ask(door, method, path, body, patience_s=patience_s, connect_s=CONNECT_S)
    except NoAnswer as nobody:
        raise Unreachable(is_running=True) from nobody
