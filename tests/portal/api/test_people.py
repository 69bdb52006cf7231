"""People by the API."""

from typing import Any

import pytest
from django.db import IntegrityError

from callvault.portal.audit.models import AuditEntry
from callvault.portal.configuration.models import PilotNumbers, PolicyRevision, SystemCapacity
from callvault.portal.people import saving
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording

from .conftest import Caller, Calling

pytestmark = pytest.mark.django_db

NEW = {"username": "bea", "first_name": "Bea", "extension": "2044", "group": "sales"}


@pytest.fixture
def administrator(rita: User, calling: Calling) -> Caller:
    """A program of Rita's."""
    return calling(rita)


def test_people_may_share_an_extension_by_their_ids_but_not_have_a_pilot(
    administrator: Caller, ann: User
) -> None:
    PilotNumbers.objects.create(recording_prefix="8400")
    first = administrator("PATCH", f"/people/{ann.public_id}", {"numeric_user_id": "1"})
    assert first.json()["numeric_user_id"] == "1"
    shared = NEW | {"extension": ann.extension}
    same = administrator("POST", "/people", shared | {"numeric_user_id": "1"})
    assert same.json()["errors"][0]["detail"] == "1 already belongs to Ann Keller."
    made = administrator("POST", "/people", shared | {"numeric_partition_id": "007"})
    assert (made.status_code, made.json()["numeric_partition_id"]) == (201, "007")
    taken = administrator("PATCH", f"/people/{ann.public_id}", {"alias": "84001"})
    assert taken.status_code == 422
    assert taken.json()["errors"][0] == {
        "in": "body",
        "pointer": "/alias",
        "detail": "84001 is a number of the recorder: the recording pilot is 8400.",
    }


@pytest.mark.parametrize("who", ["ann", "sam", "otto"])
def test_only_administrators(request: pytest.FixtureRequest, calling: Calling, who: str) -> None:
    caller = calling(request.getfixturevalue(who))
    assert caller("GET", "/people").status_code == 403
    assert caller("POST", "/people", NEW).status_code == 403


