"""The preserve flag: set and released by right, with author, level and time."""

from datetime import datetime

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from callvault.policy.permissions import Deed
from callvault.policy.retention import due_at
from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.people.gates import person_of
from callvault.portal.retention.rule import age_of, rule_in_force, system_zone

from .models import Recording
from .permissions import actor_of, recording_locked_for, require

FLAG = ("preserved_level", "preserved_at", "preserved_by_name")


@transaction.atomic
def preserve(request: HttpRequest, recording: Recording) -> Recording:
    """Set the flag at the person's level. Raises Refused, or Http404 for what is gone or hidden."""
    user = person_of(request)
    locked = recording_locked_for(user, recording.recording_id)
    require(user, locked, Deed.PRESERVE)
    standing = actor_of(user).standing
    before = locked.preserved_level
    record(
        request, Action.PRESERVED, kind="recording", object_id=locked.recording_id,
        level=int(standing), before=before,
    )  # fmt: skip
    locked.preserved_level, locked.preserved_at = standing, timezone.now()
    locked.preserved_by_name = user.get_full_name()
    locked.save(update_fields=FLAG)
    return locked


@transaction.atomic
def release(request: HttpRequest, recording: Recording) -> Recording:
    """Take the flag away. Raises Refused, or Http404 for what is gone or hidden."""
    user = person_of(request)
    locked = recording_locked_for(user, recording.recording_id)
    require(user, locked, Deed.RELEASE)
    record(
        request, Action.RELEASED, kind="recording", object_id=locked.recording_id,
        level=locked.preserved_level, preserved_by=locked.preserved_by_name,
    )  # fmt: skip
    locked.preserved_level = locked.preserved_at = None
    locked.preserved_by_name = ""
    locked.save(update_fields=FLAG)
    return locked


def preserved_until(recording: Recording) -> datetime | None:
    """Return until when the flag keeps it; None: until it is released."""
    return due_at(age_of(recording), rule_in_force(), zone=system_zone())
