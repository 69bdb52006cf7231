"""What a live dialog needs of the node that it lives on: the recorder, or a test's own."""

from collections.abc import Coroutine, Sequence
from typing import Any, Protocol
from uuid import UUID

from callvault import sip
from callvault.capture import Journal, StreamCounters
from callvault.recorder.actions import Respond
from callvault.recorder.key_check import KeyNews
from callvault.recorder.memory import SessionMemory
from callvault.recorder.no_media import MediaNews
from callvault.recorder.session import RecordingSession
from callvault.spool.entries import CallVerdict, JournalHeader, StreamDescription

Wait = Coroutine[Any, Any, None]


class Node(Protocol):
    """What a dialog needs of the node it lives on."""

    def respond(self, action: Respond) -> None:
        """Answer a request."""

    def bye(self, dialog_id: sip.DialogId, reason: str) -> None:
        """End a dialog."""

    def request_snapshot(self, dialog_id: sip.DialogId, reason: str) -> None:
        """Ask the SRC for all its metadata."""

    def open_journal(self, header: JournalHeader) -> Journal:
        """Create a journal. Raises SpoolError or VaultError."""
        ...

    def report(self, entry: CallVerdict) -> None:
        """Write into the node's event journal."""

    def ports_ran_out(self) -> None:
        """Learn that no port was left."""

    def streams_changed(self, trunk_name: str, streams: Sequence[StreamDescription]) -> None:
        """Learn what media a call of a trunk has now."""

    def stream_ended(self, counters: StreamCounters) -> None:
        """Learn what a stream received and dropped."""

    def go_on_apart(self, dialog_id: sip.DialogId, memory: SessionMemory) -> Wait | None:
        """Record the rest of a call in a session and journal of its own.

        Returns what to wait for before the first journal ends; None: for nothing.
        """

    def key_news(self, journal_id: UUID, news: KeyNews) -> None:
        """Tell operators whether the keys of a stream open what comes."""

    def media_news(self, journal_id: UUID, news: MediaNews) -> None:
        """Tell operators whether anything comes on a stream."""

    async def checkpoint(self, session: RecordingSession) -> None:
        """Put on disk what a restart needs of this call. Raises SpoolError if it is not."""
