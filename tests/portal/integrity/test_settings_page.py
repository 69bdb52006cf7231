"""The page *Integrity* of the settings, the dashboard's line, and the API."""

from pathlib import Path

import pytest
from django.test import Client

from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.integrity.models import LogState, StampSettings
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from tests.portal.api.conftest import Calling, calling  # noqa: F401 - a fixture
from tests.servers.time_stamp import Authority, make_authority

from .conftest import Check

pytestmark = pytest.mark.django_db

URL = "/settings/integrity/"


def sent(authority: Authority, **more: str) -> dict[str, str]:
    return {"url": authority.url, "authorities": authority.root, "version": "0", **more}


def test_nothing_is_signed_yet(rita_client: Client) -> None:
    told = rita_client.get(URL).content.decode()
    assert "Nothing yet: it begins with the first recording." in told
    assert "No: no authority is asked." in told


def test_an_authority_is_tried_then_saved_and_that_is_audited(
    rita_client: Client, authority: Authority
) -> None:
    tried = rita_client.post(URL, sent(authority, test="1")).content.decode()
    assert "It answered with a time stamp that holds." in tried
    assert not StampSettings.objects.exists()
    assert rita_client.post(URL, sent(authority)).status_code == 302
    assert StampSettings.objects.get().url == authority.url
    entry = AuditEntry.objects.get(action=Action.SETTINGS_CHANGED)
    assert (entry.object_kind, entry.detail["fields"]) == ("integrity", ["authorities", "url"])
    late = rita_client.post(URL, sent(authority, url="https://other.example.com/"))
    assert late.status_code == 422
    assert StampSettings.objects.get().url == authority.url


def test_a_test_says_what_is_wrong(
    rita_client: Client, authority: Authority, tmp_path: Path
) -> None:
    other = make_authority(tmp_path / "other")
    told = rita_client.post(URL, sent(authority, authorities=other.root, test="1"))
    assert "No time stamp that holds" in told.content.decode()
    told = rita_client.post(URL, sent(authority, url="http://127.0.0.1:9/", test="1"))
    assert "No time stamp: it cannot be reached." in told.content.decode()


@pytest.mark.parametrize(
    "change",
    [
        {"url": "ftp://tsa.example.com/"},
        {"url": "https://rita:secret@tsa.example.com/"},
        {"url": "https://[tsa/"},
        {"authorities": ""},
        {"authorities": "no certificate"},
    ],
)
def test_what_cannot_be_is_refused(
    rita_client: Client, authority: Authority, change: dict[str, str]
) -> None:
    assert rita_client.post(URL, sent(authority, **change)).status_code == 422


def test_what_was_changed_stands_here_and_on_the_dashboard(
    rita_client: Client, recordings: list[Recording], check: Check
) -> None:
    Recording.objects.filter(pk=recordings[0].pk).update(duration_ms=1)
    assert check() == {"facts"}
    told = rita_client.get(URL).content.decode()
    assert f"The row of recording {recordings[0].pk:06} is not what was sealed" in told
    assert str(recordings[0].recording_id) in told
    assert "1 sign of tampering" in rita_client.get("/dashboard/").content.decode()


def test_the_last_error_of_the_authority_is_shown(
    rita_client: Client, recordings: list[Recording]
) -> None:
    LogState.objects.update(stamp_problem="it did not answer in time")
    assert "It did not answer in time" in rita_client.get(URL).content.decode()


def test_only_administrators_come_here(client: Client, sam: User) -> None:
    client.force_login(sam)
    assert client.get(URL).status_code == 403


def test_the_api_says_the_same(
    rita: User,
    ann: User,
    recordings: list[Recording],
    check: Check,
    authority: Authority,
    calling: Calling,  # noqa: F811 - a fixture and its use
) -> None:
    program = calling(rita)
    path = f"/recordings/{recordings[0].recording_id}/integrity"
    assert program("GET", path).json()["state"] == "signed"
    Recording.objects.filter(pk=recordings[0].pk).update(duration_ms=1)
    standing = program("GET", path).json()
    assert (standing["state"], standing["problems"]) == ("changed", ["facts"])
    check()
    log = program("GET", "/settings/integrity").json()
    assert (log["lines"], log["findings_count"]) == (3, 1)
    change = {"url": authority.url, "authorities": authority.root, "version": log["version"]}
    assert program("PATCH", "/settings/integrity", change).status_code == 200
    assert program("POST", "/settings/integrity/test").json()["tone"] == "green"
    assert calling(ann)("GET", "/settings/integrity").status_code == 403
