"""The overview of the settings, the search in them, and that nobody saves over another."""

import re
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from callvault.portal.access.models import SignInSettings
from callvault.portal.api.models import ApiSettings
from callvault.portal.audit.models import AuditEntry
from callvault.portal.configuration.menu import PAGES
from callvault.portal.configuration.models import SystemSettings, Trunk
from callvault.portal.configuration.overview import NOW
from callvault.portal.configuration.search import FORMS, found_settings
from tests.portal.gated import check_policy

pytestmark = pytest.mark.django_db


def text_of(client: Client, path: str) -> str:
    page = client.get(path)
    check_policy(page)
    return unescape(page.content.decode())


def test_each_page_is_told_with_what_it_is_set_to(rita_client: Client) -> None:
    Trunk.objects.create(name="Branch CUBE", peers=["192.0.2.7/32"], transports=["udp"])
    page = text_of(rita_client, "/settings/")
    for label, pages in PAGES:
        assert str(label) in page
        for title, address in pages:
            assert f'href="{reverse(address)}"' in page, title
    for told in ("Branch CUBE", "UTC, no country code", "None: no mail is sent"):
        assert told in page


def test_every_page_of_the_menu_tells_what_it_is_set_to() -> None:
    known = {address for _label, pages in PAGES for _title, address in pages}
    assert {*NOW} == known
    assert {page for page, _address, _form in FORMS} <= known


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("time zone", "/settings/general#id_zone"),
        ("PCI DSS", "/settings/general#id_show_digits"),  # in the help alone
        ("fuso orario", "/settings/general#id_zone"),  # by the Italian word, on an English page
        ("second factor", "/settings/sign-in#id_second_factor"),
        ("Numbering plan", "/settings/numbering-plan"),
        ("numérotation", "/settings/numbering-plan"),
        ("smtp.example.com", "/settings/mail#id_host"),
    ],
)
def test_a_setting_is_found_by_its_words_in_any_language(
    rita_client: Client, text: str, url: str
) -> None:
    assert url in [one.url for one in found_settings(text)]
    assert f'href="{url}"' in text_of(rita_client, f"/settings/?q={text}")


def test_the_field_that_a_result_leads_to_is_on_its_page(rita_client: Client) -> None:
    for one in found_settings("a"):
        path, _, place = one.url.partition("#")
        page = rita_client.get(path)
        if page.status_code == 200 and place:  # the provider asks who it is first
            assert f'id="{place}' in page.content.decode(), one.url


def test_a_setting_that_two_forms_have_is_found_once() -> None:
    found = [(one.url, one.title) for one in found_settings("time")]
    assert len(found) == len({*found})


def test_words_that_no_setting_has_are_told(rita_client: Client) -> None:
    assert "No setting has these words" in text_of(rita_client, "/settings/?q=zzz%00z")


def hidden(page: str) -> str:
    found = re.search(r'name="seen" value="([0-9a-f]+)"', page)
    assert found is not None
    return found[1]


def test_general_settings_are_not_saved_over_newer_ones_unseen(rita_client: Client) -> None:
    typed = {"zone": "Europe/Rome", "country_code": "39"}
    typed["seen"] = hidden(text_of(rita_client, "/settings/general"))
    SystemSettings(zone="Asia/Kolkata").save()
    refused = rita_client.post("/settings/general", typed)
    assert refused.status_code == 422
    assert "Somebody saved these settings meanwhile" in refused.content.decode()
    assert SystemSettings.load().zone == "Asia/Kolkata"
    typed["seen"] = hidden(refused.content.decode())
    assert rita_client.post("/settings/general", typed).status_code == 302
    entry = AuditEntry.objects.get(action="settings_changed")
    assert entry.detail["old"] == {"zone": "Asia/Kolkata", "country_code": ""}
    assert entry.detail["new"] == {"zone": "Europe/Rome", "country_code": "39"}


def test_rules_of_sign_in_and_of_tokens_tell_old_and_new_values(rita_client: Client) -> None:
    row = SignInSettings.load()
    fields = (
        *("min_length", "history", "max_age_days", "second_factor", "session_hours"),
        *("idle_minutes", "lock_attempts", "lock_minutes"),
    )
    typed = {name: getattr(row, name) for name in fields} | {"session_hours": 3}
    typed["seen"] = hidden(text_of(rita_client, "/settings/sign-in"))
    before = row.session_hours
    assert rita_client.post("/settings/sign-in", typed).status_code == 302
    entry = AuditEntry.objects.get(action="settings_changed")
    assert (entry.detail["old"], entry.detail["new"]) == (
        {"session_hours": before}, {"session_hours": 3},
    )  # fmt: skip
    assert rita_client.post("/settings/sign-in", typed | {"session_hours": 4}).status_code == 422
    seen = hidden(text_of(rita_client, "/settings/tokens"))
    ApiSettings(enabled=False, most_days=30).save()
    answer = rita_client.post("/settings/tokens", {"most_days": 9, "seen": seen})
    assert answer.status_code == 422
    assert ApiSettings.load().most_days == 30
