"""What the demo portal's people did, in the audit log; it and the log of recordings are checked."""

from pathlib import Path

from django.conf import settings
from django.utils import timezone

from callvault.portal.audit.anchor import FILE_NAME
from callvault.portal.audit.keeper import Keeper
from callvault.portal.audit.log import record_command
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.integrity import remembered
from callvault.portal.integrity.keeper import IntegrityKeeper
from callvault.portal.people.models import User
from callvault.portal.recordings.permissions import recordings_in_catalogue
from callvault.vault import audit_key, audit_keys
from tools.demo_portal import facts

_CHANGED = {
    "fields": ["additional_groups", "group"],
    "old": {"group": "Claims", "additional_groups": ""},
    "new": {"group": "Sales", "additional_groups": "Claims; Depot"},
}


def fill(key_folder: Path) -> None:
    """Let some be done, chain it, and check it."""
    rita = User.objects.get(username="rita.marsh")
    ann = User.objects.get(username="ann.keller")
    record_command(Action.ONE_TIME_PASSWORD_SET, kind="person", object_id=rita.public_id)
    _deed(rita, Action.SIGNED_IN, "192.0.2.31", "person", rita.public_id)
    _deed(ann, Action.SIGNED_IN, "2001:db8:20::31", "person", ann.public_id)
    for row in recordings_in_catalogue().order_by("record_number")[:3]:
        _deed(ann, Action.PLAYED, "2001:db8:20::31", "recording", row.recording_id)
    _deed(None, Action.SIGN_IN_FAILED, "203.0.113.9", "person", "")
    _deed(rita, Action.PERSON_CHANGED, "192.0.2.31", "person", ann.public_id, **_CHANGED)
    key, keys, now = audit_key(key_folder), audit_keys(key_folder), timezone.now()
    Keeper(facts.NODE, key, keys, settings.DATA_FOLDER / FILE_NAME).step(now=now)
    log = IntegrityKeeper(facts.NODE, key, keys, settings.DATA_FOLDER / remembered.FILE_NAME)
    for _ in range(3):  # a step a day, and one for the end
        log.step(now=now)


def _deed(
    who: User | None, action: Action, address: str, kind: str, about: object, **detail: object
) -> None:
    AuditEntry.objects.create(
        actor=who,
        actor_name=who.username if who else "",
        action=action,
        address=address,
        object_kind=kind,
        object_id=str(about),
        detail=detail,
    )
