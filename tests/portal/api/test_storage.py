"""Where recordings are kept, by the API."""

import pytest

from callvault.portal.people.models import User
from callvault.portal.storage.models import Kind, Move, StorageLocation
from tests.portal.catalogue_facts import list_recording

from .conftest import Calling

pytestmark = pytest.mark.django_db
PATH = "/settings/storage"


@pytest.fixture
def nas(db: None) -> StorageLocation:
    row = StorageLocation(name="Archive NAS", kind=Kind.SMB, share=r"\\files\calls", username="u")
    row.secret = "the share's password"
    row.save()
    return row


def test_places_are_read_and_chosen(calling: Calling, rita: User, nas: StorageLocation) -> None:
    call = calling(rita, "settings:read", "settings:write")
    told = call("GET", PATH).json()
    assert [(one["kind"], one["takes_new"]) for one in told["places"]] == [
        ("local", True), ("smb", False),
    ]  # fmt: skip
    assert "password" not in str(told)
    answer = call("PUT", f"{PATH}/current", {"location_id": str(nas.public_id)})
    assert answer.json()["places"][1]["takes_new"] is True
    assert StorageLocation.current() == nas
    unknown = call(
        "PUT", f"{PATH}/current", {"location_id": "0" * 8 + "-0000-4000-8000-" + "0" * 12}
    )
    assert unknown.status_code == 404


def test_moving_is_begun_paused_and_stopped(
    calling: Calling, rita: User, ann: User, nas: StorageLocation
) -> None:
    list_recording(ann)
    call = calling(rita, "settings:read", "settings:write")
    wanted = {"source": None, "target": str(nas.public_id)}
    assert call("POST", f"{PATH}/moving", wanted | {"target": None}).status_code == 422
    begun = call("POST", f"{PATH}/moving", wanted)
    assert begun.status_code == 201
    assert begun.json()["moving"]["total"] == 1
    assert call("POST", f"{PATH}/moving", wanted).status_code == 409
    for state in ("paused", "running", "stopped"):
        told = call("PATCH", f"{PATH}/moving", {"state": state}).json()
        assert told["moving"]["state"] == state
    assert call("PATCH", f"{PATH}/moving", {"state": "paused"}).status_code == 409


def test_what_failed_is_told_and_tried_again(
    calling: Calling, rita: User, ann: User, nas: StorageLocation
) -> None:
    StorageLocation.objects.update(is_current=True)
    recording = list_recording(ann)
    Move.objects.update(has_failed=True, problem="the object is not what was sealed")
    call = calling(rita, "settings:read", "settings:write")
    assert call("GET", PATH).json()["failed"] == [
        {
            "recording_id": str(recording.recording_id),
            "problem": "the object is not what was sealed",
        }
    ]
    assert call("POST", f"{PATH}/moving/retry").json() == {"recordings": 1}
    assert not Move.objects.filter(has_failed=True).exists()


def test_only_administrators_read_it(calling: Calling, sam: User) -> None:
    assert calling(sam, "settings:read")("GET", PATH).status_code == 403
