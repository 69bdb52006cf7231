"""Calls that go on in a session of their own: after a restart, and when they grew too long.

What such a session needs is kept in a checkpoint for as long as its call lives.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from uuid import UUID

from msgspec.structs import replace

from callvault import sip, spool
from callvault.clock import Instant
from callvault.cucm import Place
from callvault.errors import CallvaultError
from callvault.recorder.checkpoint import Checkpoint, encode
from callvault.recorder.checkpoint_files import CheckpointFiles
from callvault.recorder.dialog import LiveDialog
from callvault.recorder.dialog_node import Wait
from callvault.recorder.facts import header_of_dialog
from callvault.recorder.memory import SessionMemory
from callvault.recorder.no_media import NoMediaWatch
from callvault.recorder.resumption import go_on_with_calls
from callvault.recorder.session import RecordingSession
from callvault.spool.entries import JournalHeader


class Continued(Protocol):
    """The recorder, as far as sessions that go on need it."""

    agent: sip.UserAgentServer
    dialogs: dict[sip.DialogId, LiveDialog]

    def new_dialog(self, journal_id: UUID, memory: SessionMemory) -> LiveDialog:
        """Return a dialog with a session that has not begun."""
        ...

    def rest_of(self, session: RecordingSession) -> tuple[UUID, Place | None]:
        """Return journal and, of a leg of CUCM's, place of what follows a session."""
        ...

    def goes_on(self, session: RecordingSession) -> None:
        """Learn that a session has gone on with a call."""

    def restore(self, dialog: sip.SavedDialog) -> sip.DialogId:
        """Have the agent know a dialog again."""
        ...

    def bye(self, dialog_id: sip.DialogId, reason: str) -> None:
        """End a dialog."""

    def call_not_continued(self, journal_id: UUID, problem: str) -> None:
        """Tell operators of a call that ends here."""


class Continuing:
    """Takes calls up again, and keeps what that takes."""

    def __init__(
        self, recorder: Continued, *, node: str, spool: Path, read_clocks: Callable[[], Instant]
    ) -> None:
        self._recorder = recorder
        self._node, self._spool = node, spool
        self._read_clocks = read_clocks
        self._files: CheckpointFiles | None = None  # None: what is in progress is not kept

    def resume(self, files: CheckpointFiles) -> int:
        """Go on with the calls that have checkpoints there; return how many do."""
        self._files = files
        return go_on_with_calls(
            self,
            files,
            node=self._node,
            opened_at_ns=self._read_clocks().realtime_ns,
            last_piece=lambda journal_id: spool.last_piece(self._spool, journal_id),
        )

    def go_on(
        self,
        dialog: sip.SavedDialog,
        memory: SessionMemory,
        header: JournalHeader,
        *,
        may_go_on: Callable[[], bool],
    ) -> None:
        """Take a call up again (resumption.Resumer)."""
        self._take_up(self._recorder.restore(dialog), memory, header, may_go_on=may_go_on)

    def call_not_continued(self, journal_id: UUID, problem: str) -> None:
        """Tell operators of a call that a restart ended (resumption.Resumer)."""
        self._recorder.call_not_continued(journal_id, problem)

    def go_on_apart(self, dialog_id: sip.DialogId, memory: SessionMemory) -> Wait | None:
        """Give the rest of an overlong call a session of its own.

        Returns what to wait for before the first journal ends; None: for nothing.
        """
        before = self._recorder.dialogs.pop(dialog_id)
        dialog = self._recorder.agent.save(dialog_id)
        if dialog is not None:  # it is not ending already
            self._begin_rest(dialog_id, dialog, memory, before)
        return self._files.supersede(before.session.journal_id) if self._files else None

    def save(self, session: RecordingSession) -> None:
        """Note down, soon, what a restart needs of this call."""
        if self._files is not None and (payload := self._remembered(session)):
            self._files.put(session.journal_id, payload)

    async def save_durably(self, session: RecordingSession) -> None:
        """Put it on disk. Raises SpoolError if it is not."""
        payload = self._remembered(session)
        if self._files is not None and payload is not None:
            await asyncio.to_thread(self._files.put_durably, session.journal_id, payload)

    def forget(self, journal_id: UUID) -> None:
        """Keep nothing more of a call that is over."""
        if self._files is not None:
            self._files.remove(journal_id)

    def look_after(self) -> None:
        """Tell of checkpoints that could not be written."""
        if self._files is not None:
            self._files.tell_failures()

    def _take_up(
        self,
        dialog_id: sip.DialogId,
        memory: SessionMemory,
        header: JournalHeader,
        *,
        may_go_on: Callable[[], bool] = lambda: True,
        no_media: NoMediaWatch | None = None,
    ) -> None:
        """Have a new session go on with a dialog; raises CallvaultError, and ends it, if not."""
        live = self._recorder.new_dialog(header.journal_id, memory)
        live.no_media = no_media or live.no_media
        try:
            live.go_on(memory, header, dialog_id, may_go_on=may_go_on)
        except CallvaultError:
            self._recorder.bye(dialog_id, "")
            raise
        self._recorder.dialogs[dialog_id] = live
        self._recorder.goes_on(live.session)
        self.save(live.session)

    def _begin_rest(
        self,
        dialog_id: sip.DialogId,
        dialog: sip.SavedDialog,
        memory: SessionMemory,
        before: LiveDialog,
    ) -> None:
        journal_id, place = self._recorder.rest_of(before.session)
        said = memory.said.of_the_rest(before.session.journal_id)
        memory = replace(memory, place=place, said=said)
        header = header_of_dialog(
            dialog,
            memory,
            journal_id=journal_id,
            node=self._node,
            opened_at_ns=self._read_clocks().realtime_ns,
        )
        try:
            self._take_up(dialog_id, memory, header, no_media=before.no_media)
        except CallvaultError as error:
            self.call_not_continued(header.journal_id, str(error))

    def _remembered(self, session: RecordingSession) -> bytes | None:
        agent, dialog_id = self._recorder.agent, session.dialog_id
        dialog = agent.save(dialog_id) if dialog_id is not None else None
        memory = session.memory(self._read_clocks())
        if dialog is None or memory is None:
            return None
        return encode(Checkpoint(session.journal_id, dialog, memory))
