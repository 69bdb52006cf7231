"""Ends pauses that last too long, and tells operators of those that seem forgotten."""

import asyncio
import logging
from collections.abc import Callable
from uuid import UUID

from callvault import clock
from callvault.clock import Instant
from callvault.config.sections import ControlConfig
from callvault.errors import ProtocolError, SpoolError
from callvault.recorder.dialog import LiveDialog
from callvault.recorder.pause_watch import PauseWatch
from callvault.recorder.service import Recorder

logger = logging.getLogger(__name__)

AUTOMATIC = "automatic"
"""Detail of the end of a pause that nobody asked for."""


class PauseKeeper:
    """Looks at the pauses of a recorder. Lives on its loop."""

    def __init__(
        self,
        recorder: Recorder,
        config: ControlConfig,
        read_clocks: Callable[[], Instant] = clock.read,
    ) -> None:
        self._recorder = recorder
        self._watch = PauseWatch(config.resume_after_s, config.pause_alarm_after_s)
        self._read_clocks = read_clocks
        self._resuming: dict[UUID, asyncio.Future[None]] = {}

    def look(self) -> None:
        """Do what is due. Once a second."""
        dialogs = {one.session.journal_id: one for one in self._recorder.dialogs.values()}
        asked = {
            journal_id: one.session.capturing.asked
            for journal_id, one in dialogs.items()
            if one.session.capturing.asked is not None
        }
        self._resuming = {one: task for one, task in self._resuming.items() if not task.done()}
        news = self._watch.look(
            asked,
            now_ns=self._read_clocks().realtime_ns,
            rules=self._recorder.policy_in_force.snapshot.modes.pauses,
            call_of=lambda one: dialogs[one].session.learning.call_id,
        )
        for call_id in news.forgotten:
            self._recorder.note("pause_forgotten", "warning", journal=str(call_id))
        for journal_id in news.overdue:
            if journal_id not in self._resuming:
                task = asyncio.ensure_future(self._resume(dialogs[journal_id]))
                self._resuming[journal_id] = task

    async def _resume(self, dialog: LiveDialog) -> None:
        journal_id = dialog.session.journal_id
        try:
            await dialog.resume(who="", detail=AUTOMATIC)
        except ProtocolError as error:  # it ended meanwhile
            logger.info("rs=%s %s", journal_id, error)
        except SpoolError as error:
            logger.error("rs=%s stays paused: %s", journal_id, error)
        else:
            self._recorder.note("pause_ended", journal=str(journal_id))
