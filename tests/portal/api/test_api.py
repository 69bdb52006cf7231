"""What holds for all of the API: bodies, sessions, its description, its page."""

import json

import pytest
from django.test import Client

from callvault.portal.api.reference import tagged
from callvault.portal.api.scopes import Scope
from callvault.portal.api.v1 import api
from callvault.portal.people.models import User

from .conftest import JSON, Calling

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 422, "invalid"),
        (b"[]", 400, "not_json"),
        (b"{", 400, "not_json"),
        (b'{"username": NaN}', 400, "not_json"),
        (b"\xff", 400, "not_json"),
        (b'{"a":' * 30_00 + b"1" + b"}" * 30_00, 400, "not_json"),
        (b'{"username": {"a": {}}}', 422, "invalid"),
        (b'"' + b"a" * 1_100_000 + b'"', 413, "too_large"),
    ],
)
def test_a_body_that_is_none_of_ours_is_refused(
    rita: User, calling: Calling, body: bytes, status: int, code: str
) -> None:
    headers = {"Authorization": f"Bearer {calling(rita).token}"}
    answer = Client().post("/api/v1/people", body, content_type=JSON, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_body_of_another_type_is_refused(rita: User, calling: Calling) -> None:
    headers = {"Authorization": f"Bearer {calling(rita).token}"}
    for kind in ("text/plain", "application/xml", "application/x-www-form-urlencoded"):
        answer = Client().post("/api/v1/people", b"{}", content_type=kind, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_type")


def test_a_session_may_call_and_needs_the_csrf_token_to_change(rita: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(rita)
    me = browser.get("/api/v1/me").json()
    assert (me["person"]["username"], me["scopes"]) == ("rita", None)
    body = json.dumps({"username": "bea"})
    assert browser.post("/api/v1/people", body, content_type=JSON).status_code == 403
    browser.get("/people/new")
    token = browser.cookies["callvault_csrf"].value
    headers = {"X-CSRFToken": token}
    made = browser.post("/api/v1/people", body, content_type=JSON, headers=headers)
    assert made.status_code == 201


def test_who_must_change_the_password_gets_a_problem_not_a_page(rita: User) -> None:
    browser = Client()
    browser.force_login(rita)
    User.objects.update(must_change_password=True)
    answer = browser.get("/api/v1/me")
    assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")


def test_a_token_says_of_itself_what_it_may(ann: User, calling: Calling) -> None:
    me = calling(ann, "recordings:read")("GET", "/me").json()
    assert me["scopes"] == ["recordings:read"]
    assert me["expires_at"].endswith("Z")


def test_the_description_is_openapi_3_1_and_names_problems(client: Client) -> None:
    described = client.get("/api/v1/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    assert "/api/v1/recordings/{recording_id}/audio" in described["paths"]
    operation = described["paths"]["/api/v1/recordings"]["get"]
    assert operation["x-scope"] == "recordings:read"
    assert list(operation["responses"]["404"]["content"]) == ["application/problem+json"]
    refused = described["components"]["schemas"]["PersonIn"]
    assert refused["additionalProperties"] is False


def test_each_operation_asks_who_calls() -> None:
    for path, item in api.get_openapi_schema()["paths"].items():
        for method, operation in item.items():
            assert operation.get("security"), (method, path)


def test_each_scope_is_of_use() -> None:
    operations = [one for some in tagged().values() for one in some]
    assert {one.scope for one in operations if one.scope} == set(Scope)


def test_the_reference_is_a_page_of_ours(client: Client, ann: User) -> None:
    client.force_login(ann)
    page = client.get("/api/").content.decode()
    for part in ("/api/v1/recordings/{recording_id}/audio", "recordings:read", "required"):
        assert part in page
    assert "https://" not in page.replace("https://callvault", "")
