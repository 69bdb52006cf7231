"""The decisions of one recording session: judged again and again, written when they change.

Recording ids are drawn once for each communication session and owner, so that every decision of
the dialog names the same ones.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from uuid import UUID, uuid5

import msgspec

from callvault import policy
from callvault.policy.decision import Decision
from callvault.policy.dial_in_rules import DialInRules
from callvault.policy.filters import FilterJudge
from callvault.policy.mode_judge import ModeJudge
from callvault.policy.numbering_plan import PlanReader
from callvault.policy.ordered import by_digits
from callvault.policy.pilots import PilotKind, number_dialled
from callvault.policy.prompts import Prompts
from callvault.policy.snapshot import Snapshot, Trunk
from callvault.policy.wishes import NO_WISHES, Wishes
from callvault.recorder.parties import Parties
from callvault.siprec import NameId

PATIENCE_NS = 20_000_000_000
"""How long a filter may wait: less than capture holds media, looked at every 5 s."""


@dataclass(frozen=True, slots=True)
class PolicyInForce:
    """A snapshot with its indexes; swapped as a whole when policy changes."""

    snapshot: Snapshot
    people: policy.PeopleIndex
    trunks: policy.TrunkTable
    filters: FilterJudge
    modes: ModeJudge

    @classmethod
    def of(cls, snapshot: Snapshot) -> "PolicyInForce":
        """Index a snapshot."""
        people, trunks = policy.PeopleIndex.of(snapshot), policy.TrunkTable.of(snapshot)
        reader = PlanReader(snapshot.plan)
        filters = FilterJudge(snapshot.filters, reader, is_known=people.knows)
        return cls(snapshot, people, trunks, filters, ModeJudge.of(snapshot))


@dataclass(slots=True)
class Judge:
    """Judges one call; `policy_in_force` gives the newest policy at each asking."""

    trunk: Trunk  # as it was when the call came
    peer: str
    calls_in_progress: int
    policy_in_force: Callable[[], PolicyInForce]
    new_id: Callable[[], UUID]
    since_ns: int = 0  # when the call was answered, or split; UTC
    pair_id: UUID | None = None  # of a call in two dialogs: both name the same recordings
    last: Decision | None = None
    recording_ids: dict[tuple[str, UUID], UUID] = field(default_factory=dict)
    wishes: Wishes = NO_WISHES
    is_patient: bool = True  # False: a filter waits no more for what it does not know

    def judge(self, parties: Parties, *, is_over: bool = False) -> Decision:
        """Return the decision by what is known now; nothing is waited for once it is over."""
        decision = self._judge(parties, is_over=is_over)
        asked = policy.asked_by_calling(decision, self.wishes)
        if asked != self.wishes:
            self.wishes = asked
            decision = self._judge(parties, is_over=is_over)
        self.last = decision
        return decision

    def _judge(self, parties: Parties, *, is_over: bool) -> Decision:
        in_force = self.policy_in_force()
        sessions = parties.sessions()
        dialled = number_dialled(in_force.snapshot.pilots, parties.envelope.called)
        _learn_order(parties, dialled, in_force)
        ordered_for = parties.envelope.ordered_for
        if not parties.has_metadata:
            callers = _callers(parties, in_force.people)
            sessions = policy.dialled_in(sessions, callers, dialled, in_force.people)
        call = policy.CallSeen(
            self.trunk,
            self.peer,
            self.calls_in_progress,
            sessions,
            self.since_ns,
            is_over or not self.is_patient,
            dialled,
            self.wishes,
            ordered_for,
        )
        return policy.decide(
            call,
            in_force.people,
            filters=in_force.filters,
            modes=in_force.modes,
            revision=in_force.snapshot.revision,
            recording_id=self._recording_id,
        )

    def dial_in_rules(self, parties: Parties) -> DialInRules | None:
        """Return how a call is led that somebody dialled in; None: it is none."""
        envelope = parties.envelope
        if not envelope.callers or parties.has_metadata:
            return None
        in_force = self.policy_in_force()
        dialled = number_dialled(in_force.snapshot.pilots, envelope.called)
        pilot = policy.dial_in_pilot(in_force.people, dialled)
        return in_force.snapshot.dial_in if pilot is not None else None

    def prompts_for(self, parties: Parties) -> Prompts:
        """Return what is to be said in a call: nothing but in a dial-in."""
        rules = self.dial_in_rules(parties)
        if rules is None:
            return Prompts()
        prompts = self.policy_in_force().snapshot.prompts
        return msgspec.structs.replace(prompts, confirms_keys=rules.keypad.is_on)

    def changed(self, parties: Parties) -> Decision | None:
        """Judge again; None if it comes to the same."""
        before = self.last
        return None if self.judge(parties) == before else self.last

    def stops_waiting(self, held_ns: int) -> bool:
        """Wait for nothing more once media were held for so long; whether that is news."""
        was_patient, self.is_patient = self.is_patient, self.is_patient and held_ns < PATIENCE_NS
        return was_patient and not self.is_patient

    def _recording_id(self, session_key: str, owner_id: UUID) -> UUID:
        key = session_key, owner_id
        if key not in self.recording_ids:
            drawn = self.new_id() if self.pair_id is None else _of_pair(self.pair_id, *key)
            self.recording_ids[key] = drawn
        return self.recording_ids[key]


def _learn_order(parties: Parties, dialled: str, in_force: PolicyInForce) -> None:
    """Remember whose recording was ordered: the order is gone long before a call is over."""
    pilot = policy.dial_in_pilot(in_force.people, dialled)
    if parties.envelope.ordered_for or not parties.envelope.callers or pilot is None:
        return
    order = by_digits(in_force.snapshot.orders).get(pilot.rest)
    if order is not None and pilot.kind is PilotKind.AUTOMATED:
        parties.envelope = replace(parties.envelope, ordered_for=order.user_id)


def _callers(parties: Parties, people: policy.PeopleIndex) -> tuple[NameId, ...]:
    """Return who calls; first whoever a program had called, whatever the call itself says."""
    envelope = parties.envelope
    person = people.by_id.get(envelope.ordered_for) if envelope.ordered_for else None
    ordered = (NameId(f"sip:{person.extension}", person.full_name),) if person else ()
    return (*ordered, *envelope.callers)


def _of_pair(pair_id: UUID, session_key: str, owner_id: UUID) -> UUID:
    """Return the id on which both dialogs of a call come without asking each other."""
    return uuid5(pair_id, f"{session_key}|{owner_id}")
