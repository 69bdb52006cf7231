"""Which way a call went, from its owner's phone, and how sure that is.

RFC 7865 has no direction. What a vendor says of it is believed; where nobody says anything the
first participant is taken for the caller, which holds for most recording clients and is no more
than a likelihood.
"""

from callvault.policy.decision import Direction
from callvault.policy.numbering_plan import PlanReader
from callvault.policy.writings import forms_by
from callvault.siprec import Hints, OwnerHint, SessionRoster, Speaker, user_and_host


def direction_of(
    session: SessionRoster, owner: Speaker, hint: OwnerHint | None, *, reader: PlanReader
) -> tuple[Direction, str]:
    """Return the direction and its confidence, high or low."""
    if hint and hint.direction:
        return Direction(hint.direction), "high"
    caller_id = session.hints.caller_id
    if any(one.participant.participant_id == caller_id for one in session.speakers):
        is_caller = owner.participant.participant_id == caller_id
        return Direction.OUT if is_caller else Direction.IN, "high"
    is_calling = _is_named(owner, session.hints.calling, reader)
    if is_calling != _is_named(owner, session.hints.called, reader):
        return Direction.OUT if is_calling else Direction.IN, "high"
    return Direction.OUT if owner.place == 0 else Direction.IN, "low"


def other_number(hints: Hints, direction: Direction) -> str:
    """Return the number of who is at the other end, as the vendor says it; may be empty."""
    return user_and_host(hints.called if direction is Direction.OUT else hints.calling)[0]


def _is_named(owner: Speaker, address: str, reader: PlanReader) -> bool:
    """Whether an address is one of the owner's, in any form of its number."""
    named = forms_by(reader, user_and_host(address)[0])
    return any(named & forms_by(reader, user_and_host(aor)[0]) for aor in owner.participant.aors)
