"""What the control API does with calls: asked from its threads, done on the recorder's loop."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from enum import StrEnum
from uuid import UUID

import msgspec

from callvault import clock
from callvault.clock import Instant
from callvault.errors import ProtocolError, SpoolError
from callvault.monitoring.live_calls import Asked, EndedCalls, LatestCall, LiveCalls
from callvault.recorder.dialog import LiveDialog
from callvault.recorder.ears import Ears
from callvault.recorder.listening import Chunk, Listeners
from callvault.recorder.live_calls import MOST_CALLS, live_calls
from callvault.recorder.marking import Marked, latest_of, mark_call
from callvault.recorder.meters import Meters
from callvault.recorder.requests import (
    DropRequested,
    KeepRequested,
    StartRequested,
    StopRequested,
    WishRequested,
    concerned_by,
)
from callvault.recorder.service import Recorder

FRESH_S = 0.5
"""The list of calls is made at most so often, however many people look."""
WAIT_S = 8.0
"""How long a request waits for the disk."""


class Deed(StrEnum):
    """What can be done with a call."""

    PAUSE = "pause"
    RESUME = "resume"
    START = "start"
    STOP = "stop"
    KEEP = "keep"
    DROP = "drop"


class Outcome(StrEnum):
    """What came of it."""

    DONE = "done"
    UNKNOWN = "unknown"  # no such call, or none any more
    ENDING = "ending"  # it is not answered yet, or ends
    MODE = "mode"  # it is not recorded in a mode in which that can be asked for
    LISTENERS = "listeners"  # so many listen already
    NOT_ON_DISK = "not_on_disk"  # nothing is kept now; but a restart may not know


class _List:
    """A list as JSON: made at most so often, however many people look. For any thread."""

    def __init__(self, look: Callable[[], LiveCalls | EndedCalls]) -> None:
        self._look = look
        self._lock = threading.Lock()
        self._told = b""
        self._made_s = -FRESH_S

    def told(self) -> bytes:
        """Return it. Raises TimeoutError."""
        with self._lock:
            if time.monotonic() - self._made_s >= FRESH_S:
                self._told = msgspec.json.encode(self._look())
                self._made_s = time.monotonic()
            return self._told

    def outdate(self) -> None:
        """Make it anew when somebody looks next."""
        with self._lock:
            self._made_s = -FRESH_S


class Desk:
    """Stands between the threads of the control API and the recorder on its loop."""

    def __init__(
        self,
        recorder: Recorder,
        loop: asyncio.AbstractEventLoop,
        read_clocks: Callable[[], Instant] = clock.read,
    ) -> None:
        self._recorder = recorder
        self._loop = loop
        self._read_clocks = read_clocks
        ears = Ears()
        self._listeners = Listeners(ears=ears)
        self._meters = Meters(ears)
        self._is_metering = False
        self._calls = _List(self._look)
        self._ended = _List(self._look_at_ended)

    def calls(self) -> bytes:
        """Return the calls in progress as JSON. The loop is only asked for the list of dialogs.

        Raises TimeoutError.
        """
        return self._calls.told()

    def ended(self) -> bytes:
        """Return the calls that are over and may still be marked, as JSON. Raises TimeoutError."""
        return self._ended.told()

    def act(self, deed: Deed, call_id: UUID, asked: Asked) -> Outcome:
        """Do something with a call; returns when it is on disk. Raises TimeoutError."""
        outcome = asyncio.run_coroutine_threadsafe(self._act(deed, call_id, asked), self._loop)
        try:
            return outcome.result(WAIT_S)
        finally:
            self._calls.outdate()
            self._ended.outdate()

    def _look(self) -> LiveCalls:
        found: Future[list[LiveDialog]] = Future()
        self._loop.call_soon_threadsafe(
            lambda: found.set_result(list(self._recorder.dialogs.values()))
        )
        dialogs, now = found.result(WAIT_S), self._read_clocks()
        levels = self._meters.look(dialogs[:MOST_CALLS], now)
        self._loop.call_soon_threadsafe(self._begin_metering)
        return live_calls(dialogs, now, levels)

    def _look_at_ended(self) -> EndedCalls:
        found: Future[EndedCalls] = Future()
        self._loop.call_soon_threadsafe(
            lambda: found.set_result(self._recorder.just_ended.listed(most=MOST_CALLS))
        )
        return found.result(WAIT_S)

    def latest_of(self, owner_id: UUID) -> LatestCall | None:
        """Return the call of a user that a call to the pilot means; None. Raises TimeoutError."""
        found: Future[LatestCall | None] = Future()
        self._loop.call_soon_threadsafe(
            lambda: found.set_result(latest_of(self._recorder, owner_id))
        )
        return found.result(WAIT_S)

    def listen(self, call_id: UUID, owner_id: UUID | None) -> UUID | Outcome:
        """Let somebody listen to a call; returns by what to ask. Raises TimeoutError."""
        if not self._legs_of(call_id):
            return Outcome.UNKNOWN
        listener_id = self._listeners.begin(call_id, owner_id)
        if listener_id is None:
            return Outcome.LISTENERS
        self._loop.call_soon_threadsafe(self._watch_listeners)
        return listener_id

    def heard(self, listener_id: UUID) -> Chunk | None:
        """Return what was said since the last time; None: it is over. Raises TimeoutError."""
        call_id = self._listeners.call_of(listener_id)
        if call_id is None:
            return None
        chunk = self._listeners.chunk(listener_id, self._legs_of(call_id), self._read_clocks())
        if chunk is None:
            self._listeners.end(listener_id)
        return chunk

    def unlisten(self, listener_id: UUID) -> bool:
        """Let somebody listen no more; False: nobody of this id did."""
        return self._listeners.end(listener_id)

    def _legs_of(self, call_id: UUID) -> list[LiveDialog]:
        found: Future[list[LiveDialog]] = Future()
        self._loop.call_soon_threadsafe(lambda: found.set_result(self._recorder.legs_of(call_id)))
        return found.result(WAIT_S)

    def _begin_metering(self) -> None:
        if not self._is_metering:
            self._watch_meters()

    def _watch_meters(self) -> None:
        """Look again and again, as long as packets are copied for meters, if somebody looks."""
        self._is_metering = self._meters.rest()
        if self._is_metering:
            self._loop.call_later(1.0, self._watch_meters)

    def _watch_listeners(self) -> None:
        """Look again and again, as long as somebody listens, who is gone."""
        if self._listeners.forget_gone():
            self._loop.call_later(1.0, self._watch_listeners)

    async def _act(self, deed: Deed, call_id: UUID, asked: Asked) -> Outcome:
        if deed in _MARKS:
            owners = frozenset(asked.owners) if asked.owners is not None else None
            request = _MARKS[deed](asked.who, asked.detail, owners)
            return _MARKED[await mark_call(self._recorder, call_id, request)]
        legs = self._recorder.legs_of(call_id)
        if not legs:
            return Outcome.UNKNOWN
        try:
            if not await _do_with_all(deed, legs, asked):
                return Outcome.MODE
        except ProtocolError:
            return Outcome.ENDING
        except SpoolError:
            return Outcome.NOT_ON_DISK
        return Outcome.DONE


_REQUESTS: dict[Deed, type[WishRequested]] = {
    Deed.START: StartRequested,
    Deed.STOP: StopRequested,
}

_MARKS: dict[Deed, type[KeepRequested | DropRequested]] = {
    Deed.KEEP: KeepRequested,
    Deed.DROP: DropRequested,
}
_MARKED = {
    Marked.DONE: Outcome.DONE,
    Marked.NO_CALL: Outcome.UNKNOWN,
    Marked.UNKNOWN_USER: Outcome.UNKNOWN,
    Marked.MODE: Outcome.MODE,
    Marked.NOT_ON_DISK: Outcome.NOT_ON_DISK,
}


async def _do_with_all(deed: Deed, legs: Sequence[LiveDialog], asked: Asked) -> bool:
    """Do something with the dialogs of a call; one that ends meanwhile does not count."""
    done = await asyncio.gather(*(_do(deed, one, asked) for one in legs), return_exceptions=True)
    failures = [one for one in done if isinstance(one, BaseException)]
    failures.sort(key=lambda one: isinstance(one, ProtocolError))
    if failures and (len(failures) == len(done) or not isinstance(failures[0], ProtocolError)):
        raise failures[0]
    return any(one is True for one in done)


async def _do(deed: Deed, dialog: LiveDialog, asked: Asked) -> bool:
    """Do something with one dialog of a call; False: its mode knows no such thing."""
    if deed is Deed.PAUSE:
        await dialog.pause(who=asked.who, detail=asked.detail)
    elif deed is Deed.RESUME:
        await dialog.resume(who=asked.who, detail=asked.detail)
    else:
        return await _is_done(dialog, deed, asked)
    return True


async def _is_done(dialog: LiveDialog, deed: Deed, asked: Asked) -> bool:
    """Ask the session for it; False: nobody on the call is recorded in such a mode."""
    owners = frozenset(asked.owners) if asked.owners is not None else None
    request = _REQUESTS[deed](asked.who, asked.detail, owners)
    if not concerned_by(request, dialog.session.decision):
        return False
    await dialog.ask(request)
    return True