def test_a_person_is_created_changed_and_deactivated(administrator: Caller) -> None:
    made = administrator("POST", "/people", NEW | {"additional_groups": ["claims", "depot"]})
    assert made.status_code == 201, made.content
    person = made.json()
    assert (person["level"], person["additional_groups"]) == ("base", ["claims", "depot"])
    revision = PolicyRevision.current()
    path = f"/people/{person['id']}"
    changed = administrator("PATCH", path, {"last_name": "Vega", "level": "group_supervisor"})
    assert (changed.json()["mode"], person["mode"]) == ("", "")
    changed = administrator("PATCH", path, {"mode": "never"})
    assert changed.json()["mode"] == "never"
    assert changed.json()["last_name"] == "Vega"
    assert changed.json()["extension"] == "2044"  # what is left out stays
    assert PolicyRevision.current() > revision
    assert administrator("PATCH", path, {"is_active": False}).json()["is_active"] is False
    assert administrator("GET", path).json()["is_active"] is False
    entry = AuditEntry.objects.get(action="person_created")
    assert entry.detail["token"] == str(administrator.row.public_id)
    assert not User.objects.get(username="bea").has_usable_password()


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (NEW | {"extension": "20 x"}, "/extension"),
        (NEW | {"username": "a b"}, "/username"),
        (NEW | {"username": "RITA"}, "/username"),
        (NEW | {"level": "root"}, "/level"),
        (NEW | {"mode": "sometimes"}, "/mode"),
        (NEW | {"password": "x"}, "/password"),
        (NEW | {"group": "a;b"}, "/group"),
        (NEW | {"first_name": "a\0b"}, "/first_name"),
        (NEW | {"first_name": "a" * 151}, "/first_name"),
        ({"first_name": "Bea"}, "/username"),
        (NEW | {"group": "", "level": "group_supervisor"}, "/group"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    administrator: Caller, body: dict[str, Any], pointer: str
) -> None:
    answer = administrator("POST", "/people", body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert User.objects.count() == 1


@pytest.mark.parametrize("field", ["is_active", "level"])
def test_what_cannot_be_empty_is_not_emptied(administrator: Caller, ann: User, field: str) -> None:
    answer = administrator("PATCH", f"/people/{ann.public_id}", {field: None})
    assert answer.json()["errors"][0]["pointer"] == f"/{field}"
    ann.refresh_from_db()
    assert ann.is_active


def test_nobody_takes_their_own_rights_away(administrator: Caller, rita: User) -> None:
    answer = administrator("PATCH", f"/people/{rita.public_id}", {"level": "base"})
    assert answer.json()["errors"][0]["pointer"] == "/level"


def test_people_are_listed_and_found(administrator: Caller, ann: User, sam: User) -> None:
    page = administrator("GET", "/people?limit=2").json()
    assert [one["username"] for one in page["items"]] == ["ann", "rita"]
    rest = administrator("GET", f"/people?limit=2&after={page['next']}").json()
    assert ([one["username"] for one in rest["items"]], rest["next"]) == (["sam"], None)
    found = administrator("GET", "/people?q=kell").json()
    assert [one["username"] for one in found["items"]] == ["ann"]
    assert administrator("GET", "/people?active=false").json()["items"] == []


def test_a_person_is_deleted_and_the_recordings_stay(
    administrator: Caller, ann: User, anns_recording: Recording
) -> None:
    revision = PolicyRevision.current()
    assert administrator("DELETE", f"/people/{ann.public_id}").status_code == 204
    assert administrator("GET", f"/people/{ann.public_id}").status_code == 404
    assert administrator("DELETE", f"/people/{ann.public_id}").status_code == 404
    (row,) = administrator("GET", "/recordings").json()["items"]
    assert (row["owner_id"], row["owner_name"]) == (None, anns_recording.owner_name)
    entry = AuditEntry.objects.get(action="person_deleted")
    assert entry.detail["user"] == "ann"
    assert entry.detail["token"] == str(administrator.row.public_id)
    assert PolicyRevision.current() > revision


def test_nobody_deletes_themselves_nor_without_the_scope(
    administrator: Caller, rita: User, ann: User, calling: Calling
) -> None:
    answer = administrator("DELETE", f"/people/{rita.public_id}")
    assert (answer.status_code, answer.json()["code"]) == (409, "oneself")
    weaker = calling(rita, "people:write")("DELETE", f"/people/{ann.public_id}")
    assert weaker.json()["code"] == "scope_missing"
    assert calling(ann)("DELETE", f"/people/{rita.public_id}").status_code == 403
    assert User.objects.count() == 2


def test_the_last_administrator_is_not_deleted(
    administrator: Caller, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another request may take the caller's own level away meanwhile."""
    monkeypatch.setattr(saving, "is_last_administrator", lambda person: person.pk == ann.pk)
    answer = administrator("DELETE", f"/people/{ann.public_id}")
    assert (answer.status_code, answer.json()["code"]) == (409, "last_administrator")
    assert User.objects.filter(pk=ann.pk).exists()


def test_nobody_is_enabled_beyond_the_capacity(administrator: Caller) -> None:
    most = User.objects.filter(is_active=True).count()
    SystemCapacity.objects.create(model="users", most_users=most)
    refused = administrator("POST", "/people", NEW)
    assert refused.status_code == 422
    assert f"{most} enabled people" in refused.content.decode()
    assert administrator("POST", "/people", NEW | {"is_active": False}).status_code == 201


@pytest.mark.parametrize("is_new", [True, False])
def test_a_name_that_is_taken_while_it_is_saved_is_a_problem_and_no_fault(
    administrator: Caller, ann: User, monkeypatch: pytest.MonkeyPatch, *, is_new: bool
) -> None:
    def taken_meanwhile(*_: object) -> None:
        User.objects.create(username="bea")
        raise IntegrityError

    name = "add_person" if is_new else "change_person"
    monkeypatch.setattr(saving, name, taken_meanwhile)
    method, path = ("POST", "/people") if is_new else ("PATCH", f"/people/{ann.public_id}")
    answer = administrator(method, path, NEW)
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/username"]

    def given_back(*_: object) -> None:
        raise IntegrityError

    User.objects.filter(username="bea").delete()
    monkeypatch.setattr(saving, name, given_back)
    answer = administrator(method, path, NEW)
    assert (answer.status_code, answer.json()["code"]) == (409, "taken")
