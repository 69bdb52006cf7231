"""Listening to a call in progress: a supervisor's and an administrator's, gated at every look.

Nothing of it is kept here: whoever listens carries a signed word of what they listen to, and the
recorder holds their place in the call.
"""

from uuid import UUID

from django.core import signing
from django.http import Http404, HttpRequest

from callvault.monitoring.live_calls import LiveOwner
from callvault.policy.permissions import Deed as Right
from callvault.policy.permissions import GlobalRights, RecordingFacts, refusal
from callvault.portal.people.gates import person_of
from callvault.portal.people.models import User
from callvault.portal.recordings.permissions import actor_of

from . import open_listening
from .calls import SeenCall, calls_on, facts_of, look
from .nodes import door_of
from .place import Place
from .recorder import Sound, Unreachable, hear, listen, stop_listening

SALT = "callvault.portal.live.listening"
LONGEST_S = 12 * 3600
"""Whoever listens for longer begins anew."""


def listened_owner(user: User, seen: SeenCall) -> tuple[bool, LiveOwner | None]:
    """Return whether the person may listen to a call, and to the recording of whom."""
    actor = actor_of(user)
    for owner in seen.owners:
        facts = facts_of(owner, user, actor)
        if refusal(Right.LISTEN, actor, facts, GlobalRights()) is None:
            return True, owner
    nobodys = RecordingFacts(owner_id=None, group="")
    may = not seen.call.owners and refusal(Right.LISTEN, actor, nobodys, GlobalRights()) is None
    return may, None


def begin(request: HttpRequest, call_id: UUID) -> str | None:
    """Let the person listen; return by what to ask. None: so many listen already.

    Raises Http404 for a call that is over or not theirs to hear; recorder.Unreachable.
    """
    user = person_of(request)
    found = look(user, is_patient=True)
    seen = _of(found.calls, call_id)
    if seen is None and found.silent:
        raise Unreachable(is_running=True)
    may, owner = listened_owner(user, seen) if seen is not None else (False, None)
    if seen is None or not may:
        raise Http404
    owner_id = owner.user_id if owner is not None else None
    given = listen(door_of(seen.node), call_id, owner_id)
    if given is None:
        return None
    if not isinstance(given, UUID):
        raise Http404
    place = Place(given, call_id, owner_id, seen.call.trunk, seen.node)
    open_listening.begin(request, place)
    return _told(user, place)


def heard(request: HttpRequest, token: str) -> Sound | None:
    """Return what was said since the last time; None: it is over, or no longer theirs to hear.

    Raises Http404 for a word that is not the person's; recorder.Unreachable.
    """
    user = person_of(request)
    place = _place(user, token)
    seen = _of(calls_on(place.node, user), place.call_id)
    may = seen is not None and _still_may(user, seen, place) and open_listening.goes_on(place)
    sound = hear(door_of(place.node), place.listener) if may else None
    if sound is None:
        open_listening.end(place, open_listening.End.OVER)
    return sound


def end(request: HttpRequest, token: str) -> None:
    """Let the person listen no more. Raises Http404; recorder.Unreachable."""
    place = _place(person_of(request), token)
    open_listening.end(place, open_listening.End.LEFT)
    stop_listening(door_of(place.node), place.listener)


def _still_may(user: User, seen: SeenCall, place: Place) -> bool:
    """Whether the one whose recording is heard is still one whom the person may hear."""
    if place.owner is None:
        may, owner = listened_owner(user, seen)
        return may and owner is None
    actor = actor_of(user)
    return any(
        refusal(Right.LISTEN, actor, facts_of(one, user, actor), GlobalRights()) is None
        for one in seen.owners
        if one.user_id == place.owner
    )


def _of(calls: list[SeenCall], call_id: UUID) -> SeenCall | None:
    return next((one for one in calls if one.call.call_id == call_id), None)


def _told(user: User, place: Place) -> str:
    owner = str(place.owner) if place.owner is not None else ""
    ids = [str(one) for one in (user.public_id, place.listener, place.call_id)]
    return signing.dumps([*ids, owner, place.trunk, place.node], salt=SALT)


def _place(user: User, token: str) -> Place:
    try:
        said = signing.loads(token, salt=SALT, max_age=LONGEST_S)
        who, listener, call_id, owner, trunk, node = said
    except (signing.BadSignature, ValueError):
        raise Http404 from None
    if who != str(user.public_id):
        raise Http404
    return Place(UUID(listener), UUID(call_id), UUID(owner) if owner else None, trunk, node)
