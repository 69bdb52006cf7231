"""The recorder of one node: joins SIP agent, capture, policy and the sessions on one event loop.

A fault in one session never touches another: each event is handled under a guard of its own, and
a session that fails goes on recording what it has.
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from ipaddress import ip_address
from uuid import UUID

from callvault import clock, sip
from callvault.capture import Alarm, Journal, Receiver, StreamCounters
from callvault.clock import Instant
from callvault.config.sections import Config
from callvault.cucm import Place
from callvault.errors import ProtocolError
from callvault.ids import new_id
from callvault.policy.snapshot import Trunk
from callvault.recorder.actions import EndRequested, Respond
from callvault.recorder.capacity import Capacity
from callvault.recorder.checkpoint_files import CheckpointFiles
from callvault.recorder.continuing import Continuing
from callvault.recorder.cucm_calls import CucmCalls, journal_of, legs_in
from callvault.recorder.dialog import LiveDialog
from callvault.recorder.dialog_node import Wait
from callvault.recorder.disk_watch import DiskWatch
from callvault.recorder.draining import DrainOrder
from callvault.recorder.facts import TurnedAway, warning
from callvault.recorder.figures import RecorderFigures, Tally
from callvault.recorder.gatekeeper import Gatekeeper, Severity
from callvault.recorder.intake import Intake
from callvault.recorder.journals import JournalOpener, NodeJournal
from callvault.recorder.judge import PolicyInForce
from callvault.recorder.just_ended import JustEnded
from callvault.recorder.key_check import KeyNews
from callvault.recorder.memory import SessionMemory
from callvault.recorder.no_media import MediaNews
from callvault.recorder.pilot_calls import PilotCalls
from callvault.recorder.policy_source import PolicySource
from callvault.recorder.room import Room
from callvault.recorder.session import RecordingSession
from callvault.recorder.setting import SessionSetting
from callvault.recorder.states import State
from callvault.sip.probe import ProbeKey
from callvault.sip.pump import Pump
from callvault.sip.sockets import routed_address
from callvault.spool import journal_path
from callvault.spool.entries import CallVerdict, JournalHeader, StreamDescription

logger = logging.getLogger(__name__)

MEDIA_CHECK_SLICES = 5
"""Media of each call is looked at once in so many seconds, a slice of the calls each second."""

_ALARM_SEVERITY: dict[str, Severity] = {
    "sync_recovered": "info",
    "write_recovered": "info",
    "buffer_small": "warning",
    "kernel_drops": "warning",
}
_CHANGES = (sip.InviteReceived, sip.ReinviteReceived, sip.UpdateReceived, sip.AckReceived)
"""Events after which a restart needs to know more of a call, or less."""


class Recorder:
    """Answers recording sessions and journals them. Lives on one event loop."""

    pilot_calls: PilotCalls | None = None
    """Takes calls to the live-keep pilot."""

    def __init__(
        self,
        config: Config,
        receiver: Receiver,
        opener: JournalOpener,
        policy: PolicySource,
        *,
        probe_key: ProbeKey | None = None,
        read_clocks: Callable[[], Instant] = clock.read,
        has_codecs: bool = False,
    ) -> None:
        self._has_codecs = has_codecs
        self._config = config
        self._receiver = receiver
        self._opener = opener
        self._policy = policy
        self._read_clocks = read_clocks
        self._own_address = sip.OwnAddress.of(
            config.sip.advertised_address, config.sip.advertised_address_ipv6
        )
        self.room = Room(config.spool.min_free_bytes, config.spool.call_reserve_minutes * 60)
        self._disk = DiskWatch(config.spool.folder, self.room)
        self._tally = Tally()
        self.capacity = Capacity(config.capacity, receiver.stats().open_file_limit)
        self.node_journal = NodeJournal(opener, config.node.name, new_id)
        self.gate = Gatekeeper(
            policy, self.node_journal, self._tally, read_clocks, probe_key=probe_key
        )
        self.agent = sip.UserAgentServer(
            sip.AgentSettings(
                own_address=self._own_address,
                answers_strangers=config.sip.answer_strangers == "403",
                min_session_expires_s=config.sip.min_session_expires_s,
            ),
            admits=self.gate.admits,
            credentials=self.gate.credentials,
            vouches=self.gate.vouches,
        )
        self.dialogs: dict[sip.DialogId, LiveDialog] = {}
        self._intake = Intake(self.room, self.capacity, policy, self.dialogs, self.note)
        folder = config.spool.folder
        self.just_ended = JustEnded(folder, read_clocks, self._has_living_legs)
        self._pump: Pump[sip.Event] | None = None
        self._slice = 0
        self._cucm = CucmCalls(
            self.note, self._end_outlived, lambda one: journal_path(folder, one).exists()
        )
        self._continuing = Continuing(
            self, node=config.node.name, spool=folder, read_clocks=read_clocks
        )

    @property
    def calls_in_progress(self) -> int:
        """How many dialogs live."""
        return len(self.dialogs)

    @property
    def policy_in_force(self) -> PolicyInForce:
        """The newest policy that could be had."""
        return self._policy.in_force

    def count_elsewhere(self, recordings: Callable[[], int]) -> None:
        """Count, for the system's capacity, what other nodes record."""
        self._intake.channels.elsewhere = recordings

    def read_clocks(self) -> Instant:
        """Return what time it is."""
        return self._read_clocks()

    def find(self, journal_id: UUID) -> LiveDialog | None:
        """Return the live dialog that writes this journal."""
        found = (one for one in self.dialogs.values() if one.session.journal_id == journal_id)
        return next(found, None)

    def legs_of(self, journal_id: UUID) -> list[LiveDialog]:
        """Return the dialogs that record one call: one, or the two legs of CUCM's."""
        wanted = self._cucm.legs_of(journal_id)
        return [one for one in self.dialogs.values() if one.session.journal_id in wanted]

    def _has_living_legs(self, call_id: UUID) -> bool:
        return bool(self._cucm.living(call_id))

    def attach(self, pump: Pump[sip.Event]) -> None:
        """Use this pump for what the recorder itself wants to send."""
        self._pump = pump

    # --- across a restart

    def resume(self, checkpoints: CheckpointFiles) -> int:
        """Go on with the calls that have checkpoints there, and keep those of all calls there.

        Before SIP is bound, so that no request finds its dialog missing. Returns how many go on.
        """
        self.just_ended.resume(checkpoints.node_key)
        return self._continuing.resume(checkpoints)

    def restore(self, dialog: sip.SavedDialog) -> sip.DialogId:
        """Have the agent know a dialog again (continuing.Continued)."""
        return self.agent.restore(dialog, now=self._now())

    def new_dialog(self, journal_id: UUID, memory: SessionMemory) -> LiveDialog:
        """Return a dialog with a session that has not begun (continuing.Continued)."""
        address = memory.negotiation.address
        setting = self._setting(journal_id, memory.trunk, address, place=memory.place)
        return LiveDialog(RecordingSession(setting), self, read_clocks=self._read_clocks)

    def rest_of(self, session: RecordingSession) -> tuple[UUID, Place | None]:
        """Return what follows a session that is split (continuing.Continued)."""
        return self._cucm.rest_of(session)

    def goes_on(self, session: RecordingSession) -> None:
        """Learn that a session has gone on with a call (continuing.Continued)."""
        self._cucm.began(session, now_s=self._now(), is_told=True)

    def call_not_continued(self, journal_id: UUID, problem: str) -> None:
        """Tell operators of a call that a restart ended (continuing.Continued)."""
        self.note("call_not_continued", "error", journal=str(journal_id), problem=problem)

    def go_on_apart(self, dialog_id: sip.DialogId, memory: SessionMemory) -> Wait | None:
        """Give the rest of an overlong call a session of its own (dialog.Node)."""
        return self._continuing.go_on_apart(dialog_id, memory)

    async def checkpoint(self, session: RecordingSession) -> None:
        """Put on disk what a restart needs of this call (dialog.Node)."""
        await self._continuing.save_durably(session)

    # --- what the agent reports

    def take_events(self, events: Sequence[sip.Event]) -> None:
        """Handle what the agent reports; for `Pump(on_events=…)`."""
        for event in events:
            self._take(event)

    def _take(self, event: sip.Event) -> None:
        match event:
            case sip.InviteReceived():
                self._begin(event)
            case sip.StrangerHeard():
                self.gate.stranger_heard(event)
            case sip.CredentialsRefused():
                self.gate.credentials_refused(event)
            case sip.RequestRefused():
                self.gate.request_refused(event)
            case sip.OptionsReceived():
                self.gate.heard(event.flow)
            case _:
                self._feed(event.dialog_id, event)

    def _begin(self, event: sip.InviteReceived) -> None:
        """Give a new dialog its session."""
        trunk = self.gate.trunk_of(event.flow)
        if trunk is None:  # it was taken away since the agent asked
            self.respond(Respond(event.request_id, 403))
            return
        self._tally.invites[trunk.name] += 1
        self.gate.heard(event.flow)
        address = self._own_address.towards(event.flow.local[0])
        if problem := self.gate.problem_of(event.request, trunk):
            why = TurnedAway(403, "offer", problem)
            self.gate.turned_away(event.request, event.flow, trunk, why)
            self.respond(Respond(event.request_id, 403, (warning(address, problem),)))
            return
        if self.pilot_calls and self.pilot_calls.begins(event, trunk, address):
            return
        place = self._cucm.place(event.request, trunk, now_s=self._now())
        refusal = self._intake.refusal_of(trunk, place, now_s=self._now())
        journal_id = journal_of(place) if place is not None else new_id()
        setting = self._setting(journal_id, trunk, address, refusal=refusal, place=place)
        session = RecordingSession(
            self._cucm.as_asked_before(setting, self.find, now_s=self._now())
        )
        self.dialogs[event.dialog_id] = LiveDialog(session, self, read_clocks=self._read_clocks)
        self._feed(event.dialog_id, event)
        self._cucm.began(session, now_s=self._now())
        if session.state is State.ENDING and self.pilot_calls:
            self.pilot_calls.not_taken(event.request)
        self._show_room()

    def _setting(
        self,
        journal_id: UUID,
        trunk: Trunk,
        address: str,
        *,
        refusal: str = "",
        place: Place | None = None,
    ) -> SessionSetting:
        return SessionSetting(
            journal_id=journal_id,
            node=self._config.node.name,
            trunk=trunk,
            address=address,
            media_timeout_s=self._config.sip.media_timeout_s,
            max_call_s=self._config.sip.max_call_s,
            calls_in_progress=self.calls_in_progress,
            refusal=refusal,
            policy_in_force=lambda: self._policy.in_force,
            new_id=new_id,
            own_address=self._own_address_towards,
            has_codecs=self._has_codecs,
            place=place,
        )

    def _own_address_towards(self, peer: str) -> str:
        """Return the address that media of a peer can reach us by; empty where there is none."""
        bound = self._config.capture.bind_address
        if bound != "::" and (":" in bound) != (":" in peer):
            return ""
        local = routed_address(peer)
        is_lost = ip_address(local).is_loopback and not ip_address(peer).is_loopback
        return "" if is_lost else self._own_address.towards(local)

    def _feed(self, dialog_id: sip.DialogId, event: sip.Event) -> None:
        """Hand an event to its session, under a guard."""
        dialog = self.dialogs.get(dialog_id)
        if dialog is None:
            if self.pilot_calls:
                self.pilot_calls.feed(dialog_id, event)
            return
        try:
            dialog.feed(event)
        except ProtocolError as error:
            logger.warning("rs=%s %s", dialog.session.journal_id, error)
        except Exception:
            logger.exception("rs=%s event could not be handled", dialog.session.journal_id)
            self._apologise(event)
        if isinstance(event, sip.DialogEnded):
            del self.dialogs[dialog_id]
            self._show_room()
            self._continuing.forget(dialog.session.journal_id)
            self._cucm.ended(dialog.session, now_s=self._now())
            self.just_ended.ended(dialog.session)
            self._intake.ended(dialog.session)
        elif isinstance(event, _CHANGES):
            self._continuing.save(dialog.session)

    def _apologise(self, event: sip.Event) -> None:
        """Answer a request that failed inside, so that its peer does not wait."""
        if isinstance(event, sip.InviteReceived | sip.ReinviteReceived | sip.UpdateReceived):
            self.respond(Respond(event.request_id, 500))

    # --- what dialogs want (dialog.Node)

    def respond(self, action: Respond) -> None:
        """Answer a request."""
        self.agent.respond(
            action.request_id,
            action.status,
            headers=action.headers,
            content_type="application/sdp" if action.body else "",
            body=action.body,
            now=self._now(),
        )

    def bye(self, dialog_id: sip.DialogId, reason: str) -> None:
        """End a dialog."""
        self.agent.bye(dialog_id, reason=reason, now=self._now())

    def request_snapshot(self, dialog_id: sip.DialogId, reason: str) -> None:
        """Ask the SRC for all its metadata."""
        self.agent.request_snapshot(dialog_id, reason, now=self._now())

    def open_journal(self, header: JournalHeader) -> Journal:
        """Create a journal."""
        return self._opener.open(header)

    def report(self, entry: CallVerdict) -> None:
        """Write a verdict into the node's event journal."""
        self.gate.report(entry)

    def streams_changed(self, trunk_name: str, streams: Sequence[StreamDescription]) -> None:
        """Tell of media that can never come."""
        self.gate.streams_changed(trunk_name, streams)

    def stream_ended(self, counters: StreamCounters) -> None:
        """Count what a stream dropped."""
        self._tally.add_stream(counters)

    def ports_ran_out(self) -> None:
        """Refuse calls until a port is free again."""
        if self.room.ports_ran_out(self._receiver.stats().open_sockets):
            self.note("ports_exhausted", "warning", calls=str(self.calls_in_progress))
        self._show_room()

    def key_news(self, journal_id: UUID, news: KeyNews) -> None:
        """Tell operators whether the keys of a stream open what comes (dialog.Node)."""
        is_wrong = news.kind == "key_wrong"
        found = "nothing" if is_wrong else "what comes"
        level = logging.WARNING if is_wrong else logging.INFO
        logger.log(level, "rs=%s stream=%d its key opens %s", journal_id, news.stream, found)
        severity: Severity = "error" if is_wrong else "info"
        self.note(f"srtp_{news.kind}", severity, journal=str(journal_id), stream=str(news.stream))

    def media_news(self, journal_id: UUID, news: MediaNews) -> None:
        """Tell operators whether anything comes on a stream (dialog.Node)."""
        logger.info("rs=%s stream=%d %s", journal_id, news.stream, news.kind)
        severity: Severity = "warning" if news.kind == "no_media" else "info"
        self.note(news.kind, severity, journal=str(journal_id), stream=str(news.stream))

    # --- what is done each second

    def look_after(self) -> None:
        """Look at disk, ports, alarms of capture and a slice of the calls. Once a second."""
        sockets = self._receiver.stats().open_sockets
        for news in self._disk.look(open_sockets=sockets, calls=self.calls_in_progress):
            self.note(news.kind, news.severity, **news.values)
        self._intake.look()
        self._show_room()
        for alarm in self._receiver.alarms():
            self._note_alarm(alarm)
        self._check_media()
        self._cucm.look(now_s=self._now())
        self._continuing.look_after()
        self.just_ended.look()
        self.flush()

    def follow(self, order: DrainOrder | None) -> None:
        """Take no more calls while there is an order to drain; tell when that changes."""
        if (order is not None) == self.room.is_draining:
            return
        self.room.is_draining = order is not None
        kind = "draining" if order is not None else "drain_undone"
        self.note(kind, calls=str(self.calls_in_progress))
        self._show_room()

    def figures(self, *, policy_age_s: float, loop_lag_s: float) -> RecorderFigures:
        """Return how the recorder is, for those who watch."""
        return RecorderFigures(
            calls=Counter(one.session.trunk_name for one in self.dialogs.values()),
            tally=self._tally,
            stats=self._receiver.stats(),
            disk=self._disk.usage,
            is_disk_filling=self._disk.filling.is_filling,
            reserve_bytes=self.room.reserve_bytes,
            refusal=self._intake.standing,
            is_draining=self.room.is_draining,
            policy_revision=self._policy.in_force.snapshot.revision,
            policy_age_s=policy_age_s,
            loop_lag_s=loop_lag_s,
            max_calls=self.capacity.max_calls,
            max_calls_per_second=self.capacity.config.calls_per_second,
            recordings=self._intake.channels.in_use,
            most_recordings=self._intake.channels.peak,
        )

    def note(self, kind: str, severity: Severity = "info", **values: str) -> None:
        """Write an event of this node that operators must know."""
        self.gate.note(kind, severity, values)

    def stop(self) -> None:
        """Take no more calls, and end those in progress by BYE."""
        self.room.is_stopping = True
        self._show_room()
        for dialog_id in list(self.dialogs):
            self._command(dialog_id, EndRequested("shutdown"))
        self.flush()

    def let_go(self) -> None:
        """Leave all calls as they are, for the recorder that comes next."""
        self.dialogs.clear()

    def abandon(self) -> None:
        """Close the journals of dialogs whose BYE found no answer in time."""
        for dialog_id in list(self.dialogs):
            self._feed(dialog_id, sip.DialogEnded(dialog_id, "bye_sent", 408))

    def _check_media(self) -> None:
        self._slice = (self._slice + 1) % MEDIA_CHECK_SLICES
        legs = legs_in(self.dialogs.values())
        for dialog_id, dialog in list(self.dialogs.items()):
            is_due = dialog_id % MEDIA_CHECK_SLICES == self._slice
            if is_due or dialog.keys.are_unproven:
                self._guarded(dialog, dialog.keys.look)
            if dialog.no_media.is_waiting:
                self._guarded(dialog, dialog.look_for_media)
            if is_due and dialog_id in self.dialogs:
                of_twin = self._cucm.packets_of_twin(dialog, legs)
                self._guarded(dialog, partial(dialog.check_media, of_twin))

    def _end_outlived(self, journal_id: UUID) -> None:
        """End a leg of CUCM's whose other one has ended."""
        for dialog_id, dialog in list(self.dialogs.items()):
            if dialog.session.journal_id == journal_id:
                self._command(dialog_id, EndRequested("other_leg_ended"))

    def _command(self, dialog_id: sip.DialogId, command: EndRequested) -> None:
        dialog = self.dialogs.get(dialog_id)
        if dialog is not None:
            self._guarded(dialog, lambda: dialog.feed(command))

    def _guarded(self, dialog: LiveDialog, act: Callable[[], None]) -> None:
        try:
            act()
        except ProtocolError as error:
            logger.debug("rs=%s %s", dialog.session.journal_id, error)
        except Exception:
            logger.exception("rs=%s could not be looked after", dialog.session.journal_id)

    def _note_alarm(self, alarm: Alarm) -> None:
        journal = {"journal": str(alarm.journal_id)} if alarm.journal_id is not None else {}
        values = {"detail": alarm.detail, **journal}
        self.note(alarm.kind, _ALARM_SEVERITY.get(alarm.kind, "error"), **values)

    def _show_room(self) -> None:
        """Let OPTIONS say 503 while there is no room."""
        self.agent.unavailable = self._intake.standing

    # --- the rest

    def _now(self) -> float:
        return self._pump.now if self._pump is not None else 0.0

    def flush(self) -> None:
        """Send what waits."""
        if self._pump is not None:
            self._pump.flush()
