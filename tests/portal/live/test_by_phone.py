"""What keys and calls to the pilot did is in the audit log, as what is done by page is."""

from uuid import UUID

import pytest
from django.test import Client

from callvault.monitoring.asked import KIND, AskedByPhone, Deed, Means
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.catalogue import DjangoCatalogue
from callvault.portal.decisions import models as decisions
from callvault.portal.people.models import User
from callvault.spool.entries import NodeEvent

pytestmark = pytest.mark.django_db
CALL = UUID(int=5)
AT_NS = 1_795_442_730_000_000_000


def told(
    person: User, deed: Deed = "pause", means: Means = "keypad", *, number: int = 1
) -> NodeEvent:
    owner = str(person.public_id)
    asked = AskedByPhone(deed, means, owner, person.username, str(CALL), "Main SBC")
    return NodeEvent(AT_NS, UUID(int=number), KIND, "info", asked.values())


@pytest.mark.parametrize(
    ("deed", "means", "action"),
    [
        ("pause", "keypad", Action.CALL_PAUSED),
        ("resume", "keypad", Action.CALL_RESUMED),
        ("start", "keypad", Action.CALL_STARTED),
        ("stop", "keypad", Action.CALL_STOPPED),
        ("drop", "keypad", Action.CALL_DROPPED),
        ("keep", "pilot", Action.CALL_KEPT),
    ],
)
def test_a_deed_by_phone_is_written_once_with_who_and_how(
    ann: User, deed: Deed, means: Means, action: Action
) -> None:
    for _ in range(2):  # a worker may read it again
        DjangoCatalogue().add_node_event(told(ann, deed, means), node="rec-1")
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.actor_name, entry.action) == (ann, "ann", action)
    assert (entry.object_kind, entry.object_id, entry.address) == ("call", str(CALL), None)
    assert entry.detail == {
        "owners": [str(ann.public_id)],
        "trunk": "Main SBC",
        "is_on_disk": True,
        "means": means,
        "done_at": "2026-11-23T14:05:30Z",
        "event": str(UUID(int=1)),
    }
    assert not decisions.NodeEvent.objects.exists()  # it is none of the nodes' reports


def test_the_same_pressed_again_is_another_deed(ann: User, rita_client: Client) -> None:
    for number in (1, 2):
        DjangoCatalogue().add_node_event(told(ann, number=number), node="rec-1")
    assert AuditEntry.objects.filter(action=Action.CALL_PAUSED).count() == 2
    assert "Ann Keller" in rita_client.get("/audit/").content.decode()


def test_what_another_version_tells_holds_nothing_up(ann: User) -> None:
    event = NodeEvent(AT_NS, UUID(int=1), KIND, "info", {"deed": "juggle"})
    DjangoCatalogue().add_node_event(event, node="rec-1")
    assert not AuditEntry.objects.exists()
