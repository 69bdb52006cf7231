"""Why a recording broke off while it played: its audio compared with what was sealed.

A player is only told that bytes stopped coming. It asks here, and gets 204 for audio that is what
was sealed, or what is wrong; `changed` tells tampering from a file or key that is away.
"""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from callvault.errors import SealBroken, VaultError
from callvault.portal.people.gates import person_of
from callvault.vault import ObjectKind

from .media import KEEP_NOWHERE, title_of
from .models import Recording
from .permissions import may_play, recording_visible_to
from .vault_access import open_object


@require_safe
def integrity(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    """Open every part of the audio; its seals and its length say whether it is what it was."""
    recording = recording_visible_to(person_of(request), recording_id)
    if not may_play(person_of(request), recording):
        raise PermissionDenied
    try:
        _read_through(recording)
    except VaultError as error:
        response: HttpResponse = JsonResponse(
            {"title": title_of(error), "changed": isinstance(error, SealBroken)},
            status=409 if error.permanent else 503,
        )
    else:
        response = HttpResponse(status=204)
    response["Cache-Control"] = KEEP_NOWHERE
    return response


def _read_through(recording: Recording) -> None:
    """Raise VaultError if the audio is not there, not opened, or not what was sealed."""
    with open_object(recording, ObjectKind.AUDIO) as reader:
        length = sum(map(len, reader.chunks()))
        if length != reader.size:
            raise SealBroken("shorter than it was", object_id=str(recording.recording_id))
