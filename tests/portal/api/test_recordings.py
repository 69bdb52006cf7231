"""Recordings by the API."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from callvault.portal.audit.log import number_reference
from callvault.portal.audit.models import AuditEntry
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from tests.portal.catalogue_facts import list_recording

from .conftest import Calling

pytestmark = pytest.mark.django_db


def path_of(recording: Recording, rest: str = "") -> str:
    return f"/recordings/{recording.recording_id}{rest}"


def ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [one["id"] for one in answer.json()["items"]]


@pytest.mark.parametrize(
    ("who", "sees"), [("ann", True), ("sam", True), ("rita", True), ("otto", False)]
)
def test_everything_goes_through_the_gate(
    request: pytest.FixtureRequest,
    anns_recording: Recording,
    calling: Calling,
    who: str,
    *,
    sees: bool,
) -> None:
    caller = calling(request.getfixturevalue(who))
    assert bool(ids(caller("GET", "/recordings"))) is sees
    for method, rest in (
        ("GET", ""), ("GET", "/audio"), ("GET", "/notes"), ("PUT", "/preserved"),
    ):  # fmt: skip
        status = caller(method, path_of(anns_recording, rest)).status_code
        assert (status != 404) is sees, (method, rest)


def test_what_an_administrator_looks_for_is_written_down(
    rita: User, ann: User, calling: Calling
) -> None:
    calling(rita)("GET", "/recordings")
    calling(ann)("GET", "/recordings?q=%2B15550142")
    assert not AuditEntry.objects.filter(action="searched").exists()
    caller = calling(rita, name="search")
    for limit in (1, 2):
        caller("GET", f"/recordings?q=%2B15550142&direction=in&limit={limit}")
    entry = AuditEntry.objects.get(action="searched")
    assert entry.detail == {
        "where": "recordings",
        "asked": {"text": number_reference("+15550142"), "directions": ["in"]},
        "token": str(caller.row.public_id),
    }


def test_a_recording_has_random_ids_and_utc_times(
    ann: User, anns_recording: Recording, calling: Calling
) -> None:
    told = calling(ann)("GET", path_of(anns_recording)).json()
    assert told["id"] == str(anns_recording.recording_id)
    assert told["owner_id"] == str(ann.public_id)
    assert told["started_at"].endswith("Z")
    assert datetime.fromisoformat(told["started_at"]) == anns_recording.started_at.replace(
        microsecond=anns_recording.started_at.microsecond // 1000 * 1000
    )
    assert str(anns_recording.record_number) not in map(str, told.values())
    assert told["may"] == ["play", "download", "add_note", "preserve"]


@pytest.fixture
def many(ann: User) -> list[Recording]:
    """Five recordings."""
    return [list_recording(ann) for _ in range(5)]


def test_pages_follow_each_other_to_the_end(
    ann: User, many: list[Recording], calling: Calling
) -> None:
    caller = calling(ann)
    found: list[str] = []
    address = "/recordings?limit=2"
    while True:
        page = caller("GET", address).json()
        found += [one["id"] for one in page["items"]]
        if page["next"] is None:
            break
        address = f"/recordings?limit=2&after={page['next']}"
    assert len(found) == len(set(found)) == 5


def test_filters_are_those_of_the_portal(
    ann: User, anns_recording: Recording, calling: Calling
) -> None:
    caller = calling(ann)
    row = anns_recording
    later = (row.started_at + timedelta(seconds=1)).isoformat().replace("+00:00", "Z")
    for query, is_found in (
        (f"direction={row.direction}&direction=out", True),
        (f"owner={ann.public_id}", True),
        ("group=sales&group=-", True),
        ("group=-", False),
        (f"until={later}", True),
        (f"since={later}", False),
        ("over_s=36000", False),
        ("q=Keller", True),
        ("q=nobody", False),
        ("preserved=false", True),
        ("preserved=true", False),
        ("note=refund", False),
    ):
        assert bool(ids(caller("GET", f"/recordings?{query}"))) is is_found, query


def test_notes_and_what_is_preserved_are_looked_for(
    ann: User, sam: User, anns_recording: Recording, calling: Calling
) -> None:
    caller = calling(ann)
    caller("POST", path_of(anns_recording, "/notes"), {"text": "Refund agreed."})
    calling(sam)("PUT", path_of(anns_recording, "/preserved"))
    assert ids(caller("GET", "/recordings?note=REFUND+agr&preserved=true"))
    assert not ids(caller("GET", "/recordings?note=refund&preserved=false"))


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=1000", "/limit"),
        ("limit=x", "/limit"),
        ("directions=in", "/directions"),
        ("direction=up", "/direction/0"),
        ("since=2026-11-23T10:00:00", "/since"),
        ("q=%00", "/q"),
        ("after=1", "/after"),
        ("sort=owner", "/sort"),
        ("preserved=perhaps", "/preserved"),
        ("note=%00", "/note"),
    ],
)
def test_a_parameter_that_cannot_be_is_named(
    ann: User, calling: Calling, query: str, pointer: str
) -> None:
    answer = calling(ann)("GET", f"/recordings?{query}")
    assert answer.status_code == 422
    told = answer.json()
    assert (told["code"], told["errors"][0]["in"]) == ("invalid", "query")
    assert told["errors"][0]["pointer"] == pointer


def test_a_token_without_the_scope_is_told_which(
    ann: User, anns_recording: Recording, calling: Calling
) -> None:
    caller = calling(ann, "recordings:read")
    assert caller("GET", path_of(anns_recording)).status_code == 200
    for method, rest, scope in (
        ("GET", "/audio", "recordings:audio"),
        ("POST", "/notes", "recordings:write"),
        ("DELETE", "", "recordings:delete"),
    ):
        answer = caller(method, path_of(anns_recording, rest), {"text": "x"})
        assert (answer.status_code, answer.json()["scope"]) == (403, scope)


def test_a_token_grants_no_more_than_its_person_may_now(
    sam: User, anns_recording: Recording, calling: Calling
) -> None:
    caller = calling(sam)
    assert len(ids(caller("GET", "/recordings"))) == 1
    User.objects.filter(pk=sam.pk).update(group="depot", additional_groups="")
    assert ids(caller("GET", "/recordings")) == []


def test_notes_are_written_changed_and_deleted(
    ann: User, anns_recording: Recording, calling: Calling
) -> None:
    caller = calling(ann)
    notes = path_of(anns_recording, "/notes")
    made = caller("POST", notes, {"text": "Refund agreed.", "at_ms": 1200})
    assert made.status_code == 201
    note = made.json()
    changed = caller("PATCH", f"{notes}/{note['id']}", {"text": "No refund.", "version": 1})
    assert (changed.json()["text"], changed.json()["version"]) == ("No refund.", 2)
    stale = caller("PATCH", f"{notes}/{note['id']}", {"text": "Late.", "version": 1})
    assert (stale.status_code, stale.json()["code"], stale.json()["version"]) == (409, "stale", 2)
    assert [one["text"] for one in caller("GET", notes).json()] == ["No refund."]
    assert caller("DELETE", f"{notes}/{note['id']}?version=2").status_code == 204
    assert caller("GET", notes).json() == []


def test_each_deed_names_the_token_in_the_audit_log(
    rita: User, anns_recording: Recording, calling: Calling
) -> None:
    caller = calling(rita)
    caller("POST", path_of(anns_recording, "/notes"), {"text": "Seen."})
    caller("PUT", path_of(anns_recording, "/preserved"))
    deeds = AuditEntry.objects.exclude(action="token_created")
    assert [deed.action for deed in deeds.order_by("pk")] == ["note_added", "preserved"]
    for deed in deeds:
        assert deed.detail["token"] == str(caller.row.public_id)
        assert deed.actor_name == "rita"


def test_what_the_rules_refuse_says_why(
    ann: User, rita: User, anns_recording: Recording, calling: Calling
) -> None:
    calling(rita)("PUT", path_of(anns_recording, "/preserved"))
    answer = calling(ann)("DELETE", path_of(anns_recording))
    assert (answer.status_code, answer.json()["code"]) == (403, "refused")
    assert answer.json()["reason"] in ("level", "preserved by a higher level", "nobody")


@pytest.mark.django_db(transaction=True)
def test_an_administrator_deletes_for_ever(
    rita: User, anns_recording: Recording, calling: Calling, data_folder: object
) -> None:
    caller = calling(rita)
    assert caller("DELETE", path_of(anns_recording)).status_code == 204
    assert caller("GET", path_of(anns_recording)).status_code == 404


def test_audio_that_is_not_there_is_a_problem(
    ann: User, anns_recording: Recording, calling: Calling, data_folder: object
) -> None:
    answer = calling(ann)("GET", path_of(anns_recording, "/audio"))
    assert answer.status_code in (409, 503)
    assert answer["Content-Type"] == "application/problem+json"


def test_the_address_of_the_caller_stays_out_of_pages(client: Client, db: None) -> None:
    for path in ("/api/v1/nowhere", "/api/v1/recordings/1", "/api/v1/recordings/"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer["Content-Type"] == "application/problem+json"
    wrong = client.post("/api/v1/me")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")
    assert wrong["Allow"] == "GET"


def test_an_administrator_gives_a_recording_to_somebody_else(
    calling: Calling, rita: User, ann: User, otto: User, anns_recording: Recording
) -> None:
    path = f"/recordings/{anns_recording.recording_id}/owner"
    wanted = {"owner_id": str(otto.public_id)}
    assert calling(ann, "recordings:write")("PUT", path, wanted).status_code == 403
    administrator = calling(rita, "recordings:write")
    assert administrator("PUT", path, {"owner_id": str(UUID(int=1))}).status_code == 422
    given = administrator("PUT", path, wanted)
    assert given.status_code == 200
    assert given.json()["owner_id"] == str(otto.public_id)
