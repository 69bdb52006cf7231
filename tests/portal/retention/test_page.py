"""The page *Retention*: preview, saving, waiting, taking back; and what a recording says of it."""

import re
from datetime import datetime, timedelta
from html import unescape
from typing import ClassVar

import pytest
from django.test import Client
from django.utils import timezone

from callvault.policy.permissions import Deed, Refusal
from callvault.policy.retention import Period, Preset, RetentionRule
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from callvault.portal.recordings.permissions import recordings_in_catalogue, refusal_of
from callvault.portal.retention.models import RetentionSettings
from callvault.portal.retention.rule import rule_in_force, rules_now
from callvault.portal.retention.sweep import suspend, sweep
from tests.portal.catalogue_facts import Spoken, list_recording
from tests.portal.gated import GatedViewTest

pytestmark = pytest.mark.django_db
PAGE = "/settings/retention/"


class TestRetention(GatedViewTest):
    """For administrators."""

    url: ClassVar[str] = PAGE


def send(client: Client, **sent: str) -> str:
    """Look at a rule, then save it as the page offers it; return the page that showed it."""
    sent = {"version": str(version()), **sent}
    shown = client.post(PAGE, sent)
    assert shown.status_code == 200
    text = shown.content.decode()
    found = re.search(r'name="previewed" value="([^"]*)"', text)
    assert found
    assert client.post(PAGE, sent | {"previewed": unescape(found[1])}).status_code == 302
    return text


def version() -> int:
    row = RetentionSettings.objects.first()
    return row.version if row else 0


@pytest.fixture
def old_one(ann: User) -> Recording:
    """A call of two years ago."""
    began: datetime = timezone.now() - timedelta(days=730)
    return list_recording(ann, Spoken(started_at=began))


@pytest.mark.usefixtures("old_one")
def test_a_shorter_rule_is_shown_waits_and_is_taken_back(rita_client: Client) -> None:
    rita_client.post(PAGE, {"version": "0", "preset": "12_months"})
    assert not RetentionSettings.objects.exists()  # only looked at
    text = send(rita_client, preset="12_months")
    assert "1 recording" in text
    assert "Ann Keller" in text
    assert rule_in_force() == RetentionRule()
    assert "Not in force yet" in rita_client.get(PAGE).content.decode()
    entry = AuditEntry.objects.get(action=Action.SETTINGS_CHANGED)
    assert entry.detail["old"]["coming"] is None
    assert entry.detail["new"]["coming"]["preset"] == "12_months"
    stale = rita_client.post(f"{PAGE}take-back", {"version": "0"}, follow=True)
    assert rules_now().coming is not None
    assert b"changed this" in stale.content
    rita_client.post(f"{PAGE}take-back", {"version": "1"})
    assert rules_now().coming is None
    assert AuditEntry.objects.filter(action=Action.SETTINGS_CHANGED).count() == 2


def test_a_longer_rule_is_in_force_at_once(rita_client: Client) -> None:
    send(rita_client, preset="custom", years="1", preserve="on", longer_months="6")
    RetentionSettings.objects.update(rules={"rule": {"preset": "12_months"}})
    send(rita_client, preset="48_months")
    assert rule_in_force() == RetentionRule(Preset.FORTY_EIGHT_MONTHS)


def test_custom_periods_are_kept_as_typed(rita_client: Client) -> None:
    send(rita_client, preset="custom", years="1", days="3", preserve="on", longer_months="6")
    expected = RetentionRule(Preset.CUSTOM, Period(years=1, days=3), True, Period(months=6))
    assert rules_now().coming == expected


def test_a_rule_that_was_changed_after_its_preview_is_shown_anew(rita_client: Client) -> None:
    sent = {"version": "0", "preset": "4_hours", "previewed": '{"preset":"12_months"}'}
    assert rita_client.post(PAGE, sent).status_code == 200
    assert not RetentionSettings.objects.exists()


def test_nobody_saves_over_anothers_edit(rita_client: Client) -> None:
    send(rita_client, preset="keep_all")
    text = rita_client.post(PAGE, {"version": "0", "preset": "12_months"}).content.decode()
    found = re.search(r'name="previewed" value="([^"]*)"', text)
    assert found
    late = {"version": "0", "preset": "12_months", "previewed": unescape(found[1])}
    assert rita_client.post(PAGE, late).status_code == 422
    assert rules_now().coming is None


@pytest.mark.parametrize("sent", [{}, {"years": "101"}, {"years": "100", "longer_days": "9"}])
def test_a_custom_rule_needs_a_period_within_the_calendar(
    rita_client: Client, sent: dict[str, str]
) -> None:
    form = {"version": "0", "preset": "custom", "preserve": "on", **sent}
    assert rita_client.post(PAGE, form).status_code == 422


@pytest.mark.usefixtures("old_one")
def test_a_dry_run_changes_nothing(rita_client: Client) -> None:
    RetentionSettings.objects.create(rules={"rule": {"preset": "12_months"}})
    assert "1 recording" in rita_client.get(f"{PAGE}?dry_run=1").content.decode()
    assert recordings_in_catalogue().count() == 1


def test_keep_all_switches_preserving_off_once_it_is_chosen(
    rita_client: Client, rita: User, old_one: Recording
) -> None:
    assert refusal_of(rita, old_one, Deed.PRESERVE) is None
    send(rita_client, preset="12_months")  # waits until 02:00
    assert refusal_of(rita, old_one, Deed.PRESERVE) is None
    send(rita_client, preset="keep_all")
    assert refusal_of(rita, old_one, Deed.PRESERVE) is Refusal.PRESERVE_OFF


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ({}, "Kept: retention deletes nothing"),
        ({"rule": {"preset": "12_months"}}, "Will be deleted within minutes"),
        ({"rule": {"preset": "48_months"}}, "Will be deleted on"),
    ],
)
def test_the_page_of_a_recording_says_what_becomes_of_it(
    rita_client: Client, old_one: Recording, rules: dict[str, object], told: str
) -> None:
    RetentionSettings.objects.create(rules=rules)
    page = rita_client.get(f"/recordings/{old_one.recording_id}/").content.decode()
    assert told in page


def test_the_page_of_a_preserved_recording_says_that_it_is_kept(
    rita_client: Client, old_one: Recording
) -> None:
    RetentionSettings.objects.create(rules={"rule": {"preset": "12_months"}})
    rows = recordings_in_catalogue().filter(pk=old_one.pk)
    rows.update(preserved_level=40, preserved_at=timezone.now(), preserved_by_name="Rita Marsh")
    page = rita_client.get(f"/recordings/{old_one.recording_id}/").content.decode()
    assert "Kept because it is preserved" in page


@pytest.mark.usefixtures("old_one")
def test_after_a_restore_nothing_is_deleted_until_an_administrator_says_so(
    rita_client: Client,
) -> None:
    RetentionSettings.objects.create(rules={"rule": {"preset": "12_months"}})
    now = timezone.now()
    suspend(now)
    assert sweep(now, holder="worker") == 0
    assert (
        "Nothing is deleted since a backup was restored" in rita_client.get(PAGE).content.decode()
    )
    rita_client.post(f"{PAGE}resume")
    entry = AuditEntry.objects.get(action=Action.RETENTION_RESUMED)
    assert entry.detail["since"] == now.isoformat()
    rita_client.post(f"{PAGE}resume")  # pressed twice
    assert AuditEntry.objects.filter(action=Action.RETENTION_RESUMED).count() == 1
    assert sweep(now, holder="worker") == 1
