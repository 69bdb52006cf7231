"""What a session learns of its call, message by message, and how it is judged by that."""

import logging
from dataclasses import replace
from uuid import UUID

from callvault import cucm, policy, sip
from callvault.clock import Instant
from callvault.policy.decision import Decision
from callvault.policy.dial_in_rules import DialInRules
from callvault.policy.prompts import OwnSounds, Prompts
from callvault.recorder.actions import Action, Append
from callvault.recorder.capturing import CaptureControl
from callvault.recorder.facts import is_without_codec
from callvault.recorder.judge import Judge, PolicyInForce
from callvault.recorder.media_watch import MediaWatch
from callvault.recorder.memory import SessionMemory
from callvault.recorder.negotiation import Negotiation
from callvault.recorder.parties import Parties
from callvault.recorder.requests import (
    KINDS,
    StopRequested,
    WishRequested,
    concerned_by,
    wished,
)
from callvault.recorder.said import Said
from callvault.recorder.setting import SessionSetting
from callvault.recorder.timeline import HoldWatch, party_events
from callvault.sdp import without_keys
from callvault.siprec import Part
from callvault.spool import entries

logger = logging.getLogger(__name__)


class Learning:
    """The parties of one session as far as they are known, and the decision that stands on them.

    `negotiation` says which lines there are, `capturing` carries decisions out, `media` is told
    when news are a reason to wait longer for audio: all three are the session's own.
    """

    def __init__(
        self, setting: SessionSetting, capturing: CaptureControl, media: MediaWatch
    ) -> None:
        self._setting, self._capturing, self._media = setting, capturing, media
        self.parties = Parties()
        self.holds = HoldWatch()
        self.said = Said(setting.journal_id)
        self.judge: Judge | None = None
        self._judged_under: PolicyInForce | None = None  # None: more was learnt since
        self.lacks_answer = False  # an ACK that was to bring it did not
        self.is_without_codec = False  # the phone system gave up for want of a common codec

    @property
    def place(self) -> cucm.Place | None:
        """Of which call of CUCM this is a leg; None: of none."""
        return self._setting.place

    @property
    def call_id(self) -> UUID:
        """By what the call is shown and named: of two dialogs, the journal of the first."""
        place = self.place
        return place.pair_id if place is not None else self._setting.journal_id

    def learn_invite(self, request: sip.Request) -> Prompts:
        """Take who stands in the INVITE; return what is to be said to who calls."""
        self.parties.learn_invite(request)
        return self.judge.prompts_for(self.parties) if self.judge else Prompts()

    def dial_in_rules(self) -> DialInRules | None:
        """Return how the call is led if somebody dialled in; None: it is no such call."""
        return self.judge.dial_in_rules(self.parties) if self.judge else None

    def own_sounds(self) -> OwnSounds:
        """Return what is said instead of the sounds that a recorder comes with."""
        return self._setting.policy_in_force().snapshot.sounds

    @property
    def decision(self) -> Decision | None:
        """The last decision; None: nobody has judged yet."""
        return self.judge.last if self.judge else None

    def go_on(self, memory: SessionMemory) -> None:
        """Know again what another process knew."""
        self.parties, self.holds, self.said = memory.parties, memory.holds, memory.said
        self.judge = self._setting.judge_again(memory)

    def learn(self, part: Part | None, now: Instant) -> list[Action]:
        """Merge metadata; keep its raw form, even if it cannot be read."""
        if part is None:
            return []
        self._judged_under = None
        read = self.parties.learn_metadata(part)
        if read.change.is_repeat:
            return []
        self._media.heard_ns = now.monotonic_ns  # who tells news is there, and may begin to send
        if read.problem:
            logger.info("rs=%s metadata problem: %s", self._setting.journal_id, read.problem)
        seen = entries.MetadataSeen(
            now.realtime_ns, part.media_type, part.content, problem=read.problem
        )
        self.said.learn(seen, is_whole=read.is_whole)
        told = () if read.is_first else party_events(read.change, at_ns=now.realtime_ns)
        return [Append(seen), *map(Append, told)]

    def learn_leg(self, request: sip.Request, now: Instant) -> list[Action]:
        """Take what a request's From says of a call of CUCM: whom the recorded user talks to now.

        The side and who called are as they were: a leg stays whose voice it is.
        """
        place, before = self._setting.place, self.parties.leg
        if place is None:
            return []
        said = cucm.leg_of_invite(request, has_metadata=False) if before else place.leg
        if said is None:
            return []
        kept = place.leg
        leg = replace(said, side=kept.side, is_guess=kept.is_guess, has_called=kept.has_called)
        self._judged_under = None
        self.parties.own_conversation = place.conversation
        change = self.parties.learn_leg(leg, trunk=self._setting.trunk.name)
        if before is None or leg == before:
            return []
        self._media.heard_ns = now.monotonic_ns
        return [Append(one) for one in party_events(change, at_ns=now.realtime_ns)]

    def learn_cause(self, bye: sip.Request) -> None:
        """Take why a call of CUCM ended: for want of a codec, it was never recorded.

        A call that had audio, or was told what is sent, may end for that cause, too: it is kept.
        """
        never_began = self.place is not None and self.lacks_answer and not self._media.packets
        self.is_without_codec = never_began and is_without_codec(bye)

    def judge_again(self, negotiation: Negotiation, now: Instant) -> list[Action]:
        """Work out who speaks where, judge, and watch for holds, after any change."""
        self.parties.resolve(negotiation.lines(), at_ns=now.realtime_ns)
        self._judged_under = self._setting.policy_in_force()
        decision = self.judge.changed(self.parties) if self.judge else None
        held = self.holds.update(negotiation, self.parties, at_ns=now.realtime_ns)
        self._media.heard_ns = now.monotonic_ns if held else self._media.heard_ns
        return [
            *(self._capturing.decided(decision, now) if decision else []),
            *([Append(held)] if held else []),
        ]

    def ask(self, request: WishRequested, negotiation: Negotiation, now: Instant) -> list[Action]:
        """Start, stop, keep or drop what somebody asks for; only what changes anything is done.

        A start is told before anything is kept, and a stop when nothing is kept any more.
        """
        concerned = concerned_by(request, self.decision)
        if self.judge is None or not concerned:
            return []
        before, at_ns = self.judge.wishes, now.realtime_ns
        self.judge.wishes = wished(before, request, concerned, at_ns)
        if self.judge.wishes == before:
            return []
        kind = KINDS[type(request)]
        logger.info("rs=%s %s", self._setting.journal_id, kind)
        told = Append(entries.TimelineEvent(at_ns, kind, request.who, request.detail))
        news = self.judge_again(negotiation, now)
        return [*news, told] if isinstance(request, StopRequested) else [told, *news]

    def hear(self, event: sip.MessageSeen, now: Instant) -> list[Action]:
        """Keep a message of the dialog, without the keys in its SDP.

        While nothing is kept no digit may be either: it may be of a card number. Nor while audio is
        held in memory, since that may come to nothing.
        """
        raw = without_keys(event.raw)
        if not event.sent and not self._capturing.keeps:
            raw = sip.without_any_key(raw)
        seen = entries.SignallingSeen(now.realtime_ns, event.sent, raw)
        self.said.hear(seen)
        return [Append(seen)]

    def last_word(self, negotiation: Negotiation, now: Instant) -> list[Action]:
        """Judge for the last time: always written, so that the journal ends with its verdict."""
        if self.judge is None:
            return []
        decision, in_force = self.judge.last, self._setting.policy_in_force()
        if decision is None or self._judged_under is not in_force or in_force.filters.are_set:
            self.parties.resolve(negotiation.lines(), at_ns=now.realtime_ns)
            decision = self.judge.judge(self.parties, is_over=True)
        if self.is_without_codec:
            decision = policy.without_codec(decision)
        logger.info(
            "rs=%s decided verdict=%s recordings=%d",
            self._setting.journal_id,
            decision.verdict,
            len(decision.assignments),
        )
        return self._capturing.decided(decision, now)
