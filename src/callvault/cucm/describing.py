"""A recording call in the words of SIPREC metadata: who takes part, and whose voice comes.

So that everything behind - who is when in the call, whose it is, what is written of a transfer -
is worked out once for both kinds of recording sessions.
"""

from urllib.parse import quote

from callvault.cucm.leg import End, RecordingLeg, Side
from callvault.cucm.matching import scope_of
from callvault.siprec import (
    Document,
    Hints,
    NameId,
    OwnerHint,
    Participant,
    ParticipantStreams,
    Stream,
)

VOICE = "voice"
"""Id and label of the one stream of a recording call."""
NEAR = "near"
CONFERENCE = "Conference"
"""The name of an end that is a bridge: CUCM's own word for it."""


def document_of(leg: RecordingLeg) -> Document:
    """Return the parties of a recorded call, whoever called in front, and who is heard.

    Another far end is another participant, so that a change of it is a transfer.
    """
    near = Participant(NEAR, (NameId(_address(leg.recorded_number)),))
    far_id = f"far:{leg.far.number or leg.far.device}"
    name = CONFERENCE if leg.is_conference else ""
    number = "" if leg.is_conference and leg.far.number.lower().startswith("b") else leg.far.number
    far = Participant(far_id, (NameId(_address(number), name),))
    heard = far_id if leg.side is Side.FAR else NEAR
    return Document(
        participants=(near, far) if near_called(leg) else (far, near),
        streams=(Stream(VOICE, label=VOICE),),
        participant_streams=(ParticipantStreams(heard, sends=(VOICE,)),),
    )


def hints_of_leg(leg: RecordingLeg) -> Hints:
    """Return what CUCM says of the owner: the near end, and nobody else."""
    return Hints(owners=(OwnerHint("x-nearend", (), participant_id=NEAR),), one_voice=True)


def near_called(leg: RecordingLeg) -> bool:
    """Whether the recorded user is likelier to have called than to have been called.

    CUCM does not say it. What the first piece of the call had holds. Its ids of call legs grow,
    and the caller's is made first; after transfers and pick-ups that does not hold, nor between
    nodes, so it is never sure.
    """
    if leg.has_called is not None:
        return leg.has_called
    near, far = leg.near.refci, leg.far.refci
    return near.isdecimal() and far.isdecimal() and int(near) < int(far)


def ids_of(leg: RecordingLeg, *, trunk: str) -> frozenset[str]:
    """Return what the recorded call is known by, as "kind:id": both its legs, and its session.

    The recording of the other phone names the same two legs the other way round; a new pair after
    a hold names the same near one.
    """
    found = {f"session:{key}" for key in (leg_id(leg.near, leg, trunk),) if key}
    if leg.far.refci:
        found.add(f"session:{leg_id(leg.far, leg, trunk)}")
    found |= {f"sip_session:{one}" for one in _halves(leg.session_id)}
    found |= {f"tracking:{one.guid}" for one in (leg.near, leg.far) if one.guid}
    return frozenset(found)


def leg_id(end: End, leg: RecordingLeg, trunk: str) -> str:
    """Return the id of a call leg; a far end whose cluster is not named is in the near one's."""
    scope = scope_of(end if end.cluster_id else leg.near, trunk)
    return f"{scope}/{end.refci}" if end.refci else ""


def _halves(session_id: str) -> list[str]:
    """Return the UUIDs of a Session-ID (RFC 7989); a side without one has zeros."""
    local, _, rest = session_id.partition(";")
    remote = rest.strip().removeprefix("remote=")
    return [one for one in (local.strip().lower(), remote.lower()) if one.strip("0-")]


def _address(number: str) -> str:
    return f"tel:{quote(number, safe='+*')}" if number else ""
