"""One recording session from INVITE to end: events in, actions out; no I/O and no clock.

The coordinator of the live side. It keeps the states and the order of things; what media there is
(`negotiation`), who takes part and what that is worth (`learning`) and whether media are kept
(`capturing`) is worked out beside it. A call without an owner is answered and journalled all the
same: who it belongs to may be known only at its end.
"""

import logging
from collections.abc import Callable
from typing import Any
from uuid import UUID

from callvault import sip
from callvault.clock import Instant
from callvault.errors import OfferRefused, ProtocolError
from callvault.policy.decision import Decision
from callvault.recorder.actions import (
    Action,
    Append,
    CloseJournal,
    CloseStreams,
    EndRequested,
    GoOn,
    Input,
    MediaChecked,
    OpenStreams,
    PauseRequested,
    ReopenStreams,
    Report,
    Respond,
    ResumeRequested,
    SendBye,
    StreamsOpened,
    StreamsRefused,
)
from callvault.recorder.capturing import CaptureControl
from callvault.recorder.facts import (
    TurnedAway,
    answer_missing,
    body_of,
    end_reason,
    first_events,
    header_of,
    owner_of,
    refusal_headers,
    warning,
)
from callvault.recorder.keys import KeyWatch, falls_back, transports_of
from callvault.recorder.learning import Learning
from callvault.recorder.media_watch import MediaWatch
from callvault.recorder.memory import SessionMemory, begun_anew
from callvault.recorder.negotiation import Negotiation
from callvault.recorder.requests import KINDS, WishRequested
from callvault.recorder.setting import SessionSetting
from callvault.recorder.states import AFTER_CALL, TRANSITIONS, State
from callvault.siprec import Body, classify
from callvault.spool import entries

logger = logging.getLogger(__name__)


