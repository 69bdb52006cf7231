"""The one gate: what a person may do with which recording (USER-4 to USER-7).

Lists, search, page, player, download, deeds and every later face start from
`recordings_visible_to`; the rules themselves are pure (`policy.permissions`). A test forbids
`Recording.objects` anywhere else.
"""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404

from callvault.policy import permissions as rules
from callvault.policy.permissions import Deed, GlobalRights, Refusal
from callvault.portal.configuration.rights import rights_in_force
from callvault.portal.people.models import User

from .models import Note, Recording


class Refused(PermissionDenied):
    """The person may see the recording, and not do this with it: answered 403."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


def actor_of(user: User) -> rules.Actor:
    """Return the person as the rules know people."""
    return rules.Actor(
        user_id=user.pk,
        level=rules.Level(user.level),
        group=user.group,
        additional_groups=frozenset(user.additional_groups.split(";")),
        is_active=user.is_active,
    )


def facts_of(recording: Recording) -> rules.RecordingFacts:
    """Return the recording as the rules know it."""
    preserved_by = recording.preserved_level
    return rules.RecordingFacts(
        owner_id=recording.owner_id,
        group=recording.owner_group,
        preserved_by=rules.Level(preserved_by) if preserved_by is not None else None,
        is_held=recording.is_held,
    )


def recordings_visible_to(user: User) -> QuerySet[Recording]:
    """Return what the person may know of (`rules.sees`): the own, those of groups, or all."""
    actor = actor_of(user)
    if not actor.is_active or actor.standing < rules.Level.BASE:
        return Recording.objects.none()
    if actor.standing >= rules.Level.ADMINISTRATOR:
        return Recording.objects.all()
    own = Q(owner=user)
    if actor.groups_seen:
        return Recording.objects.filter(own | Q(owner_group__in=sorted(actor.groups_seen)))
    return Recording.objects.filter(own)


def own_recordings_of(user: User) -> QuerySet[Recording]:
    """Return the recordings whose owner the person is."""
    return recordings_visible_to(user).filter(owner=user)


def recording_visible_to(user: User, recording_id: UUID) -> Recording:
    """Return one recording. A stranger gets Http404, as for one that does not exist."""
    recording = recordings_visible_to(user).filter(recording_id=recording_id).first()
    if recording is None:
        raise Http404
    return recording


def refusal_of(
    user: User,
    recording: Recording,
    deed: Deed,
    *,
    note: Note | None = None,
    rights: GlobalRights | None = None,
) -> Refusal | None:
    """Return why the person may not do it; None: allowed. Pass `rights` to ask for them once."""
    return rules.refusal(
        deed,
        actor_of(user),
        facts_of(recording),
        rights or rights_in_force(),
        note=rules.NoteFacts(note.author_id, rules.Level(note.level)) if note else None,
    )


def require(user: User, recording: Recording, deed: Deed, *, note: Note | None = None) -> None:
    """Raise Http404 for what the person may not know of, and Refused for what is not allowed."""
    refusal = refusal_of(user, recording, deed, note=note)
    if refusal is Refusal.NOT_SEEN:
        raise Http404
    if refusal is not None:
        raise Refused(refusal)


def recording_locked_for(user: User, recording_id: UUID) -> Recording:
    """Return a recording that nobody else changes until the end of the transaction.

    A stranger gets Http404, and so does who comes after its deletion.
    """
    rows = recordings_visible_to(user).select_for_update(of=("self",))
    recording = rows.filter(recording_id=recording_id).first()
    if recording is None:
        raise Http404
    return recording


def may_play(user: User, recording: Recording) -> bool:
    """Whether the person may hear it: who sees a recording may play it."""
    return refusal_of(user, recording, Deed.PLAY) is None


def may_download(user: User, recording: Recording) -> bool:
    """Whether the person may take the file away (USER-7): a level, within what may be played."""
    return refusal_of(user, recording, Deed.DOWNLOAD) is None


def may_read_signalling(user: User) -> bool:
    """Whether the person may read raw messages: they name people beside the two parties."""
    return user.is_supervisor


def recordings_in_catalogue() -> QuerySet[Recording]:
    """Return every recording, for the worker that lists them. Never for a request."""
    return Recording.objects.all()
