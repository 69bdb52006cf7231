"""Calls to the live-keep pilot: each marks another call to be kept, and is none itself (MODE-4).

The caller's call in live-keep mode is marked before the pilot answers, so that a tone is heard only
of what is done. Nothing of the pilot call is recorded: its ports hang on an event journal that
is discarded, and drop whatever comes.
"""

import asyncio
import logging
import os
from dataclasses import dataclass, field
from itertools import count

from callvault import sip
from callvault.capture import Journal, Stream
from callvault.errors import CallvaultError, OfferRefused, ProtocolError
from callvault.ids import new_id
from callvault.monitoring.asked import KIND, AskedByPhone
from callvault.policy import Match, caller_found
from callvault.policy.pilots import PilotKind, number_dialled, read_pilot
from callvault.policy.prompts import LONGEST_BEEP_S, Prompts
from callvault.policy.snapshot import Trunk
from callvault.recorder.actions import Respond
from callvault.recorder.dial_in import callers_of
from callvault.recorder.dialog import ANYWHERE
from callvault.recorder.facts import body_of, reference_to, shown_peer, warning
from callvault.recorder.keys import transports_of
from callvault.recorder.marking import Marked, MarkedCall
from callvault.recorder.negotiation import Negotiation
from callvault.recorder.neighbours import Neighbours, keep_call_of
from callvault.recorder.order_door import OrderDoor
from callvault.recorder.parties import numbers_called
from callvault.recorder.prompts import sound
from callvault.recorder.service import Recorder
from callvault.spool.entries import JournalHeader

logger = logging.getLogger(__name__)

STEP_S = 0.1
LONGEST_S = 4.0
"""Without audio of the caller's no tone can be sent: it ends all the same."""
MOST_CALLS = 50
_TONES = 2
_KEPT = frozenset({Marked.DONE, Marked.NOT_ON_DISK, Marked.MODE, Marked.NOTED})
_MARKED = _KEPT - {Marked.MODE}
"""MODE: of calls in live-keep mode only one that is kept already cannot be marked."""


@dataclass(slots=True)
class _PilotCall:
    """One call to the pilot, from its answer on."""

    negotiation: Negotiation
    journal: Journal | None = None
    streams: dict[int, Stream] = field(default_factory=dict)
    is_acknowledged: bool = False
    is_speaking: bool = False


