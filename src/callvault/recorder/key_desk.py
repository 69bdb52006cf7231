"""Does what the keys of dial-in calls ask for, and lets it be heard (CAP-3, MODE-2 to 4).

One tone: the call is recorded, or kept, from now on. Two: it is not. Three: that could not be done.
"""

import asyncio
import logging
from uuid import UUID

from callvault.errors import CallvaultError, ProtocolError, SpoolError
from callvault.monitoring.asked import KIND, AskedByPhone, Deed
from callvault.policy.decision import Capturing
from callvault.policy.keypad import Command
from callvault.recorder.dialog import LiveDialog
from callvault.recorder.facts import owner_of
from callvault.recorder.marking import Marked, mark_call
from callvault.recorder.requests import (
    DropRequested,
    KeepRequested,
    StartRequested,
    StopRequested,
    WishRequested,
    concerned_by,
)
from callvault.recorder.service import Recorder

logger = logging.getLogger(__name__)

KEYPAD = "keypad"
"""Detail of what was asked for by keys."""
REFUSED = 3
TONES = {
    Command.START: 1,
    Command.RESUME: 1,
    Command.KEEP: 1,
    Command.STOP: 2,
    Command.PAUSE: 2,
    Command.DROP: 2,
}
_DEEDS: dict[Command, Deed] = {
    Command.START: "start",
    Command.STOP: "stop",
    Command.PAUSE: "pause",
    Command.RESUME: "resume",
    Command.KEEP: "keep",
    Command.DROP: "drop",
}
_REQUESTS: dict[Command, type[WishRequested]] = {
    Command.START: StartRequested,
    Command.STOP: StopRequested,
    Command.KEEP: KeepRequested,
    Command.DROP: DropRequested,
}


class KeyDesk:
    """Looks at the keys of all calls that they lead. Lives on the recorder's loop."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._doing: dict[UUID, asyncio.Future[None]] = {}

    def look(self) -> None:
        """Do what was asked for; what is asked of a call meanwhile waits for the next look."""
        self._doing = {one: task for one, task in self._doing.items() if not task.done()}
        for dialog in list(self._recorder.dialogs.values()):
            try:
                self._look_at(dialog)
            except Exception:  # what one phone sends must not end the recording of others
                logger.exception("rs=%s its keys cannot be read", dialog.session.journal_id)

    def _look_at(self, dialog: LiveDialog) -> None:
        journal_id = dialog.session.journal_id
        if not dialog.keypad.is_open or journal_id in self._doing:
            return
        commands = dialog.keypad.commands()
        if commands:
            task = asyncio.ensure_future(_obey_all(self._recorder, dialog, commands))
            self._doing[journal_id] = task


async def _obey_all(recorder: Recorder, dialog: LiveDialog, commands: list[Command]) -> None:
    for command in commands:
        is_on_disk = True
        try:
            is_done = await obey(recorder, dialog, command)
        except SpoolError as error:
            logger.error("rs=%s %s is not on disk: %s", dialog.session.journal_id, command, error)
            is_on_disk = False
            is_done = command is not Command.RESUME  # that one alone is not done then
        except ProtocolError as error:  # it ended meanwhile
            logger.info("rs=%s %s", dialog.session.journal_id, error)
            return
        except CallvaultError as error:
            logger.error("rs=%s %s cannot be done: %s", dialog.session.journal_id, command, error)
            is_done = False
        except Exception:  # the top of a task: nobody else would tell of it
            logger.exception("rs=%s %s failed", dialog.session.journal_id, command)
            is_done = False
        if is_done or not is_on_disk:
            _tell(recorder, dialog, command, is_on_disk=is_on_disk)
        dialog.confirm(TONES[command] if is_done else REFUSED)


def _tell(recorder: Recorder, dialog: LiveDialog, command: Command, *, is_on_disk: bool) -> None:
    """Have the audit log told what somebody did by keys."""
    session = dialog.session
    decision = session.decision
    owner = next(iter((*decision.assignments, *decision.offered)), None) if decision else None
    if owner is None:
        return
    told = AskedByPhone(
        deed=_DEEDS[command],
        means="keypad",
        owner=str(owner.owner_id),
        username=owner.owner_username,
        journal=str(session.learning.call_id),
        trunk=session.trunk_name,
        on_disk="yes" if is_on_disk else "no",
    )
    recorder.note(KIND, "info", **told.values())


async def obey(recorder: Recorder, dialog: LiveDialog, command: Command) -> bool:
    """Do what is asked for; False: the call's mode knows no such thing.

    Who calls the recorder is the owner of the call, and may do all this with it. Raises
    ProtocolError if the call ends, SpoolError as `LiveDialog` does.
    """
    session = dialog.session
    decision = session.decision
    if decision is None or not (decision.assignments or decision.offered):
        return False
    who = owner_of(decision) or decision.offered[0].owner_name
    if command in _REQUESTS:
        request = _REQUESTS[command](who, KEYPAD)
        if not concerned_by(request, decision):
            return False
        if isinstance(request, KeepRequested | DropRequested):
            return await _mark(recorder, session.learning.call_id, request)
        await dialog.ask(request)
        return True
    if session.capturing.wanted is Capturing.NOTHING:
        return False
    if command is Command.PAUSE:
        await dialog.pause(who=who, detail=KEYPAD)
        return True
    await dialog.resume(who=who, detail=KEYPAD)
    return not session.capturing.by_src


async def _mark(recorder: Recorder, call_id: UUID, request: KeepRequested | DropRequested) -> bool:
    """Mark the call with all its parts. Raises SpoolError if a restart might not know of it."""
    marked = await mark_call(recorder, call_id, request)
    if marked is Marked.NOT_ON_DISK:
        raise SpoolError("the mark is in memory only")
    return marked is Marked.DONE