class RecordingSession:
    """One SIP dialog that carries copies of media (RFC 7866)."""

    def __init__(self, setting: SessionSetting) -> None:
        self.state = State.IDLE
        self.capturing = CaptureControl.of(setting.trunk, setting.pause)
        self.dialog_id: sip.DialogId | None = None
        self._setting = setting
        session_id, transports = setting.journal_id.int >> 80 or 1, transports_of(setting.trunk)
        self._negotiation = Negotiation(setting.address, session_id, transports, setting.has_codecs)
        self.spoken: Callable[[], Any] = lambda: self._negotiation.spoken()  # of go_on, too
        self._keys = KeyWatch(setting.journal_id)
        self._invite: sip.InviteReceived | None = None
        self._pending: sip.RequestId | None = None  # the request that waits for ports
        self._is_acknowledged = self._has_journal = False
        self._offer_is_out = False  # a 200 of ours carried the offer: its ACK has the answer
        self._journalled: tuple[entries.StreamDescription, ...] = ()
        self._media = MediaWatch(setting.media_timeout_s, setting.max_call_s)
        self._learning = Learning(setting, self.capturing, self._media)
        self._end: entries.DialogEnded | None = None

    @property
    def journal_id(self) -> UUID:
        """Id of the journal, and of this session in logs (`rs=`)."""
        return self._setting.journal_id

    @property
    def trunk_name(self) -> str:
        """The trunk that the call came by."""
        return self._setting.trunk.name

    @property
    def decision(self) -> Decision | None:
        """How the call is judged so far."""
        return self._learning.decision

    @property
    def learning(self) -> Learning:
        """What is known of the call."""
        return self._learning

    @property
    def ended_at_ns(self) -> int:
        """When the call ended, UTC; 0: it has not."""
        return self._end.at_ns if self._end is not None else 0

    def answered_at_ns(self, now: Instant) -> int:
        """When the call was answered, UTC; 0: it was not."""
        answered_ns = self._media.answered_ns
        return now.realtime_ns - (now.monotonic_ns - answered_ns) if answered_ns else 0

    @property
    def is_to_be_heard(self) -> bool:
        """Whether media must come: not in a pause of the SRC's, nor without a session."""
        return not self.capturing.by_src and not self._learning.parties.is_without_session

    def receive(self, event: sip.Event | Input, *, now: Instant) -> list[Action]:
        """Take what happened; return what is to be done, in order.

        Raises ProtocolError for an event that cannot happen in this state.
        """
        if isinstance(event, sip.MessageSeen):
            return self._message_seen(event, now)
        try:
            self.state, before = TRANSITIONS[self.state][type(event)], self.state
        except KeyError:
            name = type(event).__name__
            raise ProtocolError(f"{name} in state {self.state.name}") from None
        handle = _AFTER_END if before is State.ENDING else _HANDLERS
        return handle[type(event)](self, event, now)

    # --- across a restart

    def memory(self, now: Instant) -> SessionMemory | None:
        """Return what another process needs to go on; None unless the call is answered."""
        if self.state not in (State.ANSWERED, State.ESTABLISHED) or self._learning.judge is None:
            return None
        return SessionMemory(
            trunk=self._setting.trunk,
            peer=self._learning.judge.peer,
            answered_at_ns=now.realtime_ns - (now.monotonic_ns - self._media.answered_ns),
            is_paused=self.capturing.by_request,
            is_paused_by_src=self.capturing.by_src,
            pause=self.capturing.asked,
            capturing=self.capturing.wanted,
            negotiation=self._negotiation,
            parties=self._learning.parties,
            holds=self._learning.holds,
            recording_ids=self._learning.judge.recording_ids,
            wishes=self._learning.judge.wishes,
            decision=self._learning.decision,
            said=self._learning.said,
            offer_is_out=self._offer_is_out,
            place=self._setting.place,
        )

    def go_on(
        self,
        memory: SessionMemory,
        header: entries.JournalHeader,
        dialog_id: sip.DialogId,
        *,
        now: Instant,
    ) -> list[Action]:
        """Go on, as a new session, with a call that a restart interrupted or that was split.

        What is paused stays paused: the new journal is, before any port is bound.
        """
        self.state, self.dialog_id = State.ESTABLISHED, dialog_id
        self._is_acknowledged, self._has_journal = True, True
        self.capturing.go_on(memory, now)
        self._learning.go_on(memory)
        self._negotiation, self._offer_is_out = memory.negotiation, memory.offer_is_out
        self._media.heard_ns = now.monotonic_ns
        self._media.answered_ns = now.monotonic_ns - (now.realtime_ns - memory.answered_at_ns)
        last = memory.decision
        self._journalled = self._negotiation.streams()
        self._log("continues rs=%s", header.continues)
        return [
            self.capturing.opening(header),
            *self._keys.go_on(self._negotiation.keys(), at_ns=now.realtime_ns),
            ReopenStreams(dict(self._negotiation.ports), self._setting.trunk.media_networks),
            Append(entries.StreamsChanged(now.realtime_ns, self._journalled)),
            *([Append(entries.Decided(now.realtime_ns, last))] if last else self._judge_again(now)),
            *(Append(one) for one in first_events(memory, header, self._learning.decision, now)),
        ]

    def snapshot_wish(self) -> str:
        """Return, once, why the SRC is to send all its metadata; empty: it is not, or not now."""
        is_quiet = self.state is State.ESTABLISHED and self._pending is None
        return self._learning.parties.snapshot_wish() if is_quiet else ""

    # --- the INVITE

    def _invite_received(self, event: sip.InviteReceived, now: Instant) -> list[Action]:
        self._invite, self.dialog_id = event, event.dialog_id
        self._keys.transport = event.flow.transport
        self._learning.judge = self._setting.judge(event.flow.remote[0])
        body = body_of(event.request)
        kind = classify(
            has_metadata=body.metadata is not None,
            is_from_recording_client=event.request.is_from_recording_client,
        )
        self._log("offered class=%s trunk=%s", kind.value, self._setting.trunk.trunk_id)
        if self._setting.refusal:
            return self._refuse(503, "room", self._setting.refusal, now)
        if body.unsupported:
            return self._refuse(415, "offer", f"{body.unsupported} is not understood", now)
        return self._take_call(event, body, now)

    def _take_call(self, event: sip.InviteReceived, body: Body, now: Instant) -> list[Action]:
        """Open journal and ports for an offer that can be recorded, or refuse it."""
        self._learning.parties.learn_envelope(event.request)
        metadata = self._learning.learn(body.metadata, now)
        self._learning.learn_leg(event.request, now)
        self._negotiation.prompts = self._learning.learn_invite(event.request)
        try:
            if body.sdp is None:
                labels, falls = self._learning.parties.labels(), falls_back(event.request)
                wanted = self._negotiation.make_offer(labels, falls_back=falls)
            else:
                wanted = self._negotiation.take_offer(body.sdp, self._setting.own_address)
        except OfferRefused as refused:
            return self._refuse(488, "offer", str(refused), now)
        self._offer_is_out = body.sdp is None
        self._pending = event.request_id
        self._has_journal = True
        return [
            self.capturing.opening(header_of(event, self._setting, now)),
            *self.capturing.told_at_first(now),
            *self._follow_src(now),
            *metadata,
            OpenStreams(wanted, self._setting.trunk.media_networks),
        ]

    def _refuse(self, status: int, step: str, reason: str, now: Instant) -> list[Action]:
        """Answer with a refusal; the call leaves no journal, only its verdict."""
        self.state = State.ENDING
        self._log("refused status=%d reason=%s", status, reason)
        headers = refusal_headers(status, reason, self._setting.address)
        respond = Respond(self._invite_in_hand().request_id, status, headers)
        return [respond, *self._without_journal(TurnedAway(status, step, reason), now)]

    def _without_journal(self, why: TurnedAway, now: Instant) -> list[Action]:
        """Tell the node of a call turned away; take back a journal in which nothing stands."""
        had_journal, self._has_journal = self._has_journal, False
        invite, setting = self._invite_in_hand(), self._setting
        told, trunk = setting.event_id, setting.trunk
        verdict = why.verdict(invite.request, invite.flow, trunk, event_id=told, now=now)
        return [*([CloseJournal(keep=False)] if had_journal else []), Report(verdict)]

    def _invite_in_hand(self) -> sip.InviteReceived:
        if self._invite is None:
            raise ProtocolError("no INVITE to answer")
        return self._invite

    # --- ports

    def _streams_opened(self, event: StreamsOpened, now: Instant) -> list[Action]:
        request_id, self._pending = self._pending, None
        if request_id is None:
            raise ProtocolError("ports that nobody asked for")
        if self._media.answered_ns:
            return self._answer_change(request_id, event, now)
        self._media.answered(now.monotonic_ns)
        self._invite = None  # some 14 kB, of no use to a call that is answered
        local = self._negotiation.complete(event.ports, self._setting.new_key)
        actions = self._after_change(now)
        owner = owner_of(self._learning.decision)
        actions.append(Append(entries.TimelineEvent(now.realtime_ns, "answered", owner)))
        return [*actions, Respond(request_id, 200, body=bytes(local))]

    def _streams_refused(self, event: StreamsRefused, now: Instant) -> list[Action]:
        """Refuse the call; in a re-INVITE only the new lines are refused, the call goes on."""
        request_id, self._pending = self._pending, None
        if request_id is None or not self._media.answered_ns:
            return self._refuse(503, "room", event.reason, now)
        return self._answer_change(request_id, StreamsOpened({}), now)

    # --- changes

    def _acknowledged(self, event: sip.AckReceived, now: Instant) -> list[Action]:
        if not self._is_acknowledged:
            self._is_acknowledged = True
            self._log("established")
        was_out, self._offer_is_out = self._offer_is_out, False
        answer = body_of(event.request).sdp if was_out else None
        if answer is None:
            self._learning.lacks_answer |= was_out
            return answer_missing(now) if was_out else []
        try:
            problem = self._negotiation.take_answer(answer)
        except OfferRefused as refused:
            self._log("answer in the ACK cannot be read: %s", refused)
            return []
        changes = [*self._follow_src(now), *self._after_change(now)]
        return [*changes, *self._end_by_us(problem, now)] if problem else changes

    def _ack_timed_out(self, event: sip.AckTimedOut, now: Instant) -> list[Action]:
        """End a call that was never acknowledged, unless media flow: some never send the ACK."""
        return [] if self._media.packets else self._end_by_us("ack_timeout", now)

    def _change_received(
        self, event: sip.ReinviteReceived | sip.UpdateReceived, now: Instant
    ) -> list[Action]:
        """Take new metadata, a new offer, both, or neither."""
        body = body_of(event.request)
        if body.unsupported:
            return [Respond(event.request_id, 415)]
        learnt = [
            *self._learning.learn(body.metadata, now),
            *self._learning.learn_leg(event.request, now),
        ]
        if body.sdp is None:
            news = [*self._follow_src(now), *learnt, *self._judge_again(now)]
            return [*news, self._respond_without_offer(event)]
        try:
            wanted = self._negotiation.take_offer(body.sdp, self._setting.own_address)
        except OfferRefused as refused:
            headers = (warning(self._setting.address, str(refused)),)
            news = [*self._follow_src(now), *learnt, *self._judge_again(now)]
            return [*news, Respond(event.request_id, 488, headers)]
        self._pending = event.request_id
        opening = OpenStreams(wanted, self._setting.trunk.media_networks)
        return [*self._follow_src(now), *learnt, opening]

    def _respond_without_offer(self, event: sip.ReinviteReceived | sip.UpdateReceived) -> Respond:
        """Answer a re-INVITE without SDP with our offer: as it is now. An UPDATE asks none."""
        if isinstance(event, sip.UpdateReceived) or self._negotiation.local is None:
            return Respond(event.request_id, 200)
        self._offer_is_out = True
        return Respond(event.request_id, 200, body=bytes(self._negotiation.local))

    def _answer_change(
        self, request_id: sip.RequestId, event: StreamsOpened, now: Instant
    ) -> list[Action]:
        local = self._negotiation.complete(event.ports, self._setting.new_key)
        closed = self._negotiation.closed()
        return [
            *self._after_change(now),
            Respond(request_id, 200, body=bytes(local)),
            *([CloseStreams(closed)] if closed else []),
        ]

    def _after_change(self, now: Instant) -> list[Action]:
        """Journal the streams if they are not as last journalled, and judge again."""
        before, self._journalled = self._journalled, self._negotiation.streams()
        changed = entries.StreamsChanged(now.realtime_ns, self._journalled)
        news: list[Action] = [Append(changed)] if self._journalled != before else []
        keys = self._keys.update(self._negotiation.keys(), at_ns=now.realtime_ns)
        return [*keys, *news, *self._judge_again(now)]

    def _judge_again(self, now: Instant) -> list[Action]:
        return self._learning.judge_again(self._negotiation, now)

    # --- pause

    def _pause_wanted(self, event: PauseRequested | ResumeRequested, now: Instant) -> list[Action]:
        wanted = isinstance(event, PauseRequested)
        return self._paused(self.capturing.request(event.who, event.detail, wanted=wanted, now=now))

    def _asked(self, event: WishRequested, now: Instant) -> list[Action]:
        return self._learning.ask(event, self._negotiation, now)

    def _follow_src(self, now: Instant) -> list[Action]:
        """Pause or go on, before anything else is done with the message that says it."""
        src_pauses = self._learning.parties.is_paused or self._negotiation.is_paused
        return self._paused(self.capturing.follow(src_pauses=src_pauses, now=now))

    def _paused(self, actions: list[Action]) -> list[Action]:
        if actions:
            self._log("paused" if self.capturing.is_paused else "unpaused")
        return actions

    # --- the end

    def _media_checked(self, event: MediaChecked, now: Instant) -> list[Action]:
        """End a call that is silent or endless; on hold silence is right."""
        is_quiet = self._learning.holds.is_held or not self.is_to_be_heard
        overdue = self._media.overdue(
            event,
            is_quiet=is_quiet,
            is_deaf=not self.capturing.takes_in,
            rules=self._learning.dial_in_rules(),
            now_ns=now.monotonic_ns,
        )
        if overdue == "max_length":
            return self._split(now)
        judge = self._learning.judge
        if not overdue and judge and judge.stops_waiting(self.capturing.held_ns(now)):
            return self._judge_again(now)
        return self._end_by_us(overdue, now) if overdue else []

    def _split(self, now: Instant) -> list[Action]:
        """End the recording of an overlong call, its journal when another one has begun."""
        memory = self.memory(now)
        if memory is None:
            return []
        *actions, close = [*self._stop("max_length", now, by_us=True), *self._close(now)]
        self.state = State.ENDED
        return [*actions, GoOn(begun_anew(memory, now)), close]

    def _session_expired(self, event: sip.SessionExpired, now: Instant) -> list[Action]:
        return self._end_by_us("session_timeout", now)

    def _end_requested(self, event: EndRequested, now: Instant) -> list[Action]:
        return self._end_by_us(event.reason, now)

    def _end_by_us(self, reason: str, now: Instant) -> list[Action]:
        return [*self._stop(reason, now, by_us=True), SendBye()]

    def _bye_received(self, event: sip.ByeReceived, now: Instant) -> list[Action]:
        """Take the final metadata that a BYE may carry, then stop."""
        self._learning.learn_cause(event.request)
        return [
            *self._learning.learn(body_of(event.request).metadata, now),
            *self._stop("bye", now),
        ]

    def _cancelled(self, event: sip.InviteCancelled, now: Instant) -> list[Action]:
        """Report an INVITE taken back before its answer; of a re-INVITE nothing comes."""
        if self._media.answered_ns:
            self._pending = None
            return []
        return self._without_journal(TurnedAway(487, "media", "cancelled"), now)

    def _stop(self, reason: str, now: Instant, *, by_us: bool = False) -> list[Action]:
        """Note the end, once, and give the ports back."""
        if self._end is not None:
            return []
        if self.state is not State.ENDED:
            self.state = State.ENDING
        self._end = entries.DialogEnded(now.realtime_ns, reason, by_us)
        self._log("ended reason=%s", reason)
        return [CloseStreams(tuple(ports))] if (ports := self._negotiation.ports) else []

    def _dialog_ended(self, event: sip.DialogEnded, now: Instant) -> list[Action]:
        """Note the end, unless it is noted already, and let finalise take over."""
        return [*self._stop(end_reason(event), now), *self._close(now)] if self._has_journal else []

    def _close(self, now: Instant) -> list[Action]:
        """Write the last decision and the end; from here finalise takes over."""
        end = self._end or entries.DialogEnded(now.realtime_ns, "bye")
        told = Append(entries.TimelineEvent(end.at_ns, "ended", detail=end.reason))
        self._has_journal = False
        return [
            *self._learning.last_word(self._negotiation, now),
            told,
            Append(end),
            CloseJournal(),
        ]

    # --- the rest

    def _message_seen(self, event: sip.MessageSeen, now: Instant) -> list[Action]:
        return self._learning.hear(event, now) if self._has_journal else []

    def _nothing(self, event: object, now: Instant) -> list[Action]:
        return []

    def _too_late(
        self, event: sip.ReinviteReceived | sip.UpdateReceived, now: Instant
    ) -> list[Action]:
        return [Respond(event.request_id, 481)]

    def _log(self, message: str, *values: object) -> None:
        logger.info(f"rs=%s {message}", self.journal_id, *values)


