"""One live dialog: its session, its journal, its ports. Carries out what the session decides."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from callvault import sip
from callvault.capture import Journal, Stream, StreamCounters, came
from callvault.clock import Instant
from callvault.errors import (
    CallvaultError,
    CaptureError,
    PortsExhausted,
    ProtocolError,
    SpoolError,
)
from callvault.policy.decision import Capturing
from callvault.recorder.actions import (
    Action,
    Append,
    CaptureAs,
    CloseJournal,
    CloseStreams,
    GoOn,
    Input,
    MediaChecked,
    OpenJournal,
    OpenStreams,
    PauseCapture,
    PauseRequested,
    ReopenStreams,
    Report,
    Respond,
    ResumeCapture,
    ResumeRequested,
    SendBye,
    StreamsOpened,
    StreamsRefused,
)
from callvault.recorder.call_keypad import CallKeypad
from callvault.recorder.dialog_node import Node, Wait
from callvault.recorder.key_check import KeyNews
from callvault.recorder.live_keys import LiveKeys
from callvault.recorder.memory import SessionMemory
from callvault.recorder.no_media import NoMediaWatch
from callvault.recorder.prompts import Prompter
from callvault.recorder.reception import report_reception
from callvault.recorder.requests import WishRequested
from callvault.recorder.session import RecordingSession
from callvault.spool.entries import (
    Event,
    JournalHeader,
    MediaKeys,
    StreamsChanged,
    TimelineEvent,
    encode_entry,
)

logger = logging.getLogger(__name__)

ANYWHERE = ("0.0.0.0/0", "::/0")
"""Media networks of a trunk that names none."""


class LiveDialog:
    """Joins one recording session to capture and signalling."""

    def __init__(
        self, session: RecordingSession, node: Node, *, read_clocks: Callable[[], Instant]
    ) -> None:
        self.session = session
        self._node = node
        self._read_clocks = read_clocks
        self._journal: Journal | None = None
        self._streams: dict[int, Stream] = {}
        self.keys = LiveKeys(self._streams, self._key_news)
        self.no_media = NoMediaWatch()
        self.prompter = Prompter()
        self.keypad = CallKeypad(self.keys.contexts)
        self._packets_closed = 0  # of streams that are closed already
        self._packets_kept = 0  # of those
        self._pausing = asyncio.Lock()
        self._turns: set[asyncio.Future[None]] = set()  # pauses on their way to the disk, and ends

    def feed(self, event: sip.Event | Input) -> None:
        """Let the session take an event and do what it decides.

        Raises ProtocolError for an event out of place, before anything was done.
        """
        now = self._read_clocks()
        self._perform_all(self.session.receive(event, now=now))
        if isinstance(event, sip.InfoReceived):
            self.keypad.hear_info(event.request, now.realtime_ns)
        self._follow_pause()
        reason = self.session.snapshot_wish()
        if reason and self.session.dialog_id is not None:
            self._node.request_snapshot(self.session.dialog_id, reason)

    def _perform_all(self, actions: Sequence[Action]) -> None:
        """Perform actions in order; those behind a pause once the pause is on disk.

        So waits the end of a pause that is not on disk yet: its entry must not stand before it.
        """
        for number, action in enumerate(actions):
            rest = actions[number + 1 :]
            if isinstance(action, PauseCapture) and self._journal is not None:
                self._journal.pause()  # at once: no packet after the message is kept
                self._in_turn(self._acknowledge_pause(action.entry, rest))
                return
            if isinstance(action, GoOn):
                self._hand_over(action.memory, rest)
                return
            if isinstance(action, ResumeCapture) and self._turns:
                self._in_turn(self._acknowledge_resumption(action.entry, rest))
                return
            if isinstance(action, ResumeCapture):
                self._go_on_capturing(action.entry)
            else:
                self._perform(action)

    def _hand_over(self, memory: SessionMemory, rest: Sequence[Action]) -> None:
        """Have the rest of the call begin; end this part once a restart would find that one."""

        async def wait_and_end(found: Wait) -> None:
            await found
            self._perform_rest(rest)

        dialog_id = self.session.dialog_id
        waits = self._node.go_on_apart(dialog_id, memory) if dialog_id is not None else None
        if waits is None:
            self._perform_all(rest)
        else:
            self._in_turn(wait_and_end(waits))

    def _in_turn(self, step: Coroutine[Any, Any, None]) -> None:
        """Take a step when those before it are done."""

        async def wait_and_take() -> None:
            if before:
                await asyncio.wait(before)
            await step

        before = set(self._turns)
        task = asyncio.ensure_future(wait_and_take())
        self._turns.add(task)
        task.add_done_callback(self._turns.discard)

    async def _acknowledge_pause(self, entry: TimelineEvent, rest: Sequence[Action]) -> None:
        """Bring a pause to disk, then do what waits for it; without the disk it is one, too."""
        async with self._pausing:
            try:
                await asyncio.to_thread(self._pause, entry)
                await self._node.checkpoint(self.session)
            except SpoolError as error:
                logger.error("rs=%s pause is not on disk: %s", self.session.journal_id, error)
        self._perform_rest(rest)

    async def _acknowledge_resumption(self, entry: TimelineEvent, rest: Sequence[Action]) -> None:
        self._go_on_capturing(entry)
        self._perform_rest(rest)

    def _perform_rest(self, rest: Sequence[Action]) -> None:
        try:
            self._perform_all(rest)
        except ProtocolError as error:  # the dialog ended meanwhile
            logger.info("rs=%s %s", self.session.journal_id, error)

    def go_on(
        self,
        memory: SessionMemory,
        header: JournalHeader,
        dialog_id: sip.DialogId,
        *,
        may_go_on: Callable[[], bool],
    ) -> None:
        """Go on with a call after a restart; raises CallvaultError and leaves nothing open.

        `may_go_on` is asked when the new journal is there: a worker that took the old one by then
        did not see it.
        """
        self.no_media.go_on(
            memory.negotiation.ports,
            for_ns=self._read_clocks().realtime_ns - memory.answered_at_ns,
        )
        try:
            for action in self.session.go_on(memory, header, dialog_id, now=self._read_clocks()):
                self._perform(action)
            if not may_go_on():
                raise SpoolError("its journal is being finished already")
        except CallvaultError:
            self._close_journal(keep=False)
            raise

    def heard(self) -> dict[int, StreamCounters]:
        """Return what each open stream has received. For any thread."""
        return {index: stream.counters() for index, stream in list(self._streams.items())}

    def streams(self) -> dict[int, Stream]:
        """Return the streams that are open. For any thread."""
        return dict(self._streams)

    @property
    def packets(self) -> int:
        """How many packets have come on all streams, those dropped in a pause included."""
        return self._packets_closed + sum(map(_heard, self._streams.values()))

    def check_media(self, of_twin: int = 0) -> None:
        """Tell the session how much media has come, and the journal what was announced.

        `of_twin`: what has come of the call's other voice, which is elsewhere.
        """
        self._tell_announced()
        counters = self.heard().values()
        speech_ns = max((one.last_speech_ns for one in counters), default=0)
        self.feed(MediaChecked(self.packets + of_twin, speech_ns))

    def _tell_announced(self) -> None:
        if told := self.prompter.news():
            now_ns = self._read_clocks().realtime_ns
            self._append(TimelineEvent(now_ns, "announced", streams=told))

    def look_for_media(self) -> None:
        """Put on the timeline, and tell, that nothing comes on a stream; or that it does now."""
        now = self._read_clocks()
        if not self.session.is_to_be_heard:
            self.no_media.put_off(now_ns=now.monotonic_ns)
            return
        packets = {index: _heard(stream) for index, stream in self._streams.items()}
        for news in self.no_media.look(packets, now_ns=now.monotonic_ns):
            self._append(TimelineEvent(now.realtime_ns, news.kind, streams=(news.stream,)))
            self._node.media_news(self.session.journal_id, news)

    async def pause(self, *, who: str, detail: str = "") -> None:
        """Pause the recording; returns when nothing more is kept and that is on disk.

        Raises SpoolError if it cannot be written; the recording is paused all the same.
        """
        async with self._pausing:
            for action in self.session.receive(
                PauseRequested(who, detail), now=self._read_clocks()
            ):
                if isinstance(action, PauseCapture):
                    await asyncio.to_thread(self._pause, action.entry)
            self._follow_pause()
            await self._node.checkpoint(self.session)

    async def resume(self, *, who: str, detail: str = "") -> None:
        """Go on recording; raises SpoolError, and stays paused, if that cannot be written."""
        async with self._pausing:
            control = self.session.capturing
            asked = control.asked
            for action in self.session.receive(
                ResumeRequested(who, detail), now=self._read_clocks()
            ):
                if isinstance(action, ResumeCapture):
                    try:
                        await asyncio.to_thread(self._resume, action.entry)
                    except SpoolError:
                        control.by_request, control.asked = True, asked
                        raise
                    if self._journal is not None and not control.takes_in:
                        self._journal.pause()  # somebody wanted it while the disk was waited for
                else:
                    self._perform(action)
            self._follow_pause()
            await self._node.checkpoint(self.session)

    def confirm(self, tones: int) -> None:
        """Let who calls hear what came of a command: so many tones, if they hear us."""
        self.prompter.confirm(tones)

    def _follow_pause(self) -> None:
        """Have no tone come as long as nothing is recorded: it says that something is."""
        self.prompter.follow(is_silent=not self.session.capturing.takes_in)

    async def ask(self, request: WishRequested) -> None:
        """Do what somebody asks for of the call; returns when that is on disk.

        Raises SpoolError if it cannot be written; it is done all the same.
        """
        async with self._pausing:
            actions = self.session.receive(request, now=self._read_clocks())
            for action in actions[:-1]:
                self._perform(action)
            if actions and isinstance(last := actions[-1], Append) and self._journal is not None:
                # What stands before it is on disk with it.
                await asyncio.to_thread(self._journal.append_durably, encode_entry(last.entry))
            self._follow_pause()
            await self._node.checkpoint(self.session)

    def _perform(self, action: Action) -> None:
        match action:
            case Append():
                self._append(action.entry)
            case Respond():
                self._node.respond(action)
            case OpenStreams():
                self.feed(self._open_streams(action))
            case ReopenStreams():
                self._reopen_streams(action)
            case CloseStreams():
                self._close_streams(action.indexes)
            case OpenJournal() | CaptureAs() | CloseJournal():
                self._see_to_journal(action)
            case SendBye() if self.session.dialog_id is not None:
                self._node.bye(self.session.dialog_id, action.reason)
            case Report():
                self._node.report(action.entry)

    def _see_to_journal(self, action: OpenJournal | CaptureAs | CloseJournal) -> None:
        match action:
            case OpenJournal():
                self._open_journal(action)
            case CaptureAs():
                self._capture_as(action.capturing)
            case CloseJournal():
                self._close_journal(keep=action.keep)

    def _open_journal(self, action: OpenJournal) -> None:
        """Create the journal; a failure shows when ports are asked for."""
        try:
            self._journal = self._node.open_journal(action.header)
            if not action.captures:
                self._journal.pause()
            if action.holds:
                self._journal.hold()
        except CallvaultError as error:
            logger.error("rs=%s journal cannot be opened: %s", self.session.journal_id, error)

    def _append(self, entry: Event) -> None:
        """Write an entry. An entry that is lost must not cost the call."""
        if isinstance(entry, MediaKeys):
            self.keys.watch(entry.streams)
        if self._journal is None:
            return
        try:
            self._journal.append(encode_entry(entry))
        except SpoolError as error:
            logger.error("rs=%s entry cannot be written: %s", self.session.journal_id, error)
        if isinstance(entry, StreamsChanged):
            self._node.streams_changed(self.session.trunk_name, entry.streams)
            report_reception(self._streams, entry.streams)
            learning = self.session.learning
            lines, prompts = self.session.spoken()
            self.prompter.change(self._streams, lines, prompts, learning.own_sounds())
            rules = learning.dial_in_rules()
            self.keypad.change(self._streams, entry.streams, rules.keypad if rules else None)
            self.no_media.change(entry.streams, now_ns=self._read_clocks().monotonic_ns)

    def _go_on_capturing(self, entry: TimelineEvent) -> None:
        """Keep what arrives again. The entry stands before it in the journal: no need to wait."""
        self._append(entry)
        if self._journal is not None and self.session.capturing.takes_in:
            self._journal.resume()

    def _capture_as(self, capturing: Capturing) -> None:
        """Keep, hold or drop what is held and what comes; in a pause what comes is dropped."""
        if self._journal is None:
            return
        try:
            dropped = 0
            if capturing is Capturing.NOTHING:
                self._journal.pause()
                self._journal.drop_held()
            elif capturing is Capturing.HOLD:
                self._journal.hold()
            else:
                dropped = self._journal.keep_held()
            if self.session.capturing.takes_in:
                self._journal.resume()
        except SpoolError as error:
            logger.error("rs=%s cannot be captured: %s", self.session.journal_id, error)
        else:
            logger.info("rs=%s media=%s dropped=%d", self.session.journal_id, capturing, dropped)

    def _open_streams(self, action: OpenStreams) -> StreamsOpened | StreamsRefused:
        """Open all the streams or none."""
        if self._journal is None:
            return StreamsRefused("spool")
        opened: dict[int, Stream] = {}
        try:
            for index in action.indexes:
                opened[index] = self._journal.open_stream(
                    index, allow=action.media_networks or ANYWHERE
                )
        except CaptureError as error:
            logger.error("rs=%s port cannot be opened: %s", self.session.journal_id, error)
            for stream in opened.values():
                stream.close()
            if isinstance(error, PortsExhausted):
                self._node.ports_ran_out()
            return StreamsRefused("ports")
        self._streams |= opened
        return StreamsOpened({index: stream.rtp_port for index, stream in opened.items()})

    def _reopen_streams(self, action: ReopenStreams) -> None:
        """Bind the ports that the SRC sends to. Raises CaptureError, SpoolError without journal."""
        if self._journal is None:
            raise SpoolError("journal cannot be opened")
        for index, rtp_port in action.ports.items():
            self._streams[index] = self._journal.open_stream(
                index, allow=action.media_networks or ANYWHERE, rtp_port=rtp_port
            )
            self.keys.opened(index)

    def _close_streams(self, indexes: tuple[int, ...]) -> None:
        self._tell_announced()
        for index in indexes:
            stream = self._streams.pop(index, None)
            if stream is not None:
                stream.close()
                self._note_end_of(index, stream)

    def _close_journal(self, *, keep: bool) -> None:
        """End the journal, or take it away if it was opened for a call that never began."""
        if keep and self._journal is not None:
            self._close_streams(tuple(self._streams))  # what they dropped is written, too
        journal, self._journal = self._journal, None
        self._streams.clear()
        if journal is None:
            return
        if keep:
            journal.close_soon()
            logger.info("rs=%s captured packets=%d", self.session.journal_id, self._packets_kept)
            logger.info("rs=%s spooled", self.session.journal_id)
        else:
            journal.discard()

    def _note_end_of(self, index: int, stream: Stream) -> None:
        """Keep what an ended stream counted."""
        counters = stream.counters()
        if counters.dropped_sources:
            now_ns, dropped = self._read_clocks().realtime_ns, str(counters.dropped_sources)
            self._append(TimelineEvent(now_ns, "sources", detail=dropped, streams=(index,)))
        self._packets_closed += came(counters)
        self._packets_kept += counters.packets
        self._node.stream_ended(counters)

    def _key_news(self, news: KeyNews) -> None:
        """Put it on the timeline; recording goes on."""
        at_ns = self._read_clocks().realtime_ns
        self._append(TimelineEvent(at_ns, news.kind, streams=(news.stream,)))
        self._node.key_news(self.session.journal_id, news)

    def _pause(self, entry: Event) -> None:
        """Drop first, write then: no packet after the wish is kept. Waits for the disk."""
        if self._journal is not None:
            self._journal.pause()
            self._journal.append_durably(encode_entry(entry))

    def _resume(self, entry: Event) -> None:
        """Write first, keep then, unless a pause came meanwhile. Waits for the disk."""
        if self._journal is not None:
            self._journal.append_durably(encode_entry(entry))
            if self.session.capturing.takes_in:
                self._journal.resume()


def _heard(stream: Stream) -> int:
    """Packets that came, kept or dropped: either way the peer is alive."""
    return came(stream.counters())
