"""Writing audit entries, always in the transaction of the deed.

`record` is called before the deed takes effect: where its row cannot be written, nothing is
played, downloaded or changed.
"""

from datetime import timedelta

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from callvault.portal.people.models import User

from .models import Action, AuditEntry


def record(
    request: HttpRequest,
    action: Action,
    *,
    kind: str = "",
    object_id: object = "",
    actor: User | None = None,
    **detail: object,
) -> AuditEntry:
    """Write what somebody does (the signed-in person unless `actor` says it), on which object.

    `detail` is what JSON can hold; telephone numbers and secrets do not go into it.
    """
    signed_in = getattr(request, "user", None)  # not there yet while somebody signs in
    if actor is None and isinstance(signed_in, User):
        actor = signed_in
    return AuditEntry.objects.create(
        actor=actor,
        actor_name=actor.username if actor else "",
        address=request.META.get("REMOTE_ADDR") or None,
        action=action,
        object_kind=kind,
        object_id=str(object_id),
        detail=detail,
    )


def record_once(
    request: HttpRequest, action: Action, *, kind: str, object_id: object, within: timedelta
) -> None:
    """Write the deed unless the same person did the same within this time.

    A player fetches one recording in many ranges; that is one playing, not many.
    """
    since = timezone.now() - within
    done = AuditEntry.objects.filter(
        object_kind=kind,
        object_id=str(object_id),
        at__gte=since,
        action=action,
        actor_id=request.user.pk,
    )
    with transaction.atomic():
        if not done.exists():
            record(request, action, kind=kind, object_id=object_id)
