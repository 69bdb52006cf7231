"""What people did with their calls by phone, in the audit log: by keys, and by the pilot.

The same deeds as those by page and API, with the same actions; `means` says how. The worker writes
them, seconds later while the catalogue is in reach: `done_at` says when it was.
"""

import logging
from uuid import UUID

from django.db import transaction

from callvault.clock import utc_from_ns
from callvault.monitoring import asked
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.people.models import User
from callvault.portal.storable import storable
from callvault.spool.entries import NodeEvent

logger = logging.getLogger(__name__)

_ACTIONS: dict[asked.Deed, Action] = {
    "pause": Action.CALL_PAUSED,
    "resume": Action.CALL_RESUMED,
    "start": Action.CALL_STARTED,
    "stop": Action.CALL_STOPPED,
    "keep": Action.CALL_KEPT,
    "drop": Action.CALL_DROPPED,
}


@transaction.atomic
def write(event: NodeEvent) -> None:
    """Write a deed down, once however often its event is read."""
    told = asked.read(event.values)
    if told is None:
        logger.warning("event %s is of another version, and not in the audit log", event.event_id)
        return
    action, event_id = _ACTIONS[told.deed], str(event.event_id)
    before = AuditEntry.objects.filter(object_kind="call", object_id=told.journal, action=action)
    if before.filter(detail__event=event_id).exists():
        return
    AuditEntry.objects.create(
        actor=_person(told.owner),
        actor_name=told.username[:150],
        action=action,
        object_kind="call",
        object_id=told.journal,
        detail=storable(
            {
                "owners": [told.owner],
                "trunk": told.trunk,
                "is_on_disk": told.on_disk == "yes",
                "means": told.means,
                "done_at": f"{utc_from_ns(event.at_ns):%Y-%m-%dT%H:%M:%SZ}",
                "event": event_id,
            }
        ),
    )


def _person(owner: str) -> User | None:
    try:
        return User.objects.filter(public_id=UUID(owner)).first()
    except ValueError:
        return None
