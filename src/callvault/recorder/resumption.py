"""Goes on with the calls that were in progress when the recorder before this one ended.

Each call gets a new journal that continues the old one; ports, dialog and pause are as they were.
A call that cannot go on is told of and ended; it never stops the start.
"""

import logging
from collections.abc import Callable
from typing import Protocol
from uuid import UUID

from callvault import sip
from callvault.errors import CallvaultError
from callvault.recorder.checkpoint import Checkpoint, CheckpointDamaged
from callvault.recorder.checkpoint_files import CheckpointFiles
from callvault.recorder.facts import header_of_dialog
from callvault.recorder.memory import SessionMemory
from callvault.spool import continuation_of
from callvault.spool.entries import JournalHeader

logger = logging.getLogger(__name__)


class Resumer(Protocol):
    """The recorder, as far as going on with calls needs it."""

    def go_on(
        self,
        dialog: sip.SavedDialog,
        memory: SessionMemory,
        header: JournalHeader,
        *,
        may_go_on: Callable[[], bool],
    ) -> None:
        """Take a call up again. Raises CallvaultError, after ending the dialog, if it cannot.

        `may_go_on` is asked once the new journal is there.
        """

    def call_not_continued(self, journal_id: UUID, problem: str) -> None:
        """Tell operators of a call that ends here."""


def go_on_with_calls(
    recorder: Resumer,
    files: CheckpointFiles,
    *,
    node: str,
    opened_at_ns: int,
    last_piece: Callable[[UUID], UUID],
) -> int:
    """Take up each call that has a checkpoint; return how many go on.

    `last_piece` finds the last journal of a chain: a start before this one may have died half-way.
    """
    latest: dict[tuple[str, str, str], Checkpoint] = {}
    for found in files.read():
        if not isinstance(found, Checkpoint):
            _give_up(recorder, files, *found)
            continue
        dialog = found.dialog.call_id, found.dialog.local_tag, found.dialog.remote_tag
        # A call that was being split has two: the first part is whole but for its last block.
        first, last = sorted((latest.get(dialog, found), found), key=_answered_at_ns)
        latest[dialog] = last
        if first is not last:
            files.remove(first.journal_id)
    return sum(
        _go_on(recorder, files, one, node, opened_at_ns, last_piece) for one in latest.values()
    )


def _answered_at_ns(checkpoint: Checkpoint) -> int:
    return checkpoint.session.answered_at_ns


def _go_on(
    recorder: Resumer,
    files: CheckpointFiles,
    found: Checkpoint,
    node: str,
    opened_at_ns: int,
    last_piece: Callable[[UUID], UUID],
) -> bool:

    def still_there() -> bool:
        return files.exists(found.journal_id)

    header = _header(found, last_piece(found.journal_id), node, opened_at_ns)
    # Updates may have come while nobody was there to take them.
    found.session.parties.wish_snapshot("the recording server was restarted")
    try:
        recorder.go_on(found.dialog, found.session, header, may_go_on=still_there)
    except CallvaultError as error:
        _give_up(recorder, files, found.journal_id, error)
        return False
    files.remove(found.journal_id)  # after the new one, which `go_on` put
    return True


def _give_up(
    recorder: Resumer,
    files: CheckpointFiles,
    journal_id: UUID,
    error: CallvaultError | CheckpointDamaged,
) -> None:
    """Let finalise finish the journal as it is."""
    logger.warning("rs=%s does not go on: %s", journal_id, error)
    recorder.call_not_continued(journal_id, str(error))
    files.remove(journal_id)


def _header(found: Checkpoint, last: UUID, node: str, opened_at_ns: int) -> JournalHeader:
    return header_of_dialog(
        found.dialog,
        found.session,
        journal_id=continuation_of(last),
        node=node,
        opened_at_ns=opened_at_ns,
        continues=last,
    )
