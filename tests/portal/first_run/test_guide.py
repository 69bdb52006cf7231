"""The guide of the first run: read off what is there, open until a call is recorded."""

import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.test import Client
from django.utils import timezone

from callvault.portal.configuration.models import Trunk
from callvault.portal.decisions.models import Attempt
from callvault.portal.first_run import steps, views
from callvault.portal.first_run.models import FirstRun
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from callvault.vault import create_first_certificates
from callvault.vault.certificates import CertificateInfo
from tests.portal.catalogue_facts import list_recording
from tests.portal.gated import GatedViewTest, check_policy

pytestmark = pytest.mark.django_db


class TestGateOfGuide(GatedViewTest):
    url = "/setup/"


class TestGateOfProtect(GatedViewTest):
    url = "/setup/protect/"


class TestGateOfConnect(GatedViewTest):
    url = "/setup/connect/"


class TestGateOfPeople(GatedViewTest):
    url = "/setup/people/"


class TestGateOfCall(GatedViewTest):
    url = "/setup/call/"


@pytest.fixture(autouse=True)
def _own_folder(data_folder: Path) -> None:
    """Keep the keys of the test apart: there are none."""


def page(client: Client, path: str) -> str:
    response = client.get(path, follow=True)
    assert response.status_code == 200, path
    check_policy(response)
    return re.sub(r"\s+", " ", unescape(response.content.decode()))


def knock() -> Attempt:
    now = timezone.now()
    return Attempt.objects.create(
        peer_address="192.0.2.14", peer_port=5060, transport="udp", method="INVITE",
        request_uri="sip:srs@192.0.2.1", node="rec-1", count=1, first_seen_at=now,
        last_seen_at=now,
    )  # fmt: skip


def test_an_administrator_of_an_empty_system_is_led_to_the_first_step(rita_client: Client) -> None:
    response = rita_client.get("/", follow=True)
    assert [url for url, _ in response.redirect_chain] == ["/setup/", "/setup/protect/"]
    assert "step 1 of 4" in page(rita_client, "/setup/protect/")


def test_nobody_else_is(client: Client, sam: User) -> None:
    client.force_login(sam)
    assert client.get("/")["Location"] == "/recordings/"


def test_a_step_put_off_is_passed_over_until_it_is_done(rita_client: Client) -> None:
    assert rita_client.post("/setup/protect/skip")["Location"] == "/setup/connect/"
    assert rita_client.get("/setup/")["Location"] == "/setup/connect/"
    assert "Put off" in page(rita_client, "/setup/")
    rita_client.post("/setup/connect/skip")
    Trunk.objects.create(name="Webex", peers=["192.0.2.14"])
    told = page(rita_client, "/setup/")
    assert "Add people" in told
    assert told.count("Put off") == 1
    assert "Webex" in told


def test_the_trunk_of_this_machine_alone_connects_nothing(rita_client: Client) -> None:
    Trunk.objects.create(name="This machine", peers=["127.0.0.1", "::1"])
    assert "Waiting for a call" in page(rita_client, "/setup/connect/")


def test_a_source_that_knocks_is_allowed_from_the_guide_and_leads_back(
    rita_client: Client,
) -> None:
    attempt = knock()
    link = f"/decisions/peers/{attempt.public_id}/allow?setup=connect"
    assert link in page(rita_client, "/setup/connect/")
    assert 'href="/setup/connect/"' in page(rita_client, link)
    allowed = rita_client.post(link, {"name": "Branch office", "mode": "always_on"})
    assert allowed["Location"] == "/setup/connect/"
    told = page(rita_client, "/setup/connect/")
    assert "Branch office" in told
    assert "tried to reach" not in told


def test_a_source_that_is_ignored_leads_back_too(rita_client: Client) -> None:
    attempt = knock()
    ignored = rita_client.post(f"/decisions/peers/{attempt.public_id}/dismiss?setup=connect")
    assert ignored["Location"] == "/setup/connect/"


def test_people_count_once_a_call_can_be_told_to_be_theirs(rita_client: Client, ann: User) -> None:
    assert "1 person can be recorded" in page(rita_client, "/setup/people/")
    User.objects.filter(pk=ann.pk).update(extension="")
    assert "By hand, CSV, directory or Webex" in page(rita_client, "/setup/people/")


def test_the_first_recording_ends_the_guide_and_can_be_played(
    rita_client: Client, ann: User
) -> None:
    assert "Go on with the set-up" in page(rita_client, "/dashboard/")
    assert "Listening for calls" in page(rita_client, "/setup/call/")
    recording: Recording = list_recording(ann)
    told = page(rita_client, "/setup/call/")
    assert "It works" in told
    assert f"/recordings/{recording.recording_id}/" in told
    assert rita_client.get("/")["Location"] == "/dashboard/"


def test_who_ends_it_is_led_to_it_no_more(rita_client: Client) -> None:
    assert rita_client.post("/setup/end")["Location"] == "/dashboard/"
    assert rita_client.get("/")["Location"] == "/dashboard/"
    assert "Go on with the set-up" not in page(rita_client, "/dashboard/")
    assert FirstRun.load().ended_at > timezone.now() - timedelta(minutes=5)  # type: ignore[operator]
    assert "step 2 of 4" in page(rita_client, "/setup/connect/")


@pytest.mark.parametrize("path", ["/setup/protect/skip", "/setup/end"])
def test_only_administrators_move_it_on(client: Client, sam: User, path: str) -> None:
    client.force_login(sam)
    assert client.post(path).status_code in (403, 404)
    assert not FirstRun.objects.exists()


def test_an_unknown_step_is_not_found(rita_client: Client) -> None:
    assert rita_client.get("/setup/dinner/").status_code == 404


def test_the_certificate_of_the_first_start_is_none_of_ones_own(
    rita_client: Client, data_folder: Path
) -> None:
    create_first_certificates(data_folder / "keys", node_name="rec-1")
    told = page(rita_client, "/setup/protect/")
    assert "Self-signed certificate so far" in told
    assert "Use your own certificate" in told


def test_a_certificate_that_another_vouches_for_is_named(
    rita_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = CertificateInfo(
        "CN=Archive 1,O=Northgate Mutual", "ab" * 32, timezone.now(), timezone.now(), "EC P-256",
        self_signed=False,
    )  # fmt: skip
    own = SimpleNamespace(certificate=SimpleNamespace(info=info))
    for module in (steps, views):
        monkeypatch.setattr(module, "own_certificate", lambda: own)
    told = page(rita_client, "/setup/protect/")
    assert "Own certificate, EC P-256" in told
    assert "CN=Archive 1" in told
    assert rita_client.get("/setup/")["Location"] == "/setup/connect/"
