"""What is told of calls in progress. Read from any thread: nothing here changes a call."""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from uuid import UUID

import msgspec

from callvault import cucm
from callvault.capture import Stream, StreamCounters, came
from callvault.clock import Instant
from callvault.monitoring.live_calls import EndedCall, LiveCall, LiveCalls, LiveOwner, LiveParty
from callvault.policy.decision import Assignment, Capturing
from callvault.policy.live_keep import waits_until_ns
from callvault.policy.modes import RecordingMode
from callvault.policy.wishes import NO_WISHES, Wishes
from callvault.recorder.dialog import LiveDialog
from callvault.recorder.memory import SessionMemory
from callvault.recorder.meters import Level
from callvault.recorder.session import RecordingSession

MOST_CALLS = 5000
LONGEST = 256
"""Characters of a name or number that are told."""
PATIENCE_NS = 5_000_000_000
"""How long after the answer media may take to come."""

Heard = Mapping[int, StreamCounters]
Levels = Mapping[Stream, Level]
NO_LEVELS: Levels = {}


def live_calls(dialogs: list[LiveDialog], now: Instant, levels: Levels = NO_LEVELS) -> LiveCalls:
    """Return the calls that are answered, those that began first in front.

    `levels` are those of streams that capture does not measure.
    """
    told: dict[UUID, LiveCall] = {}
    for one in dialogs[:MOST_CALLS]:
        if (call := live_call(one, now, levels)) is not None:
            place = one.session.learning.place
            key = place.pair_id if place is not None else call.call_id
            told[key] = _as_one(told[key], call) if key in told else call
    calls = sorted(told.values(), key=lambda call: call.answered_at_ns)
    return LiveCalls(now.realtime_ns, tuple(calls), left_off=max(len(dialogs) - MOST_CALLS, 0))


def _as_one(one: LiveCall, other: LiveCall) -> LiveCall:
    """Return the call that two legs of CUCM's are: each has heard one of its voices."""
    levels = {owner.user_id: owner for owner in other.owners}
    return msgspec.structs.replace(
        one,
        owners=tuple(_with_levels(owner, levels.get(owner.user_id)) for owner in one.owners),
        is_paused=one.is_paused or other.is_paused,
        packets=one.packets + other.packets,
        has_no_media=one.has_no_media and other.has_no_media,
    )


def _with_levels(owner: LiveOwner, other: LiveOwner | None) -> LiveOwner:
    if other is None:
        return owner
    near, far = owner.level_dbfs, owner.remote_level_dbfs
    return msgspec.structs.replace(
        owner,
        level_dbfs=near if near is not None else other.level_dbfs,
        remote_level_dbfs=far if far is not None else other.remote_level_dbfs,
        level_unknown=owner.level_unknown or other.level_unknown,
    )


def live_call(dialog: LiveDialog, now: Instant, levels: Levels = NO_LEVELS) -> LiveCall | None:
    """Return what is known of a call; None: it is not answered yet, or ends."""
    memory = dialog.session.memory(now)
    if memory is None:
        return None
    control, envelope, heard = dialog.session.capturing, memory.parties.envelope, dialog.heard()
    asked, is_heard = memory.pause, control.takes_in
    measured = _measured(dialog, heard, levels)
    packets = sum(map(came, heard.values()))
    return LiveCall(
        call_id=dialog.session.journal_id,
        trunk=memory.trunk.name,
        answered_at_ns=memory.answered_at_ns,
        owners=tuple(
            _owner(one, memory.wishes, measured if is_heard else {}) for one in _owned(memory)
        ),
        caller=_party(envelope.sender, envelope.name),
        called=_party(envelope.dialled),
        may_keep=control.wanted is not Capturing.NOTHING,
        is_held=control.wanted is Capturing.HOLD,
        is_paused=memory.is_paused,
        is_paused_by_src=memory.is_paused_by_src,
        paused_by=asked.who if asked else "",
        paused_at_ns=asked.at_ns if asked else 0,
        packets=packets,
        pair=_pair(memory),
        has_no_media=not packets
        and (memory.is_paused_by_src or now.realtime_ns - memory.answered_at_ns > PATIENCE_NS),
    )


def _pair(memory: SessionMemory) -> str:
    """Return what both legs of a call of CUCM's have in common, without saying it."""
    place = memory.place
    key = cucm.key_of(place.leg, trunk=memory.trunk.name) if place is not None else None
    return sha256(repr(key).encode()).hexdigest()[:32] if key is not None else ""


def ended_call(session: RecordingSession, now: Instant) -> EndedCall | None:
    """Return what is told of a call that is over; None: no mark changes what becomes of it.

    Two legs of CUCM's are one call: the later one to end takes the place of the other.
    """
    decision, ended_at_ns = session.decision, session.ended_at_ns
    answered_at_ns = session.answered_at_ns(now)
    if decision is None or decision.keeping is None or not ended_at_ns or not answered_at_ns:
        return None
    both = (*decision.assignments, *decision.offered)
    return EndedCall(
        call_id=session.learning.call_id,
        trunk=session.trunk_name,
        answered_at_ns=answered_at_ns,
        ended_at_ns=ended_at_ns,
        until_ns=waits_until_ns(decision, {}, ended_at_ns),
        owners=tuple(
            _owner(one, NO_WISHES, {}) for one in both if one.mode == RecordingMode.LIVE_KEEP
        ),
        keeps_unmarked=decision.keeping.keeps_unmarked,
        earlier=session.learning.said.earlier,
    )


def _owned(memory: SessionMemory) -> list[Assignment]:
    """Return one assignment of each recorded user: made already, or made if somebody asks."""
    if memory.decision is None:
        return []
    both = (*memory.decision.assignments, *memory.decision.offered)
    return list({one.owner_id: one for one in reversed(both)}.values())[::-1]


def _measured(dialog: LiveDialog, heard: Heard, levels: Levels) -> Mapping[int, Level]:
    """Return the level of each stream, by capture or by a decoder."""
    streams = dialog.streams() if levels else {}
    return {
        index: levels.get(streams[index], Level(one.peak_dbfs))
        if index in streams
        else Level(one.peak_dbfs)
        for index, one in heard.items()
    }


def _owner(one: Assignment, wishes: Wishes, heard: Mapping[int, Level]) -> LiveOwner:
    unknown = {heard[index].unknown for index in _streams_of(one) if index in heard}
    return LiveOwner(
        user_id=one.owner_id,
        name=one.owner_name,
        extension=one.owner_extension,
        group=one.owner_group,
        direction=one.direction,
        remote=_party(one.remote.number, one.remote.name),
        level_dbfs=_level(one.owner_streams, heard),
        remote_level_dbfs=_level(one.remote_streams, heard),
        mode=one.mode,
        is_started=wishes.is_started(one.owner_id),
        mark=one.mark,
        level_unknown=", ".join(sorted(unknown - {""})),
    )


def _streams_of(one: Assignment) -> tuple[int, ...]:
    return (*one.owner_streams, *one.remote_streams)


def _party(number: str, name: str = "") -> LiveParty:
    """Return what is told of a party: SIP may hold bytes that are no text, which JSON refuses."""
    return LiveParty(*(one[:LONGEST].encode(errors="replace").decode() for one in (number, name)))


def _level(streams: Iterable[int], heard: Mapping[int, Level]) -> float | None:
    levels = [heard[index].dbfs for index in streams if index in heard]
    return max((level for level in levels if level is not None), default=None)
