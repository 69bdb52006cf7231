"""Who listens to calls in progress: what is kept of them, and nothing else. Called by threads.

A listener hears the recording that is being made of one user: both sides, as packets come. What
arrives in a pause is in no copy that capture makes; what is held, filtered, not started or marked
to be dropped is thrown away here.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID, uuid4

from callvault.audio.g711 import Samples
from callvault.capture import Stream
from callvault.clock import Instant
from callvault.errors import RtpHeaderError
from callvault.policy.decision import Assignment, Capturing
from callvault.recorder.dialog import LiveDialog
from callvault.recorder.ears import Ears
from callvault.recorder.playout import MOST, RATE_HZ, Playout, both_channels
from callvault.rtp import RtpPacket
from callvault.srtp import SUITES, Context, Receiver

MOST_LISTENERS = 16
PATIENCE_S = 5.0
"""A listener who does not ask for so long is gone."""


class Heard(StrEnum):
    """What a listener hears now."""

    CALL = "call"
    NOT_KEPT = "not_kept"  # paused, held, filtered, not started, or marked to be dropped
    CODEC = "codec"  # a codec that is not decoded live, or keys that are not known


class Chunk(NamedTuple):
    """What was said since the last look."""

    heard: Heard
    pcm: bytes  # 16 bits, 8 kHz, two channels: the recorded user left, the other party right


class Place(NamedTuple):
    """A stream that is listened to."""

    stream: Stream
    is_near: bool
    context: Context | None  # of SRTP
    is_kept: bool


class _Ear:
    """One stream as one listener hears it."""

    def __init__(self, stream: Stream) -> None:
        self.playout = Playout()
        self._stream = stream
        self._next, _before = stream.overheard(0)  # others may have listened before
        self._context: Context | None = None
        self._receiver: Receiver | None = None

    def listen(self, place: Place) -> None:
        """Take what has come, or throw it away."""
        self._next, datagrams = self._stream.overheard(self._next)
        if not place.is_kept:
            self.playout.silence()
            return
        if place.context != self._context:
            self._context = place.context
            is_known = place.context is not None and place.context.suite in SUITES
            self._receiver = Receiver(place.context) if place.context and is_known else None
        for datagram in datagrams:
            opened = self._receiver.open(datagram) if self._receiver else datagram
            if opened is None or (self._context is not None and self._receiver is None):
                self.playout.is_undecodable = True
                continue
            try:
                self.playout.put(RtpPacket.parse(opened))
            except RtpHeaderError:
                continue


class _Listener:
    """One who listens to one call."""

    def __init__(self, call_id: UUID, owner_id: UUID | None, now_s: float) -> None:
        self.call_id, self.owner_id = call_id, owner_id
        self.asked_s = now_s
        self.lock = threading.Lock()
        self.is_over = False
        self._ears: dict[Stream, _Ear] = {}
        self._heard_s = now_s

    @property
    def streams(self) -> set[Stream]:
        """Those that it holds open ears for."""
        return set(self._ears)

    def follow(self, places: Sequence[Place]) -> tuple[set[Stream], set[Stream]]:
        """Return the streams that are new, whose ears must be opened first, and those gone."""
        wanted = {place.stream for place in places}
        return wanted - set(self._ears), set(self._ears) - wanted

    def change(self, new: set[Stream], gone: set[Stream]) -> None:
        """Listen to these streams from now on, and no more to those."""
        for stream in gone:
            del self._ears[stream]
        self._ears |= {stream: _Ear(stream) for stream in new}

    def chunk(self, places: Sequence[Place], now_s: float) -> Chunk:
        """Return what was said since the last time."""
        for place in places:
            self._ears[place.stream].listen(place)
        count = round((now_s - self._heard_s) * RATE_HZ)
        self._heard_s += count / RATE_HZ
        if count > MOST:
            self._heard_s, count = now_s, MOST
        near: list[Samples] = []
        far: list[Samples] = []
        for place in places:
            sound = self._ears[place.stream].playout.take(count)
            (near if place.is_near else far).append(sound)
        kept = [one for one in places if one.is_kept]
        heard = Heard.CALL if kept else Heard.NOT_KEPT
        if any(self._ears[one.stream].playout.is_undecodable for one in kept):
            heard = Heard.CODEC
        return Chunk(heard, both_channels(near, far, count))


class Listeners:
    """All who listen on this node."""

    def __init__(
        self, read_s: Callable[[], float] = time.monotonic, ears: Ears | None = None
    ) -> None:
        self._read_s = read_s
        self._lock = threading.Lock()
        self._found: dict[UUID, _Listener] = {}
        self._ears = ears or Ears()

    def begin(self, call_id: UUID, owner_id: UUID | None) -> UUID | None:
        """Let somebody listen; None: so many do already."""
        self.forget_gone()
        with self._lock:
            if len(self._found) >= MOST_LISTENERS:
                return None
            listener_id = uuid4()
            self._found[listener_id] = _Listener(call_id, owner_id, self._read_s())
            return listener_id

    def call_of(self, listener_id: UUID) -> UUID | None:
        """Return the call that somebody listens to; None: nobody of this id does."""
        listener = self._found.get(listener_id)
        return listener.call_id if listener is not None else None

    def chunk(self, listener_id: UUID, legs: Sequence[LiveDialog], now: Instant) -> Chunk | None:
        """Return what was said since the last look; None: it is over."""
        listener = self._found.get(listener_id)
        if listener is None:
            return None
        with listener.lock:
            places = list(_places(legs, listener.owner_id, now))
            if listener.is_over or not legs:
                return None
            new, gone = listener.follow(places)
            self._ears.open(new)
            listener.change(new, gone)
            self._ears.close(gone)
            listener.asked_s = self._read_s()
            return listener.chunk(places, listener.asked_s)

    def end(self, listener_id: UUID) -> bool:
        """Let somebody listen no more; False: nobody of this id did."""
        with self._lock:
            listener = self._found.pop(listener_id, None)
        if listener is None:
            return False
        with listener.lock:
            listener.is_over = True
            streams = listener.streams
            listener.change(set(), streams)
        self._ears.close(streams)
        return True

    def forget_gone(self) -> bool:
        """End the listening of those who do not ask any more; return whether any are left."""
        now_s = self._read_s()
        for listener_id, one in list(self._found.items()):
            if now_s - one.asked_s > PATIENCE_S:
                self.end(listener_id)
        return bool(self._found)


def _places(legs: Sequence[LiveDialog], owner_id: UUID | None, now: Instant) -> Iterator[Place]:
    """Return the streams to listen to, and whether what comes on them is kept just now."""
    for dialog in legs:
        memory = dialog.session.memory(now)
        if memory is None:
            continue
        control, streams = dialog.session.capturing, dialog.streams()
        is_kept = control.takes_in and control.wanted is Capturing.KEEP
        contexts = dialog.keys.contexts()
        if owner_id is None:
            sides = [(index, number == 0) for number, index in enumerate(sorted(streams))]
        else:
            made = memory.decision.assignments if memory.decision is not None else ()
            own = [one for one in made if one.owner_id == owner_id and _lasts(one, now)]
            is_kept = is_kept and bool(own)
            sides = [(index, True) for one in own for index in one.owner_streams]
            sides += [(index, False) for one in own for index in one.remote_streams]
        for index, is_near in dict(reversed(sides)).items():
            if index in streams:
                yield Place(streams[index], is_near, contexts.get(index), is_kept)


def _lasts(one: Assignment, now: Instant) -> bool:
    """Whether a recording is being made now, to be kept as far as is known."""
    has_begun = one.from_ns <= now.realtime_ns
    return has_begun and not 0 < one.until_ns <= now.realtime_ns and one.mark != "dropped"
