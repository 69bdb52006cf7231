"""Who took part in an owner's recording, from when to when it goes, and how its parties are named.

A recording is the owner's part of a conversation. As long as one user owns it, it is as long as its
session; where it passes from one recorded user to another, each has the time of their own.
"""

from collections.abc import Iterable, Sequence

from callvault.policy.decision import Party, Presence
from callvault.policy.numbers import is_number
from callvault.siprec import Participant, SessionRoster, Speaker, user_and_host

MOST_PEOPLE = 50
_MOST_NAMES = 8


def span_of(session: SessionRoster, owner: Speaker, rivals: Sequence[Speaker]) -> tuple[int, int]:
    """Return from when to when the recording of an owner goes; 0: as far as the call.

    `rivals` are the other recorded users of the session. Who was there first has all from its
    start, and who stays has all to its end: nothing is without an owner while there is one.
    """
    came_later = any(one.joined_ns < owner.joined_ns for one in rivals)
    went_earlier = owner.left_ns and any(
        not one.left_ns or one.left_ns > owner.left_ns for one in rivals
    )
    return (
        max(owner.joined_ns if came_later else 0, session.began_ns),
        owner.left_ns if went_earlier else session.ended_ns,
    )


def people_of(
    session: SessionRoster, owner: Speaker, parties: dict[Participant, Party]
) -> tuple[Presence, ...]:
    """Return everyone of a session and when they were there, each once, in order of arrival."""
    found: dict[frozenset[str], Presence] = {}
    own = _users(owner.participant)
    for one in session.speakers:
        users = _users(one.participant)
        key = next((known for known in found if known & users), users)
        party = parties[one.participant]
        if not (party.name or party.number):
            continue
        span = Presence(party, one.joined_ns, one.left_ns, is_owner=bool(own & users))
        found[key] = _joined(found[key], span) if key in found else span
    return tuple(found.values())[:MOST_PEOPLE]


def named_together(
    session: SessionRoster, owner: Speaker, remote: Party, parties: dict[Participant, Party]
) -> Party:
    """Return the other side of a conference: who was heard at a time, as "A + B + C"."""
    own = _users(owner.participant)
    others = [parties[one] for one in session.together if not own & _users(one)]
    if len(others) < 2:
        return remote
    # Webex knows people by ids of its own: the number that it says besides is that of the first.
    first = remote.number if not is_number(others[0].number) else others[0].number
    numbers = [first, *(one.number for one in others[1:])]
    names = [one.name or number or one.aor for one, number in zip(others, numbers, strict=True)]
    shown = " + ".join(names[:_MOST_NAMES]) + (" + …" if len(names) > _MOST_NAMES else "")
    return Party(first, shown, others[0].aor)


def everyone(session: SessionRoster) -> Iterable[Participant]:
    """Return each participant of whom the others speak."""
    yield from (one.participant for one in session.speakers)
    yield from session.together


def _users(participant: Participant) -> frozenset[str]:
    named = {user.casefold() for user, _ in map(user_and_host, participant.aors) if user}
    return frozenset(named or {participant.participant_id})


def _joined(one: Presence, other: Presence) -> Presence:
    """Join what somebody was under several ids: new ones after a transfer, back after a while."""
    is_there = not one.until_ns or not other.until_ns
    until_ns = 0 if is_there else max(one.until_ns, other.until_ns)
    return Presence(one.party, min(one.from_ns, other.from_ns), until_ns, one.is_owner)