class KeepPilot:
    """Takes the calls to the live-keep pilot. Lives on the recorder's loop."""

    def __init__(
        self, recorder: Recorder, *, node: str, neighbours: Neighbours | None = None
    ) -> None:
        """`neighbours`: where else the call that is meant may be."""
        self._recorder = recorder
        self._neighbours = neighbours or Neighbours()
        self._door = OrderDoor(recorder)
        self._node = node
        self._calls: dict[sip.DialogId, _PilotCall] = {}
        self._tasks: dict[sip.DialogId, asyncio.Task[None]] = {}
        self._numbers = count(1)

    def not_taken(self, request: sip.Request) -> None:
        """Learn that a call that was let in is refused all the same (pilot_calls.PilotCalls)."""
        self._door.not_taken(request)

    def begins(self, event: sip.InviteReceived, trunk: Trunk, address: str) -> bool:
        """Take a plain call to the pilot, or refuse one that nobody ordered; False: neither."""
        if self._door.refuses(event, trunk, address):
            return True
        in_force, request = self._recorder.policy_in_force, event.request
        callers = callers_of(request)
        dialled = number_dialled(in_force.snapshot.pilots, numbers_called(request))
        pilot = read_pilot(in_force.snapshot.pilots, dialled)
        if not callers or pilot is None or pilot.kind is not PilotKind.LIVE_KEEP:
            return False
        if body_of(request).metadata is not None:
            return False
        if len(self._tasks) >= MOST_CALLS:
            self._recorder.respond(Respond(event.request_id, 503))
            return True
        _, found = caller_found(callers, in_force.people, in_force.people.ids.called(dialled))
        step = self._serve(event, trunk, address, found if isinstance(found, Match) else None)
        task = asyncio.ensure_future(step)
        self._tasks[event.dialog_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(event.dialog_id, None))
        return True

    def feed(self, dialog_id: sip.DialogId, event: sip.Event) -> None:
        """Follow what becomes of a call to the pilot."""
        call = self._calls.get(dialog_id)
        if call is None:
            return
        if isinstance(event, sip.AckReceived) and not call.is_acknowledged:
            call.is_acknowledged = True
            self._speak(call, event)
        elif isinstance(event, sip.ReinviteReceived | sip.UpdateReceived):
            self._recorder.respond(Respond(event.request_id, 488))
        elif isinstance(event, sip.ByeReceived | sip.DialogEnded | sip.InviteCancelled):
            self._end(dialog_id)

    async def _serve(
        self, event: sip.InviteReceived, trunk: Trunk, address: str, match: Match | None
    ) -> None:
        marked = MarkedCall(Marked.UNKNOWN_USER)
        if match is not None:
            who = match.person.full_name or match.person.username
            owner_id = match.person.user_id
            marked = await keep_call_of(
                self._recorder, self._neighbours, owner_id, who=who, detail="pilot"
            )
        self._tell(trunk, match, marked)
        try:
            if marked.outcome in _KEPT:
                await self._answer(event, trunk, address)
            else:
                told = (warning(address, "no call of the caller can be kept"),)
                status = 404 if marked.outcome is Marked.UNKNOWN_USER else 480
                self._recorder.respond(Respond(event.request_id, status, told))
        except ProtocolError as error:  # the caller hung up meanwhile
            logger.info("pilot call: %s", error)
        finally:
            self._recorder.flush()

    def _tell(self, trunk: Trunk, match: Match | None, marked: MarkedCall) -> None:
        """Tell operators what came of the call: it leaves no recording that would."""
        values = {"trunk": trunk.name, "outcome": marked.outcome.value}
        if match is not None:
            values["username"] = match.person.username
        if marked.call_id is not None:
            values["journal"] = str(marked.call_id)
        kind = "keep_called" if marked.outcome in _KEPT else "keep_called_in_vain"
        self._recorder.note(kind, "info", **values)
        if match is not None and marked.outcome in _MARKED:
            told = AskedByPhone(
                deed="keep",
                means="pilot",
                owner=str(match.person.user_id),
                username=match.person.username,
                journal=str(marked.call_id or ""),
                trunk=trunk.name,
                on_disk="no" if marked.outcome is Marked.NOT_ON_DISK else "yes",
            )
            self._recorder.note(KIND, "info", **told.values())

    async def _answer(self, event: sip.InviteReceived, trunk: Trunk, address: str) -> None:
        """Answer, and hang up once the tone was heard. Raises ProtocolError."""
        prompts = Prompts(beep_every_s=LONGEST_BEEP_S)  # it is to be heard that we speak
        number = next(self._numbers)
        call = _PilotCall(Negotiation(address, number, transports_of(trunk), prompts=prompts))
        self._calls[event.dialog_id] = call
        try:
            body = self._open(call, event, trunk)
        except OfferRefused as refused:
            self._recorder.respond(
                Respond(event.request_id, 488, (warning(address, str(refused)),))
            )
            self._end(event.dialog_id)
            return
        except CallvaultError as error:  # no port, no spool: what was asked for is done
            logger.warning("pilot call cannot be answered: %s", error)
            self._recorder.respond(Respond(event.request_id, 503))
            self._end(event.dialog_id)
            return
        try:
            self._recorder.respond(Respond(event.request_id, 200, body=body))
            self._recorder.flush()
            await self._wait_for_tone(event.dialog_id)
            if event.dialog_id in self._calls:
                self._recorder.bye(event.dialog_id, "")
        finally:
            self._end(event.dialog_id)

    def _open(self, call: _PilotCall, event: sip.InviteReceived, trunk: Trunk) -> bytes:
        """Return our side. Raises OfferRefused, CaptureError, SpoolError or VaultError."""
        offer = body_of(event.request).sdp
        wanted = (
            call.negotiation.make_offer(("",))
            if offer is None
            else call.negotiation.take_offer(offer)
        )
        now = self._recorder.read_clocks()
        call.journal = self._recorder.open_journal(
            JournalHeader(
                journal_id=new_id(),
                purpose="node_events",
                node=self._node,
                opened_at_ns=now.realtime_ns,
                trunk=reference_to(trunk),
                peer=shown_peer(event.flow),
            )
        )
        call.journal.pause()
        for index in wanted:
            call.streams[index] = call.journal.open_stream(
                index, allow=trunk.media_networks or ANYWHERE
            )
        ports = {index: stream.rtp_port for index, stream in call.streams.items()}
        return bytes(call.negotiation.complete(ports, os.urandom))

    def _speak(self, call: _PilotCall, event: sip.AckReceived) -> None:
        """Say the tone, if the caller hears us."""
        answer = body_of(event.request).sdp
        try:
            if answer is not None:
                call.negotiation.take_answer(answer)
            for index, line in call.negotiation.spoken()[0].items():
                tone = sound("beep", line.encoding)
                silence = bytes([tone[-1]]) * (len(tone) // 2)
                call.streams[index].speak(
                    line.payload_type, once=(tone + silence) * _TONES, wanted=line.wanted
                )
                call.is_speaking = True
        except CallvaultError as error:
            logger.info("pilot call: no tone: %s", error)

    async def _wait_for_tone(self, dialog_id: sip.DialogId) -> None:
        for _ in range(int(LONGEST_S / STEP_S)):
            await asyncio.sleep(STEP_S)
            call = self._calls.get(dialog_id)
            if call is None or any(one.spoken()[1] for one in call.streams.values()):
                return
            if call.is_acknowledged and not call.is_speaking:
                return  # it does not hear us, or only what is encrypted

    def _end(self, dialog_id: sip.DialogId) -> None:
        call = self._calls.pop(dialog_id, None)
        if call is not None and call.journal is not None:
            call.journal.discard()
