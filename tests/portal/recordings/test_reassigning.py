"""Recordings given to another owner (IDENT-4)."""

from typing import ClassVar

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.test import Client

from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.catalogue import DjangoCatalogue
from callvault.portal.people.models import User
from callvault.portal.people.sources import Source
from callvault.portal.recordings.models import Recording
from callvault.portal.recordings.permissions import recordings_visible_to
from callvault.portal.recordings.reassigning import others_of_number, reassign
from tests.portal.acting import request_of
from tests.portal.catalogue_facts import Spoken, call_facts, list_recording, recording_facts
from tests.portal.gated import GatedViewTest, check_policy

pytestmark = pytest.mark.django_db
ASSIGN = "/recordings/assign"


class TestAssign(GatedViewTest):
    """For administrators."""

    url: ClassVar[str] = f"{ASSIGN}?recording={{id}}"


def assigned(client: Client, recording: Recording, to: str, **sent: str) -> int:
    fields = {"recording": str(recording.recording_id), "username": to, "confirmed": "1", **sent}
    return client.post(ASSIGN, fields).status_code


def seen_by(user: User) -> list[str]:
    rows = recordings_visible_to(user).order_by("record_number")
    return [str(one.recording_id) for one in rows]


def test_a_recording_passes_to_its_new_owner_and_their_group(
    rita_client: Client, anns_recording: Recording, ann: User, otto: User, sam: User
) -> None:
    recording_id = str(anns_recording.recording_id)
    sealed = anns_recording.objects_sealed
    User.objects.filter(pk=otto.pk).update(group="depot")
    assert assigned(rita_client, anns_recording, "OTTO") == 302
    stored = Recording.objects.get(pk=anns_recording.pk)
    assert (stored.owner_id, stored.owner_username, stored.owner_group) == (
        otto.pk,
        "otto",
        "depot",
    )
    assert stored.objects_sealed == sealed
    assert [seen_by(one) for one in (ann, sam)] == [[], []]
    assert seen_by(User.objects.get(pk=otto.pk)) == [recording_id]
    entry = AuditEntry.objects.get(action=Action.REASSIGNED)
    assert (entry.object_id, entry.detail) == (
        recording_id,
        {"old": {"owner": "ann", "group": "sales"}, "new": {"owner": "otto", "group": "depot"}},
    )
    page = rita_client.get(f"/recordings/{recording_id}/")
    check_policy(page)
    assert f"Assigned to {otto.get_full_name()}".encode() in page.content
    assert b"Before: Ann Keller" in page.content
    found = rita_client.get("/recordings/", {"q": otto.last_name})
    assert recording_id.encode() in found.content
    assert assigned(rita_client, stored, "ann") == 302  # and back again
    assert seen_by(ann) == [recording_id]
    assert AuditEntry.objects.filter(action=Action.REASSIGNED).count() == 2


def test_finishing_the_call_once_more_leaves_the_new_owner(
    rita: User, ann: User, otto: User
) -> None:
    facts = recording_facts(ann, Spoken())
    DjangoCatalogue().add_call(call_facts(facts), (facts,))
    row = Recording.objects.get()
    reassign(request_of(rita), row, otto)
    DjangoCatalogue().add_call(call_facts(facts), (facts,))
    row.refresh_from_db()
    assert (row.owner_id, row.owner_username) == (otto.pk, "otto")
    assert "otto" in row.names_folded


def test_nothing_is_given_to_nobody_and_to_the_owner_nothing_changes(
    rita_client: Client, anns_recording: Recording
) -> None:
    assert assigned(rita_client, anns_recording, "nobody") == 422
    assert assigned(rita_client, anns_recording, "") == 422
    assert assigned(rita_client, anns_recording, "ann") == 302
    assert not AuditEntry.objects.filter(action=Action.REASSIGNED).exists()


def test_only_administrators_may(
    anns_recording: Recording, ann: User, sam: User, otto: User
) -> None:
    for who in (ann, sam):
        with pytest.raises(PermissionDenied):
            reassign(request_of(who), anns_recording, who)
    with pytest.raises(Http404):
        reassign(request_of(otto), anns_recording, otto)
    page = Client()
    page.force_login(sam)
    shown = page.get(f"/recordings/{anns_recording.recording_id}/").content
    assert b"/recordings/assign" not in shown


def test_all_without_assignee_of_a_number_go_together(
    rita_client: Client, rita: User, ann: User
) -> None:
    nobody = User.objects.create_user(
        "catch-all", last_name="Without assignee", source=Source.CATCH_ALL, is_active=False
    )
    rows = [list_recording(nobody) for _ in range(3)]
    for row, number in zip(rows, ("7777", "7777", "9999"), strict=True):
        Recording.objects.filter(pk=row.pk).update(local_number=number)
    assert others_of_number(rita, [list_recording(ann)]) == []
    page = rita_client.get(ASSIGN, {"recording": str(rows[0].recording_id)})
    assert b"The other recording without assignee of the same number" in page.content
    assert assigned(rita_client, rows[0], "ann", others="1") == 302
    owners = Recording.objects.filter(pk__in=[one.pk for one in rows]).order_by("pk")
    assert [one.owner_username for one in owners] == ["ann", "ann", "catch-all"]