_Handler = Callable[[RecordingSession, Any, Instant], list[Action]]

_HANDLERS: dict[type, _Handler] = {
    sip.InviteReceived: RecordingSession._invite_received,
    sip.ReinviteReceived: RecordingSession._change_received,
    sip.UpdateReceived: RecordingSession._change_received,
    sip.AckReceived: RecordingSession._acknowledged,
    sip.AckTimedOut: RecordingSession._ack_timed_out,
    sip.InviteCancelled: RecordingSession._cancelled,
    sip.AnswerOverdue: RecordingSession._nothing,
    sip.InfoReceived: RecordingSession._nothing,
    sip.ByeReceived: RecordingSession._bye_received,
    sip.SessionExpired: RecordingSession._session_expired,
    sip.DialogEnded: RecordingSession._dialog_ended,
    StreamsOpened: RecordingSession._streams_opened,
    StreamsRefused: RecordingSession._streams_refused,
    MediaChecked: RecordingSession._media_checked,
    PauseRequested: RecordingSession._pause_wanted,
    ResumeRequested: RecordingSession._pause_wanted,
    **dict.fromkeys(KINDS, RecordingSession._asked),
    EndRequested: RecordingSession._end_requested,
}
_AFTER_END: dict[type, _Handler] = {
    **dict.fromkeys(AFTER_CALL, RecordingSession._nothing),
    sip.ReinviteReceived: RecordingSession._too_late,
    sip.UpdateReceived: RecordingSession._too_late,
    sip.DialogEnded: RecordingSession._dialog_ended,
}
