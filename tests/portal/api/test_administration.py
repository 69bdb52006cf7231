"""What administrators do besides settings, by the API: files, nodes, subjects, the log."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from callvault.portal.api.models import ApiToken
from callvault.portal.audit.models import AuditEntry
from callvault.portal.configuration.models import Trunk
from callvault.portal.decisions.models import Attempt
from callvault.portal.directory.models import DirectoryRun, DirectorySource
from callvault.portal.nodes.models import NodeReport
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from callvault.portal.subjects.models import Erasure

from .conftest import Caller, Calling

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator(rita: User, calling: Calling) -> Caller:
    """A program of Rita's."""
    return calling(rita)


ASKED: list[tuple[str, str, Any]] = [
    ("GET", "/nodes", None),
    ("POST", "/nodes/one/test", None),
    ("POST", "/nodes/one/drain", None),
    ("GET", "/tokens", None),
    ("GET", "/directories", None),
    ("GET", "/unknown-sources", None),
    ("GET", "/storage-plan", None),
    ("GET", "/people/groups", None),
    ("GET", "/people/export.csv", None),
    ("GET", "/audit/export", None),
    ("GET", "/subjects/erasures", None),
    ("POST", "/subjects/look-up", {"number": "+15550142999"}),
    ("POST", "/subjects/export", {"number": "+15550142999"}),
    ("POST", "/subjects/erasures", {"number": "+15550142999", "recordings": 0}),
]


@pytest.mark.parametrize(("method", "path", "body"), ASKED)
def test_all_of_it_is_for_administrators(
    ann: User, sam: User, calling: Calling, method: str, path: str, body: Any
) -> None:
    for person in (ann, sam):
        assert calling(person)(method, path, body).status_code == 403
    assert Client().generic(method, f"/api/v1{path}").status_code == 401


def send(caller: Caller, content: bytes) -> Any:
    """Send a file as curl does."""
    file = SimpleUploadedFile("people.csv", content, content_type="text/csv")
    headers = {"Authorization": f"Bearer {caller.token}"}
    return Client().post("/api/v1/people/imports", {"file": file}, headers=headers)


def test_a_file_is_looked_at_and_then_done_exactly(administrator: Caller) -> None:
    content = b"Username,First name,Extension\nbea,Bea,2044\nb d,Bad,2045\n"
    seen = send(administrator, content)
    assert seen.status_code == 201, seen.content
    draft = seen.json()
    assert (draft["counts"]["created"], draft["counts"]["error"]) == (1, 1)
    assert [one["outcome"] for one in draft["lines"]] == ["created", "error"]
    assert not User.objects.filter(username="bea").exists()
    path = f"/people/imports/{draft['id']}"
    wrong = administrator("GET", f"{path}?outcome=error").json()["lines"]
    assert [one["username"] for one in wrong] == ["b d"]
    done = administrator("POST", f"{path}/apply").json()
    assert done["done_at"] is not None
    assert User.objects.get(username="bea").extension == "2044"
    assert administrator("DELETE", path).status_code == 204
    assert administrator("GET", path).status_code == 404


def test_a_file_that_is_none_is_refused_by_name(administrator: Caller) -> None:
    answer = send(administrator, b"\x00\x01")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/file")


def test_what_is_exported_can_be_imported_and_changes_nothing(
    administrator: Caller, ann: User
) -> None:
    answer = administrator("GET", "/people/export.csv")
    exported = b"".join(answer.streaming_content)
    assert answer["Content-Type"].startswith("text/csv")
    counts = send(administrator, exported).json()["counts"]
    assert counts["created"] == counts["changed"] == counts["error"] == 0


def test_people_are_put_into_a_group_at_once(
    administrator: Caller, rita: User, ann: User, otto: User
) -> None:
    ids = [str(one.public_id) for one in (ann, otto)]
    body = {"deed": "group", "ids": ids, "group": "claims"}
    assert sorted(administrator("POST", "/people/bulk", body).json()["changed"]) == sorted(ids)
    groups = administrator("GET", "/people/groups").json()
    assert groups == [{"name": "claims", "people": 2}]
    own = {"deed": "deactivate", "ids": [str(rita.public_id)]}
    assert list(administrator("POST", "/people/bulk", own).json()["refused"]) == own["ids"]
    found = administrator("GET", "/people?group=claims&level=base&source=hand").json()["items"]
    assert [one["username"] for one in found] == ["ann"]


def test_a_password_is_given_once_and_written_nowhere(administrator: Caller, ann: User) -> None:
    path = f"/people/{ann.public_id}"
    password = administrator("POST", f"{path}/one-time-password").json()["password"]
    ann.refresh_from_db()
    assert ann.check_password(password)
    assert ann.must_change_password
    assert password not in str(list(AuditEntry.objects.values_list("detail", flat=True)))
    assert administrator("POST", f"{path}/end-sessions").json() == {"count": 0}
    assert administrator("POST", f"{path}/unlock").status_code == 204


