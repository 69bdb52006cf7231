"""Calls in progress that a person may see, and what they may do with them: one rule for both.

Who may see the recording may see the call it is made of, pause, start and stop it; one's own call
at any level (`policy.permissions.sees_live`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from django.http import Http404, HttpRequest

from callvault.monitoring.live_calls import ControlDoor, EndedCall, LiveCall, LiveOwner
from callvault.policy.modes import RecordingMode
from callvault.policy.permissions import Actor, RecordingFacts, sees_live
from callvault.portal.audit.log import record, without_numbers
from callvault.portal.audit.models import Action
from callvault.portal.people.gates import person_of
from callvault.portal.people.models import User
from callvault.portal.recordings.permissions import actor_of

from .nodes import ask_all, door_of
from .recorder import Deed, Outcome, Silent, Unreachable, act, ended_calls, live_calls

_ACTIONS = {
    Deed.PAUSE: Action.CALL_PAUSED,
    Deed.RESUME: Action.CALL_RESUMED,
    Deed.START: Action.CALL_STARTED,
    Deed.STOP: Action.CALL_STOPPED,
    Deed.KEEP: Action.CALL_KEPT,
    Deed.DROP: Action.CALL_DROPPED,
}
_MODES = {
    Deed.START: RecordingMode.ON_DEMAND,
    Deed.STOP: RecordingMode.ON_DEMAND,
    Deed.KEEP: RecordingMode.LIVE_KEEP,
    Deed.DROP: RecordingMode.LIVE_KEEP,
}
"""In which mode somebody must be recorded for that to be done of them."""


@dataclass(frozen=True, slots=True)
class SeenCall:
    """A call with those of its owners that the person may see."""

    call: LiveCall
    owners: tuple[LiveOwner, ...]
    node: str

    @property
    def owner(self) -> LiveOwner | None:
        """The first of them; None: it has no owner."""
        return self.owners[0] if self.owners else None

    def in_mode(self, mode: RecordingMode) -> list[LiveOwner]:
        """Return those who are recorded in a mode."""
        return [one for one in self.owners if one.mode == mode]

    @property
    def is_unstarted(self) -> bool:
        """Whether all who are seen are recorded on demand, and none of them is just now."""
        on_demand = self.in_mode(RecordingMode.ON_DEMAND)
        is_all = len(on_demand) == len(self.owners) > 0
        return is_all and not any(one.is_started for one in on_demand)


@dataclass(frozen=True, slots=True)
class SeenEnded:
    """A call that is over and may still be marked, with those owners whom the person may see."""

    call: EndedCall
    owners: tuple[LiveOwner, ...]
    node: str

    @property
    def owner(self) -> LiveOwner:
        """The first of them."""
        return self.owners[0]

    def in_mode(self, mode: RecordingMode) -> list[LiveOwner]:
        """Return those who are recorded in a mode."""
        return [one for one in self.owners if one.mode == mode]


Seen = TypeVar("Seen", bound=SeenCall | SeenEnded)


def own_part(found: Seen, user: User) -> Seen | None:
    """Return a call with the person alone as its owner; None: it is not theirs."""
    own = tuple(one for one in found.owners if one.user_id == user.public_id)
    return replace(found, owners=own) if own else None


@dataclass(frozen=True, slots=True)
class Look:
    """What a person sees of the calls of all nodes."""

    calls: list[SeenCall]  # those that began first in front
    ended: list[SeenEnded]  # that may still be marked, those that ended last in front
    silent: tuple[Silent, ...]  # nodes whose calls are not among them
    has_others: bool = False  # whether there is more than one node


def look(user: User, *, is_patient: bool = False) -> Look:
    """Return the calls that a person may see. Raises recorder.Unreachable.

    `is_patient`: nodes that did not answer just now are asked again.
    """
    answers = ask_all(_told_by, is_patient=is_patient)
    actor = actor_of(user)
    calls = [
        one for node, told in answers.told for one in seen(user, told.calls, node, actor=actor)
    ]
    ended = [one for node, told in answers.told for one in _ended(user, told.ended, node, actor)]
    calls.sort(key=lambda one: one.call.answered_at_ns)
    ended.sort(key=lambda one: -one.call.ended_at_ns)
    return Look(calls, ended, answers.silent, len(answers.told) + len(answers.silent) > 1)


def calls_on(node: str, user: User) -> list[SeenCall]:
    """Return the calls of one node that a person may see. Raises recorder.Unreachable."""
    return seen(user, live_calls(door_of(node)).calls, node, actor=actor_of(user))


class _Told(NamedTuple):
    """What one node tells."""

    calls: tuple[LiveCall, ...]
    ended: tuple[EndedCall, ...]


def _told_by(door: ControlDoor) -> _Told:
    running = live_calls(door).calls
    try:
        return _Told(running, ended_calls(door).calls)
    except Unreachable:  # what is running counts for more
        return _Told(running, ())


def _ended(user: User, calls: Iterable[EndedCall], node: str, actor: Actor) -> Iterator[SeenEnded]:
    for call in calls:
        own = tuple(one for one in call.owners if sees_live(actor, facts_of(one, user, actor)))
        if own:
            yield SeenEnded(call, own, node)


def seen(user: User, calls: Iterable[LiveCall], node: str, *, actor: Actor) -> list[SeenCall]:
    """Return those of the calls that a person may see."""
    nobodys = RecordingFacts(owner_id=None, group="")
    found = []
    for call in calls:
        own = [one for one in call.owners if sees_live(actor, facts_of(one, user, actor))]
        if own or (not call.owners and sees_live(actor, nobodys)):
            found.append(SeenCall(call, tuple(own), node))
    return found


def control(
    request: HttpRequest,
    deed: Deed,
    call_id: UUID,
    *,
    reason: str = "",
    is_own_only: bool = False,
) -> Outcome:
    """Do something with a call, on its node. Raises Http404 for one not there or seen; Unreachable.

    `is_own_only`: only with one's own call, and of its users for oneself alone.
    """
    user = person_of(request)
    seen_one, others = _meant(user, deed, call_id)
    found = own_part(seen_one, user) if is_own_only else seen_one
    if found is None:
        raise Http404
    owners = found.in_mode(_MODES[deed]) if deed.is_of_owners else found.call.owners
    if deed.is_of_owners and not owners:
        return Outcome.MODE
    ids = [one.user_id for one in owners]
    who = user.get_full_name() or user.username
    door = door_of(found.node)
    outcome = act(door, deed, call_id, who=who, reason=reason, owners=ids)
    for other in others:
        # Of a call of CUCM's the other voice: a pause of one would keep half of what is said.
        twin = other.call.call_id
        done = act(door_of(other.node), deed, twin, who=who, reason=reason, owners=ids)
        outcome = done if outcome is Outcome.DONE and done is not Outcome.OVER else outcome
    if outcome in (Outcome.DONE, Outcome.NOT_ON_DISK):
        why: dict[str, Any] = {"reason": without_numbers(reason)} if reason else {}
        record(
            request,
            _ACTIONS[deed],
            kind="call",
            object_id=call_id,
            owners=[str(one) for one in ids],
            trunk=found.call.trunk,
            is_on_disk=outcome is Outcome.DONE,
            **why,
        )
    return outcome


def _meant(
    user: User, deed: Deed, call_id: UUID
) -> tuple[SeenCall | SeenEnded, tuple[SeenCall, ...]]:
    """Return the call in progress of this id, or the ended one to be marked.

    Behind it the other leg of a call of CUCM's that came to another node. Raises Http404, or
    Unreachable where a node that does not answer may have it.
    """
    found = look(user, is_patient=True)
    for running in found.calls:
        if running.call.call_id == call_id:
            return running, _other_leg(running, found.calls)
    if deed in (Deed.KEEP, Deed.DROP):
        for ended in found.ended:
            if ended.call.call_id == call_id:
                return ended, ()
    if found.silent:
        raise Unreachable(is_running=True)
    raise Http404


def _other_leg(one: SeenCall, calls: Iterable[SeenCall]) -> tuple[SeenCall, ...]:
    if not one.call.pair:
        return ()
    return tuple(
        other for other in calls if other.node != one.node and other.call.pair == one.call.pair
    )


def facts_of(owner: LiveOwner, user: User, actor: Actor) -> RecordingFacts:
    """Return what rights on the recording that is being made depend on."""
    is_own = owner.user_id == user.public_id
    return RecordingFacts(owner_id=actor.user_id if is_own else None, group=owner.group)
