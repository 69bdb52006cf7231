"""A draft of the recording filters, tried by the API."""

from typing import Any

import pytest
from django.utils import timezone

from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.configuration.models import PolicyRevision
from callvault.portal.people.models import User
from tests.portal.catalogue_facts import Spoken, list_recording

from .conftest import Calling

pytestmark = pytest.mark.django_db


def test_a_draft_is_tried_and_nothing_is_saved(rita: User, ann: User, calling: Calling) -> None:
    recording = list_recording(ann, Spoken(started_at=timezone.now()))
    assert recording.call is not None
    revision = PolicyRevision.current()
    draft = {"system": {"black_list": ["+1555!"]}, "plan": {"country_code": "1"}}
    said = calling(rita)("POST", "/filters/try", draft).json()
    assert (said["calls"], said["is_cut"], said["counts"]["newly_filtered"]) == (1, False, 1)
    assert said["rules"] == [
        {
            **{"rule": "black_list", "value": "+1555!", "scope": "system", "of": ""},
            **{"then": 0, "now": 1},
        }
    ]
    (changed,) = said["changes"]
    assert changed["call_id"] == str(recording.call.event_id)
    assert (changed["change"], changed["username"]) == ("newly_filtered", "ann")
    assert "+1555!" in changed["reason"]
    assert PolicyRevision.current() == revision
    entry = AuditEntry.objects.get(action=Action.SEARCHED)
    assert entry.detail["where"] == "filters_tried"


@pytest.mark.parametrize("whose", ["groups", "people"])
def test_rules_of_a_group_or_a_person_go_before_the_systems(
    rita: User, ann: User, calling: Calling, whose: str
) -> None:
    recording = list_recording(ann, Spoken(started_at=timezone.now()))
    key = recording.owner_group if whose == "groups" else str(ann.public_id)
    draft = {"system": {"directions": "out"}, whose: {key: {"directions": "in"}}}
    said = calling(rita)("POST", "/filters/try", draft).json()
    assert said["counts"]["still_recorded"] == 1


def test_what_is_not_sent_is_as_in_force(rita: User, ann: User, calling: Calling) -> None:
    list_recording(ann, Spoken(started_at=timezone.now()))
    said = calling(rita)("POST", "/filters/try", {}).json()
    assert (said["calls"], said["changes"]) == (1, [])


@pytest.mark.parametrize(
    "draft",
    [
        {"days": 0},
        {"days": 91},
        {"system": {"black_list": ["7!0"]}},
        {"system": {"black_list": ["1" * 65]}},
        {"system": {"directions": "up"}},
        {"people": {"ann": {}}},
        {"plan": {"country_code": "+39"}},
        {"filters": {}},
    ],
)
def test_a_draft_that_is_none_is_refused(
    rita: User, calling: Calling, draft: dict[str, Any]
) -> None:
    answer = calling(rita)("POST", "/filters/try", draft)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def test_only_administrators_try(sam: User, calling: Calling) -> None:
    assert calling(sam)("POST", "/filters/try", {}).status_code == 403
