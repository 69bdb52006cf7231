"""The one gate: which recordings a person may see, play and download (USER-4, USER-5).

Lists, search, page, player, download and every later face start from `recordings_visible_to`.
A test forbids `Recording.objects` anywhere else.
"""

from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import Http404

from callvault.portal.configuration.models import SystemSettings
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User

from .models import Recording


def recordings_visible_to(user: User) -> QuerySet[Recording]:
    """Return what the person may know of: own recordings, those of own groups, or all."""
    if not user.is_active or user.level < Level.BASE:
        return Recording.objects.none()
    if user.is_administrator:
        return Recording.objects.all()
    own = Q(owner=user)
    if user.is_supervisor:
        return Recording.objects.filter(own | Q(owner_group__in=sorted(user.groups_seen)))
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


def may_play(user: User, recording: Recording) -> bool:
    """Whether the person may hear it: who sees a recording may play it."""
    return recordings_visible_to(user).filter(pk=recording.pk).exists()


def may_download(user: User, recording: Recording) -> bool:
    """Whether the person may take the file away (USER-7): a level, within what may be played."""
    return user.level >= SystemSettings.load().download_level and may_play(user, recording)


def may_read_signalling(user: User) -> bool:
    """Whether the person may read raw messages: they name people beside the two parties."""
    return user.is_supervisor


def recordings_in_catalogue() -> QuerySet[Recording]:
    """Return every recording, for the worker that lists them. Never for a request."""
    return Recording.objects.all()
