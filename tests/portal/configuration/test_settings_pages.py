"""Trunks and what holds for the whole system: validated, audited, told to recorders."""

import pytest
from django.test import Client

from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.configuration.models import PolicyRevision, SystemSettings, Trunk

pytestmark = pytest.mark.django_db


def data(**changed: object) -> dict[str, object]:
    good: dict[str, object] = {
        "name": "Webex",
        "peers": "192.0.2.14\n198.51.100.0/24",
        "transports": ["udp", "tcp"],
        "media_networks": "",
        "mode": "always_on",
        "srtp": "optional",
    }
    return good | changed


def test_showing_keys_is_off_until_an_administrator_turns_it_on_audited(
    rita_client: Client,
) -> None:
    assert SystemSettings.load().show_digits is False
    assert b"PCI DSS" in rita_client.get("/settings/general").content
    sent = {"zone": "Europe/Rome", "country_code": "39", "show_digits": "on"}
    assert rita_client.post("/settings/general", sent).status_code == 302
    assert SystemSettings.load().show_digits is True
    entry = AuditEntry.objects.get(action=Action.SETTINGS_CHANGED)
    assert "show_digits" in entry.detail["fields"]


@pytest.fixture
def webex() -> Trunk:
    return Trunk.objects.create(name="Webex", peers=["192.0.2.14"], transports=["udp"])


def test_a_trunk_is_created_audited_and_told_to_recorders(rita_client: Client) -> None:
    assert rita_client.post("/settings/trunks/new", data()).status_code == 302
    trunk = Trunk.objects.get()
    assert trunk.peers == ["192.0.2.14", "198.51.100.0/24"]
    assert trunk.media_networks == []
    assert (trunk.allows("198.51.100.7"), trunk.allows("203.0.113.1")) == (True, False)
    assert PolicyRevision.current() == 1
    entry = AuditEntry.objects.get(action=Action.TRUNK_CREATED)
    assert entry.object_id == str(trunk.public_id)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"peers": ""}, "peers"),
        ({"peers": "192.0.2.14\nnowhere"}, "peers"),
        ({"media_networks": "10.0.0.1/8"}, "media_networks"),
        ({"transports": []}, "transports"),
        ({"transports": ["sctp"]}, "transports"),
        ({"mode": "sometimes"}, "mode"),
        ({"name": ""}, "name"),
    ],
)
def test_a_wrong_field_is_pointed_out(
    rita_client: Client, changed: dict[str, object], field: str
) -> None:
    response = rita_client.post("/settings/trunks/new", data(**changed))
    assert response.status_code == 422
    assert set(response.context["form"].errors) == {field}
    assert not Trunk.objects.exists()


def test_what_was_typed_wrong_stays_in_its_field(rita_client: Client) -> None:
    page = rita_client.post("/settings/trunks/new", data(peers="192.0.2.14\nnowhere"))
    assert "192.0.2.14\nnowhere</textarea>" in page.content.decode()


def test_names_and_peers_belong_to_one_trunk(rita_client: Client, webex: Trunk) -> None:
    form = rita_client.post("/settings/trunks/new", data(name="webex")).context["form"]
    assert form.errors["name"] == ["Another trunk has this name."]
    assert form.errors["peers"] == ["192.0.2.14 already belongs to Webex."]


def test_a_trunk_is_changed(rita_client: Client, webex: Trunk) -> None:
    url = f"/settings/trunks/{webex.public_id}"
    assert "192.0.2.14</textarea>" in rita_client.get(url).content.decode()
    typed = data(peers="192.0.2.14", transports=["udp"], mode="never", version="1")
    rita_client.post(url, typed)
    webex.refresh_from_db()
    assert webex.mode == "never"
    entry = AuditEntry.objects.get(action=Action.TRUNK_CHANGED)
    assert entry.detail == {
        "fields": ["mode"],
        "old": {"mode": "always_on"},
        "new": {"mode": "never"},
        "version": 2,
    }
    assert PolicyRevision.current() == 1


def test_deleting_a_trunk_asks_first(rita_client: Client, webex: Trunk) -> None:
    url = f"/settings/trunks/{webex.public_id}/delete"
    assert "Delete trunk Webex?" in rita_client.get(url).content.decode()
    assert Trunk.objects.exists()
    rita_client.post(url)
    assert not Trunk.objects.exists()
    assert AuditEntry.objects.filter(action=Action.TRUNK_DELETED).count() == 1
    assert PolicyRevision.current() == 1


@pytest.mark.parametrize(
    ("zone", "code", "fields"),
    [
        ("Europe/Rome", "39", set()),
        ("Europe/Rome", "+39", set()),
        ("Mars/Olympus", "39", {"zone"}),
        ("../etc/passwd", "", {"zone"}),
        ("UTC", "039", {"country_code"}),
        ("UTC", "x", {"country_code"}),
    ],
)
def test_time_and_country_are_checked(
    rita_client: Client, zone: str, code: str, fields: set[str]
) -> None:
    response = rita_client.post("/settings/general", {"zone": zone, "country_code": code})
    if fields:
        assert set(response.context["form"].errors) == fields
        assert not SystemSettings.objects.exists()
        return
    settings = SystemSettings.objects.get()
    assert (settings.zone, settings.country_code) == ("Europe/Rome", "39")
    assert PolicyRevision.current() == 1
