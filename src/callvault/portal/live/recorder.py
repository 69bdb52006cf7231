"""What the portal asks of the recorder of its machine, by its control API."""

from collections.abc import Sequence
from enum import StrEnum
from http.client import HTTPConnection, HTTPException
from typing import NamedTuple
from uuid import UUID

import msgspec
from django.conf import settings

from callvault.monitoring.live_calls import (
    HEARD,
    LONGEST_DETAIL,
    LONGEST_WHO,
    MOST_OWNERS,
    Asked,
    EndedCalls,
    Listen,
    Listening,
    LiveCalls,
    read_door,
)
from callvault.portal.storable import storable

LOOK_S = 3.0
ACT_S = 10.0
"""How long we wait for an answer: longer than the recorder waits for its disk."""
MOST_BYTES = 16_000_000

_CALLS = msgspec.json.Decoder(LiveCalls)
_ENDED = msgspec.json.Decoder(EndedCalls)


class Unreachable(Exception):
    """Nothing can be told of calls in progress, nor done with one."""

    def __init__(self, *, is_running: bool) -> None:
        super().__init__("no answer" if is_running else "no recorder")
        self.is_running = is_running  # False: no recorder runs on this machine


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


def live_calls() -> LiveCalls:
    """Return the calls in progress. Raises Unreachable."""
    status, body = _ask("GET", "/calls", None, patience_s=LOOK_S)
    try:
        if status == 200:
            return _CALLS.decode(body)
    except msgspec.DecodeError:
        pass
    raise Unreachable(is_running=True)


def ended_calls() -> EndedCalls:
    """Return the calls that are over and may still be marked. Raises Unreachable."""
    status, body = _ask("GET", "/ended", None, patience_s=LOOK_S)
    try:
        if status == 200:
            return _ENDED.decode(body)
    except msgspec.DecodeError:
        pass
    raise Unreachable(is_running=True)


def act(
    deed: Deed, call_id: UUID, *, who: str, reason: str, owners: Sequence[UUID] = ()
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
    status, _body = _ask("POST", path, msgspec.json.encode(asked), patience_s=ACT_S)
    if status not in _OUTCOMES:
        raise Unreachable(is_running=True)
    return _OUTCOMES[status]


def listen(call_id: UUID, owner_id: UUID | None) -> UUID | Outcome | None:
    """Return by what to ask for what is said; None: so many listen already. Raises Unreachable."""
    body = msgspec.json.encode(Listen(owner_id))
    status, said = _ask("POST", f"/calls/{call_id}/listen", body, patience_s=LOOK_S)
    try:
        if status == 200:
            return msgspec.json.decode(said, type=Listening).listener
    except msgspec.DecodeError:
        pass
    if status == 429:
        return None
    if status == 404:
        return Outcome.OVER
    raise Unreachable(is_running=True)


def hear(listener_id: UUID) -> Sound | None:
    """Return what was said since the last time; None: it is over. Raises Unreachable."""
    status, pcm, heard = _asked("GET", f"/listeners/{listener_id}", None, patience_s=LOOK_S)
    if status == 200:
        return Sound(heard, pcm)
    if status == 404:
        return None
    raise Unreachable(is_running=True)


def stop_listening(listener_id: UUID) -> None:
    """Let nothing more be copied for a listener. Raises Unreachable."""
    _ask("POST", f"/listeners/{listener_id}/stop", b"{}", patience_s=LOOK_S)


def _ask(method: str, path: str, body: bytes | None, *, patience_s: float) -> tuple[int, bytes]:
    return _asked(method, path, body, patience_s=patience_s)[:2]


def _asked(
    method: str, path: str, body: bytes | None, *, patience_s: float
) -> tuple[int, bytes, str]:
    """Return status, body, and what is heard in it."""
    door = read_door(settings.DATA_FOLDER)
    if door is None:
        raise Unreachable(is_running=False)
    connection = HTTPConnection("127.0.0.1", door.port, timeout=patience_s)
    try:
        connection.request(method, path, body, {"Authorization": f"Bearer {door.token}"})
        answer = connection.getresponse()
        return answer.status, answer.read(MOST_BYTES), answer.getheader(HEARD, "")
    except (OSError, HTTPException) as error:
        raise Unreachable(is_running=True) from error
    finally:
        connection.close()
