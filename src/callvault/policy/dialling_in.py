"""Calls in which somebody calls the recorder itself (CAP-3): who that is, and that it is their own.

A plain call names people in several headers, and not all are worth the same: a bridge or an
anonymous caller may stand in one while another names the user. The first address that is
somebody's decides, and it alone: whoever is in the other headers owns nothing of this call.
"""

from collections.abc import Sequence
from dataclasses import replace

from callvault.policy.by_pilot import PilotCalled
from callvault.policy.decision import Decision, Direction
from callvault.policy.modes import RecordingMode
from callvault.policy.owner import Address, Match, NoMatch, PeopleIndex
from callvault.policy.pilots import Dialled, PilotKind, read_pilot
from callvault.policy.wishes import Mark, Wishes
from callvault.siprec import (
    Hints,
    NameId,
    OwnerHint,
    Participant,
    SessionRoster,
    Speaker,
    user_and_host,
)

RULE = "dial_in"
"""What names the owner of such a call, as OwnerHint says it."""
KINDS = frozenset({PilotKind.DIAL_IN, PilotKind.AUTOMATED})

FROM_THE_BEGINNING = 0
_CALLER, _PILOT = "caller", "pilot"
_NAMELESS = frozenset({"anonymous", "unavailable", "restricted", "unknown"})


def dial_in_pilot(people: PeopleIndex, dialled: str) -> Dialled | None:
    """Return the dial-in number that was dialled; None: another number was."""
    pilot = read_pilot(people.ids.pilots, dialled)
    return pilot if pilot is not None and pilot.kind in KINDS else None


def asked_by_calling(decision: Decision, wishes: Wishes) -> Wishes:
    """Return what whoever called the recorder asks for by that: start, or keep, what is offered.

    Only of users who asked for nothing yet: a stop, or a mark that drops, is the later word.
    """
    offered = [one for one in decision.offered if one.direction is Direction.DIAL_IN]
    starting = [
        one.owner_id
        for one in offered
        if one.mode == RecordingMode.ON_DEMAND and one.owner_id not in wishes.pieces
    ]
    keeping = [
        one.owner_id
        for one in offered
        if one.mode == RecordingMode.LIVE_KEEP and one.owner_id not in wishes.marks
    ]
    if not starting and not keeping:
        return wishes
    return wishes.started(starting, FROM_THE_BEGINNING).marked(keeping, Mark.KEPT)


def dialled_in(
    sessions: Sequence[SessionRoster], callers: Sequence[NameId], dialled: str, people: PeopleIndex
) -> tuple[SessionRoster, ...]:
    """Return the session of a dial-in as its caller's own, or the sessions as they are.

    `callers` are the addresses that the INVITE names its caller by, the most believed first; none:
    it is no plain call, so no dial-in.
    """
    if not callers or not sessions or dial_in_pilot(people, dialled) is None:
        return tuple(sessions)
    first = sessions[0]
    joined_ns = min((one.joined_ns for one in first.speakers), default=0)
    caller = Participant(_CALLER, _who(callers, people))
    pilot = Participant(_PILOT, (NameId(f"sip:{dialled}"),))
    owner = OwnerHint(RULE, (), _CALLER, direction=Direction.DIAL_IN.value)
    speakers = (
        Speaker(caller, first.lines, is_present=True, place=0, joined_ns=joined_ns),
        Speaker(pilot, (), is_present=True, place=1, joined_ns=joined_ns),
    )
    hints = Hints(owners=(owner,))
    return (replace(first, speakers=speakers, is_guess=False, hints=hints, together=()),)


def caller_found(
    callers: Sequence[NameId], people: PeopleIndex, called: PilotCalled | None = None
) -> tuple[NameId | None, Match | NoMatch]:
    """Return the first address that says anything of a user, and what it says."""
    missed = NoMatch("no_match")
    for one in callers:
        address = Address(*user_and_host(one.aor))
        if not address.user or address.user.casefold() in _NAMELESS:
            continue
        found = people.find((address,), called)
        if isinstance(found, Match) or found.reason != "no_match":
            return one, found
        missed = found
    return None, missed


def _who(callers: Sequence[NameId], people: PeopleIndex) -> tuple[NameId, ...]:
    """Return the first address that says anything of a user; the first that names one, if none."""
    said, _ = caller_found(callers, people)
    if said is not None:
        return (said,)
    named = [one for one in callers if user_and_host(one.aor)[0].casefold() not in _NAMELESS]
    return tuple(named[:1] or callers[:1])
