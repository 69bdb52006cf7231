"""Recorders of other nodes, as the catalogue tells of them, and what is asked of them (MODE-4).

A user's call to the live-keep pilot may come to another node than the call that is meant: the
phone system spreads calls, or has failed over. `keep_call_of` finds it wherever it is. The
catalogue is read in a thread of its own, and what was read last serves while it is away.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec

from callvault.monitoring.control_client import NoAnswer, ask
from callvault.monitoring.live_calls import (
    LONGEST_WHO,
    Asked,
    KeepWish,
    LatestCall,
    NodeDoor,
)
from callvault.recorder.marking import Marked, MarkedCall, latest_of, mark_call
from callvault.recorder.requests import KeepRequested
from callvault.recorder.service import Recorder

logger = logging.getLogger(__name__)

REFRESH_S = 5.0
CONNECT_S = 1.5
LOOK_S = 2.0
ACT_S = 10.0
"""How long a node is waited for: the caller hears it ring meanwhile."""
LEAVE_S = 4.0
FRESH_NS = 60_000_000_000
"""What a node reported longer ago says nothing of what it records now."""

_MARKED = {
    200: Marked.DONE,
    404: Marked.NO_CALL,
    409: Marked.NO_CALL,
    422: Marked.MODE,
    503: Marked.NOT_ON_DISK,
}
_FOUND = frozenset({Marked.DONE, Marked.MODE, Marked.NOT_ON_DISK})


class _Candidate(NamedTuple):
    """A call that may be meant."""

    call: LatestCall
    neighbour: NodeDoor | None  # None: it is here


class Neighbours:
    """The other nodes of this installation."""

    def __init__(
        self,
        load: Callable[[], Sequence[NodeDoor]] = tuple,
        leave: Callable[[KeepWish], None] | None = None,
    ) -> None:
        """`load` asks the catalogue; `leave` has it keep a wish for a node that does not answer."""
        self._load = load
        self._leave = leave
        self._refreshed_s: float | None = None
        self.known: tuple[NodeDoor, ...] = ()

    def refresh(self) -> None:
        """Ask the catalogue, every few seconds; no error leaves this. In the catalogue's thread."""
        now_s = time.monotonic()
        if self._refreshed_s is not None and now_s - self._refreshed_s < REFRESH_S:
            return
        self._refreshed_s = now_s
        try:
            self.known = tuple(self._load())
        except Exception as error:  # whatever a database driver throws: those known stay
            logger.debug("other nodes cannot be read: %s", error)

    def recordings(self, now_ns: int) -> int:
        """Return how many recordings they make, as they reported last."""
        return sum(one.recordings for one in self.known if now_ns - one.at_ns <= FRESH_NS)

    async def latest_of(self, owner_id: UUID) -> tuple[list[_Candidate], list[str]]:
        """Return the call of a user on each of them, and who did not answer."""
        known = self.known
        asking = (asyncio.to_thread(_latest, one, owner_id) for one in known)
        found = await asyncio.gather(*asking, return_exceptions=True)
        calls, silent = [], []
        for neighbour, answer in zip(known, found, strict=True):
            if isinstance(answer, BaseException):
                logger.warning("node %s does not answer: %s", neighbour.node, answer)
                silent.append(neighbour.node)
            elif answer is not None:
                calls.append(_Candidate(answer, neighbour))
        return calls, silent

    async def leave(self, wish: KeepWish) -> bool:
        """Have the catalogue keep a wish; False: it cannot just now."""
        if self._leave is None:
            return False
        try:
            await asyncio.wait_for(asyncio.to_thread(self._leave, wish), LEAVE_S)
        except Exception as error:
            logger.warning("no wish can be left in the catalogue: %s", error)
            return False
        return True


async def keep_call_of(
    recorder: Recorder, neighbours: Neighbours, owner_id: UUID, *, who: str, detail: str = ""
) -> MarkedCall:
    """Keep the call in live-keep mode of a user that is meant, on whichever node it is.

    A node that does not answer may have it: then the wish is left in the catalogue, where the
    worker that would destroy the call finds it. `who` and `detail` go on its timeline.
    """
    own = latest_of(recorder, owner_id)
    if own is not None and own.is_running and own.is_undecided:
        return await _keep(recorder, _Candidate(own, None), owner_id, who, detail)
    asked_at_ns = recorder.read_clocks().realtime_ns
    found, silent = await neighbours.latest_of(owner_id)
    if own is not None:
        found.append(_Candidate(own, None))
    marked = MarkedCall(Marked.NO_CALL)
    for one in sorted(found, key=lambda one: one.call.rank, reverse=True):
        marked = await _keep(recorder, one, owner_id, who, detail)
        if marked.outcome in _FOUND:
            break
        if marked.outcome is Marked.UNREACHABLE and one.neighbour is not None:
            silent.append(one.neighbour.node)
    is_sure = marked.outcome in _FOUND and any(one.call.is_running for one in found)
    if not silent or is_sure:
        return marked
    is_left = await neighbours.leave(KeepWish(owner_id, asked_at_ns, who, detail))
    if marked.outcome in _FOUND:
        return marked
    return MarkedCall(Marked.NOTED if is_left else Marked.UNREACHABLE)


async def _keep(
    recorder: Recorder, one: _Candidate, owner_id: UUID, who: str, detail: str
) -> MarkedCall:
    call_id = one.call.call_id
    if one.neighbour is None:
        request = KeepRequested(who, detail, frozenset([owner_id]))
        return MarkedCall(await mark_call(recorder, call_id, request), call_id)
    asked = Asked(who[:LONGEST_WHO], detail, (owner_id,))
    try:
        outcome = await asyncio.to_thread(_keep_there, one.neighbour, call_id, asked)
    except NoAnswer:
        return MarkedCall(Marked.UNREACHABLE)
    return MarkedCall(outcome, call_id)


def _latest(neighbour: NodeDoor, owner_id: UUID) -> LatestCall | None:
    """Return the call of a user there; None: there is none. Raises NoAnswer."""
    if neighbour.door is None:
        raise NoAnswer("it does not tell where it is reached")
    path = f"/latest/{owner_id}"
    answer = ask(neighbour.door, "GET", path, patience_s=LOOK_S, connect_s=CONNECT_S)
    if answer.status == 404:
        return None
    try:
        if answer.status == 200:
            return msgspec.json.decode(answer.body, type=LatestCall)
    except msgspec.DecodeError:
        pass
    raise NoAnswer(f"status {answer.status}")


def _keep_there(neighbour: NodeDoor, call_id: UUID, asked: Asked) -> Marked:
    """Have a neighbour mark a call. Raises NoAnswer."""
    if neighbour.door is None:
        raise NoAnswer("it does not tell where it is reached")
    path, body = f"/calls/{call_id}/keep", msgspec.json.encode(asked)
    status = ask(neighbour.door, "POST", path, body, patience_s=ACT_S, connect_s=CONNECT_S).status
    if status not in _MARKED:
        raise NoAnswer(f"status {status}")
    return _MARKED[status]
