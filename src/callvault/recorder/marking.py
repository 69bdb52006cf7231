"""Marks a call of live-keep mode, running or just ended (MODE-4): by portal, API and pilot call.

`latest_of` is for whoever knows only the user: a call to the live-keep pilot names its caller,
not the call that is meant.
"""

import asyncio
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from callvault.clock import Instant
from callvault.errors import ProtocolError, SpoolError
from callvault.monitoring.live_calls import LatestCall
from callvault.policy.modes import RecordingMode
from callvault.policy.wishes import Mark
from callvault.recorder.dialog import LiveDialog
from callvault.recorder.requests import DropRequested, KeepRequested, concerned_by
from callvault.recorder.service import Recorder

_MARKS = {KeepRequested: Mark.KEPT, DropRequested: Mark.DROPPED}


class Marked(StrEnum):
    """What came of a mark."""

    DONE = "done"
    UNKNOWN_USER = "unknown_user"  # the number is nobody's, or several people's
    NO_CALL = "no_call"  # there is none that is not over for longer than marks may come
    MODE = "mode"  # the call is not in live-keep mode, or is kept already
    NOT_ON_DISK = "not_on_disk"  # it is marked now; but a restart may not know
    UNREACHABLE = "unreachable"  # a node that may have the call does not answer
    NOTED = "noted"  # that node's worker will find the wish in the catalogue


class MarkedCall(NamedTuple):
    """A call that was meant, and what came of it."""

    outcome: Marked
    call_id: UUID | None = None


async def mark_call(
    recorder: Recorder, call_id: UUID, request: KeepRequested | DropRequested
) -> Marked:
    """Mark a call, in progress or just ended; returns when that is on disk."""
    legs = recorder.legs_of(call_id)
    if legs:
        concerned = [one for one in legs if concerned_by(request, one.session.decision)]
        if not concerned:
            return Marked.MODE
        marked = await _mark_all(concerned, request)
        if marked is Marked.DONE:
            return await _mark_earlier(recorder, concerned, request)
        if marked is not Marked.NO_CALL:
            return marked
    return await _mark_ended(recorder, call_id, request)


async def _mark_ended(
    recorder: Recorder, call_id: UUID, request: KeepRequested | DropRequested
) -> Marked:
    try:
        mark = _MARKS[type(request)]
        is_marked = await recorder.just_ended.mark(call_id, request.owners, mark)
    except KeyError:
        return Marked.NO_CALL
    except SpoolError:
        return Marked.NOT_ON_DISK
    return Marked.DONE if is_marked else Marked.MODE


async def _mark_earlier(
    recorder: Recorder, legs: list[LiveDialog], request: KeepRequested | DropRequested
) -> Marked:
    """Mark the parts before of a call that grew too long and was split."""
    mark = _MARKS[type(request)]
    for one in legs:
        learning = one.session.learning
        marks = dict.fromkeys(concerned_by(request, learning.decision), mark)
        try:
            if learning.said.earlier:
                await recorder.just_ended.mark_earlier(learning.said.earlier, marks)
        except SpoolError:
            return Marked.NOT_ON_DISK
    return Marked.DONE


async def _mark_all(legs: list[LiveDialog], request: KeepRequested | DropRequested) -> Marked:
    """Mark the dialogs of a call; one that ends just now, or is not answered, does not count."""
    done = await asyncio.gather(*(one.ask(request) for one in legs), return_exceptions=True)
    failures = [one for one in done if isinstance(one, BaseException)]
    for one in failures:
        if isinstance(one, SpoolError):
            return Marked.NOT_ON_DISK
        if not isinstance(one, ProtocolError):
            raise one
    return Marked.NO_CALL if len(failures) == len(done) else Marked.DONE


def latest_of(recorder: Recorder, owner_id: UUID) -> LatestCall | None:
    """Return the call in live-keep mode of a user that is meant.

    The one in progress that was answered last; else the one that ended last, as long as marks may
    come.
    """
    now = recorder.read_clocks()
    running = [
        LatestCall(
            one.session.journal_id,
            is_running=True,
            is_undecided=_is_undecided(one),
            at_ns=one.session.answered_at_ns(now),
        )
        for one in recorder.dialogs.values()
        if _is_live_keep(one, owner_id, now)
    ]
    if running:
        # What is kept already, as a call to the recorder itself is, needs no mark.
        return max(running, key=lambda one: one.rank)
    ended = recorder.just_ended.latest_of(owner_id)
    if ended is None:
        return None
    return LatestCall(ended.call_id, is_running=False, is_undecided=True, at_ns=ended.ended_at_ns)


def _is_undecided(dialog: LiveDialog) -> bool:
    return bool(dialog.session.decision and dialog.session.decision.offered)


def _is_live_keep(dialog: LiveDialog, owner_id: UUID, now: Instant) -> bool:
    decision = dialog.session.decision
    if decision is None or dialog.session.memory(now) is None:  # not answered, or ending
        return False
    return any(
        one.owner_id == owner_id and one.mode == RecordingMode.LIVE_KEEP
        for one in (*decision.assignments, *decision.offered)
    )