def test_nodes_are_seen_tested_and_ordered(administrator: Caller) -> None:
    beat = {"at_ns": 1, "calls": 3, "total_bytes": 100, "free_bytes": 40}
    document = {"at_ns": 1, "recorder": beat, "vault_total_bytes": 10, "vault_free_bytes": 4}
    NodeReport.objects.create(node="one", at=timezone.now(), document=document)
    (node,) = administrator("GET", "/nodes").json()
    assert (node["node"], node["calls"], node["state"]) == ("one", 3, "recording")
    assert (node["spool_free_bytes"], node["vault_free_bytes"]) == (40, 4)
    assert administrator("POST", "/nodes/one/test").status_code == 202
    assert administrator("POST", "/nodes/two/test").status_code == 404
    drained = administrator("POST", "/nodes/one/drain")
    assert (drained.status_code, drained.json()) == (202, {"node": "one", "order": "drain"})
    (node,) = administrator("GET", "/nodes").json()
    assert (node["is_being_tested"], node["ordered"]) == (True, "drain")
    NodeReport.objects.update(at=timezone.now() - timedelta(hours=1))
    late = administrator("POST", "/nodes/one/stop", {"wait_minutes": 5})
    assert (late.status_code, late.json()["code"]) == (409, "out_of_reach")


def test_what_is_held_of_a_number_is_counted_and_erased_as_it_was_counted(
    administrator: Caller, anns_recording: Recording
) -> None:
    subject = {"number": anns_recording.remote_number}
    found = administrator("POST", "/subjects/look-up", subject).json()
    assert (found["recordings"], found["would_stay"]) == (1, {})
    wrong = administrator("POST", "/subjects/erasures", subject | {"recordings": 2})
    assert (wrong.status_code, wrong.json()["recordings"]) == (409, 1)
    begun = administrator("POST", "/subjects/erasures", subject | {"recordings": 1})
    assert begun.status_code == 202
    erasure = begun.json()["id"]
    assert administrator("GET", f"/subjects/erasures/{erasure}").json()["ended_at"] is None
    listed = administrator("GET", "/subjects/erasures").json()["items"]
    assert [one["id"] for one in listed] == [erasure] == [str(Erasure.objects.get().public_id)]
    for body in ({}, {"number": "x"}, subject | {"person_id": erasure}):
        assert administrator("POST", "/subjects/look-up", body).status_code == 422


def test_the_log_is_exported_as_its_page_does(administrator: Caller) -> None:
    lines = b"".join(administrator("GET", "/audit/export").streaming_content).splitlines()
    assert b"callvault-audit-export-1" in lines[0]
    table = b"".join(administrator("GET", "/audit/export?format=csv").streaming_content)
    assert table.startswith(b"Time,Person")
    for query in ("action=nothing", "first=2026-02-02&last=2026-02-01", "colour=blue"):
        assert administrator("GET", f"/audit/export?{query}").status_code == 422
    assert AuditEntry.objects.filter(action="audit_exported").count() == 2


def test_a_directory_is_run_once_at_a_time(administrator: Caller) -> None:
    source = DirectorySource.objects.create(name="Staff", kind="ldap")
    path = f"/directories/{source.public_id}/runs"
    asked = administrator("POST", path, {"purpose": "preview"})
    assert (asked.status_code, asked.json()["state"]) == (202, "waiting")
    again = administrator("POST", path, {"purpose": "sync"})
    assert (again.status_code, again.json()["code"]) == (409, "running")
    run = f"/directories/runs/{asked.json()['id']}"
    assert administrator("GET", run).json()["rows"] == []
    assert administrator("POST", f"{run}/cancel").status_code == 204
    assert administrator("POST", f"{run}/cancel").status_code == 409
    assert administrator("POST", f"{run}/apply").status_code == 202
    assert len(administrator("GET", path).json()["items"]) == DirectoryRun.objects.count() == 2
    (told,) = administrator("GET", "/directories").json()
    assert told["last_run"]["purpose"] == "sync"


def test_a_source_that_knocks_is_allowed_or_dismissed(administrator: Caller) -> None:
    now = timezone.now()
    for number in (7, 8):
        Attempt.objects.create(
            peer_address=f"192.0.2.{number}", peer_port=5060, transport="udp", method="INVITE",
            request_uri="sip:srs@192.0.2.1", node="one", count=1, first_seen_at=now,
            last_seen_at=now,
        )  # fmt: skip
    first, second = administrator("GET", "/unknown-sources").json()["items"]
    path = f"/unknown-sources/{first['id']}"
    nameless = administrator("POST", f"{path}/allow", {})
    assert nameless.json()["errors"][0]["pointer"] == "/name"
    trunk = administrator("POST", f"{path}/allow", {"name": "Branch"}).json()
    assert trunk["peers"] == [first["peer"]] == Trunk.objects.get().peers
    assert administrator("POST", f"/unknown-sources/{second['id']}/dismiss").status_code == 204
    assert administrator("GET", "/unknown-sources").json()["items"] == []


def test_tokens_are_listed_and_revoked_but_never_shown(
    administrator: Caller, ann: User, calling: Calling
) -> None:
    anns = calling(ann)
    listed = administrator("GET", "/tokens")
    assert {one["username"] for one in listed.json()["items"]} == {"rita", "ann"}
    assert anns.token not in listed.content.decode()
    assert administrator("DELETE", f"/tokens/{anns.row.public_id}").status_code == 204
    assert anns("GET", "/me").status_code == 401
    assert ApiToken.objects.filter(revoked_at=None).count() == 1


def test_storage_is_calculated_as_the_page_does(administrator: Caller) -> None:
    told = administrator("GET", "/storage-plan?users=200&months=6").json()
    assert (told["users"], told["retention_months"]) == (200, 6)
    assert told["bytes_at_full_retention"] > told["bytes_per_day"] > 0
    assert administrator("GET", "/storage-plan?months=-1").status_code == 422
