"""Calls in live-keep mode that are over and may still be marked (MODE-4).

They are listed for as long as a mark may come, at most so many, and sealed beside the spool's
journals, so that the recorder that comes next knows them, too. A mark is on disk before it is
acknowledged; whoever finishes the journal reads it (`spool.marks`).
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from uuid import UUID

import msgspec
from msgspec.structs import replace

from callvault.clock import Instant
from callvault.errors import SpoolError
from callvault.monitoring.live_calls import EndedCall, EndedCalls
from callvault.policy.wishes import Mark
from callvault.recorder.checkpoint import CheckpointDamaged, open_sealed, seal
from callvault.recorder.files import replace_file
from callvault.recorder.live_calls import ended_call
from callvault.recorder.session import RecordingSession
from callvault.spool import add_marks, journal_path, write_marks

logger = logging.getLogger(__name__)

MOST_CALLS = 10_000
"""Beyond that the eldest are no longer listed, and become what is the default."""
SUFFIX = ".ended"
MOST_BYTES = 262_144
_INFO = b"callvault ended call"


class JustEnded:
    """The calls that are over and wait for a mark. Lives on the recorder's loop."""

    def __init__(
        self,
        spool: Path,
        read_clocks: Callable[[], Instant],
        is_live: Callable[[UUID], bool] = lambda call_id: False,
    ) -> None:
        self._spool = spool
        self._read_clocks = read_clocks
        self._is_live = is_live  # a call of two dialogs is, until both have ended
        self._calls: dict[UUID, EndedCall] = {}
        self._node_key: bytes | None = None  # None: nothing is kept for the next recorder
        self._unsaved: dict[UUID, EndedCall] = {}  # the newest of each is all that counts
        self._saving: asyncio.Future[None] | None = None
        self._marking = asyncio.Lock()

    def resume(self, node_key: bytes) -> int:
        """Know again the calls that the recorder before left; return how many."""
        self._node_key = node_key
        now_ns = self._read_clocks().realtime_ns
        for path in sorted(self._spool.glob(f"*{SUFFIX}"))[:MOST_CALLS]:
            call = _read(path, node_key)
            if call is None or call.until_ns <= now_ns:
                path.unlink(missing_ok=True)
            else:
                self._calls[call.call_id] = call
        return len(self._calls)

    def ended(self, session: RecordingSession) -> None:
        """Learn that a dialog is over: its call is listed, unless no mark changes it."""
        call, decision = ended_call(session, self._read_clocks()), session.decision
        if call is not None:
            self.add(call)
        elif decision is not None and decision.assignments:  # kept while it went on
            self._forget(session.learning.call_id)

    def add(self, call: EndedCall) -> None:
        """List a call that has just ended; of two dialogs, the mark of either stays."""
        before = self._calls.pop(call.call_id, None)
        call = call if before is None else _with_marks(call, before)
        self._calls[call.call_id] = call
        if len(self._calls) > MOST_CALLS:
            eldest = next(iter(self._calls))
            logger.warning("rs=%s can no longer be marked: too many wait", eldest)
            self._forget(eldest)
        self._save(call)

    def look(self) -> None:
        """Forget those that are marked no more. Once a second."""
        now_ns = self._read_clocks().realtime_ns
        for call_id in [one for one, call in self._calls.items() if call.until_ns <= now_ns]:
            self._forget(call_id)

    def listed(self, *, most: int = MOST_CALLS) -> EndedCalls:
        """Return them, those that ended last in front."""
        now_ns = self._read_clocks().realtime_ns
        calls = [
            one
            for one in self._calls.values()
            if one.until_ns > now_ns and not self._is_live(one.call_id)
        ]
        calls.sort(key=lambda one: -one.ended_at_ns)
        return EndedCalls(now_ns, tuple(calls[:most]), left_off=max(len(calls) - most, 0))

    def latest_of(self, owner_id: UUID) -> EndedCall | None:
        """Return the call of a user that ended last."""
        owned = (
            one for one in self.listed().calls if owner_id in {who.user_id for who in one.owners}
        )
        return next(owned, None)

    async def mark(self, call_id: UUID, owners: Iterable[UUID] | None, mark: Mark) -> bool:
        """Mark a call for these of its users, or all; on disk when this returns.

        False: none of them can be marked so; what is kept stays kept. Raises KeyError for a call
        that is not listed, or no more, and SpoolError.
        """
        async with self._marking:
            call = self._calls[call_id]
            if self._read_clocks().realtime_ns >= call.until_ns:
                raise KeyError(call_id)
            wanted = None if owners is None else set(owners)
            concerned = [
                one.user_id
                for one in call.owners
                if (wanted is None or one.user_id in wanted)
                and (mark is Mark.KEPT or one.mark != Mark.KEPT)
            ]
            if not concerned:
                return False
            marked = tuple(
                replace(one, mark=mark.value) if one.user_id in concerned else one
                for one in call.owners
            )
            marks = {one.user_id: Mark(one.mark) for one in marked if one.mark}
            await asyncio.to_thread(self._write, call, marks)
            self._calls[call_id] = replace(call, owners=marked)
            self._save(self._calls[call_id])
            logger.info("rs=%s marked=%s after its end", call_id, mark)
            return True

    async def close(self) -> None:
        """Wait for what is being written."""
        if self._saving is not None:
            await self._saving

    async def mark_earlier(self, earlier: Iterable[UUID], marks: Mapping[UUID, Mark]) -> None:
        """Mark the parts that were recorded before of a call that grew too long. Raises SpoolError.

        They wait for the end of the call, so that what is said late of it is said of all.
        """
        async with self._marking:
            await asyncio.to_thread(self._add, tuple(earlier), marks)

    def _write(self, call: EndedCall, marks: dict[UUID, Mark]) -> None:
        journal = journal_path(self._spool, call.call_id)
        if not journal.exists():
            raise SpoolError("the call is finished already")
        write_marks(journal, marks)
        self._add(call.earlier, marks)

    def _add(self, earlier: tuple[UUID, ...], marks: Mapping[UUID, Mark]) -> None:
        for journal_id in earlier:
            add_marks(journal_path(self._spool, journal_id), marks)

    def _forget(self, call_id: UUID) -> None:
        self._calls.pop(call_id, None)
        self._unsaved.pop(call_id, None)
        self._path(call_id).unlink(missing_ok=True)

    def _save(self, call: EndedCall) -> None:
        """Have it written down, soon, and no older one after it."""
        if self._node_key is None:
            return
        self._unsaved[call.call_id] = call
        if self._saving is None or self._saving.done():
            self._saving = asyncio.ensure_future(self._write_unsaved(self._node_key))

    async def _write_unsaved(self, node_key: bytes) -> None:
        """Write in a thread, one after the other: a disk that stalls must not keep SIP waiting."""
        while self._unsaved:
            call_id = next(iter(self._unsaved))
            await asyncio.to_thread(self._write_down, self._unsaved.pop(call_id), node_key)
            if call_id not in self._calls:  # it was forgotten meanwhile
                self._path(call_id).unlink(missing_ok=True)

    def _write_down(self, call: EndedCall, node_key: bytes) -> None:
        content = seal(msgspec.msgpack.encode(call), call.call_id, node_key, info=_INFO)
        try:
            replace_file(self._path(call.call_id), content, durable=True, mode=0o600)
        except OSError as error:
            logger.warning("rs=%s is not kept for a restart: %s", call.call_id, error)

    def _path(self, call_id: UUID) -> Path:
        return self._spool / f"{call_id.hex}{SUFFIX}"


def _with_marks(call: EndedCall, before: EndedCall) -> EndedCall:
    """Return a call with what was said of it before; to keep outweighs to drop."""
    marks = {one.user_id: one.mark for one in before.owners if one.mark}
    owners = tuple(
        replace(one, mark=marks[one.user_id])
        if one.mark != Mark.KEPT and one.user_id in marks
        else one
        for one in call.owners
    )
    return replace(call, owners=owners)


def _read(path: Path, node_key: bytes) -> EndedCall | None:
    """Return the call in a file; None: it is none of ours, or of another version."""
    try:
        journal_id = UUID(hex=path.stem)
        with path.open("rb") as file:
            content = file.read(MOST_BYTES)
        payload = open_sealed(content, journal_id, node_key, info=_INFO)
        call = msgspec.msgpack.decode(payload, type=EndedCall)
    except (OSError, ValueError, CheckpointDamaged, msgspec.DecodeError) as error:
        logger.warning("%s cannot be read: %s", path.name, error)
        return None
    return call if call.call_id == journal_id else None
