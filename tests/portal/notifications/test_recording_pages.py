"""Global settings: mail about recordings, its templates, and what became of each mail."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from callvault.policy.mail_template import unknown_tags
from callvault.portal.audit.models import AuditEntry
from callvault.portal.notifications.models import (
    MailSettings,
    RecordingMail,
    RecordingMailSettings,
    RecordingMailTemplate,
)
from callvault.portal.notifications.stock import STOCK
from callvault.portal.people.models import User
from tests.portal.catalogue_facts import list_recording
from tests.portal.gated import GatedViewTest

pytestmark = pytest.mark.django_db
PAGE = "/settings/recording-mail"
TEMPLATE = f"{PAGE}/templates/en"
NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
TYPED = {"subject": "A call", "body": "Dear [UserFirstName]\r\n", "version": "0"}


class TestSettings(GatedViewTest):
    url = PAGE


class TestTemplate(GatedViewTest):
    url = TEMPLATE


class TestMails(GatedViewTest):
    url = f"{PAGE}/mails"


def test_a_limit_is_set_and_taken_away(rita_client: Client) -> None:
    typed = {"sender_name": "Archive", "is_limited": "on", "limit_mb": "7", "version": "0"}
    assert rita_client.post(PAGE, typed).status_code == 302
    row = RecordingMailSettings.load()
    assert (row.sender_name, row.limit_mb) == ("Archive", 7)
    entry = AuditEntry.objects.get(action="settings_changed")
    assert entry.detail["old"] == {"sender_name": "", "limit_mb": 10}
    assert entry.detail["new"] == {"sender_name": "Archive", "limit_mb": 7}
    assert rita_client.post(PAGE, {"limit_mb": "rot", "version": "1"}).status_code == 302
    assert RecordingMailSettings.load().limit_mb is None


@pytest.mark.parametrize("limit", ["0", "101", "", "rot"])
def test_a_limit_that_is_none_is_refused(limit: str, rita_client: Client) -> None:
    typed = {"is_limited": "on", "limit_mb": limit, "version": "0"}
    assert rita_client.post(PAGE, typed).status_code == 422
    assert not RecordingMailSettings.objects.exists()


def test_an_edit_beside_another_is_told(rita_client: Client) -> None:
    RecordingMailSettings(version=3).save()
    response = rita_client.post(PAGE, {"sender_name": "Mine", "version": "2"})
    assert response.status_code == 422
    assert RecordingMailSettings.load().sender_name == ""


def test_stock_templates_have_no_unknown_tags() -> None:
    for language, stock in STOCK.items():
        assert unknown_tags(stock.subject + stock.body) == (), language


def test_a_template_is_written_and_removed(rita_client: Client) -> None:
    assert rita_client.post(TEMPLATE, TYPED).status_code == 302
    row = RecordingMailTemplate.objects.get()
    assert (row.language, row.department, row.body) == ("en", "", "Dear [UserFirstName]\n")
    stale = rita_client.post(TEMPLATE, TYPED | {"subject": "Mine"})
    assert stale.status_code == 422
    rita_client.post(f"{PAGE}/templates/{row.public_id}/remove")
    assert not RecordingMailTemplate.objects.exists()
    removed = AuditEntry.objects.filter(action="settings_changed").order_by("-pk")[0]
    assert removed.detail["old"]["body"] == "Dear [UserFirstName]\n"


def test_a_department_gets_a_template_of_its_own(rita_client: Client, ann: User) -> None:
    new = rita_client.post(
        f"{PAGE}/templates/new", {"language": "fr", "department": " Help  Desk "}
    )
    assert new["Location"].startswith(f"{PAGE}/templates/fr?department=Help")
    assert "Bonjour" in rita_client.get(new["Location"]).content.decode()  # what holds now
    rita_client.post(new["Location"], TYPED)
    row = RecordingMailTemplate.objects.get()
    assert (row.department, row.department_key) == ("Help Desk", "help desk")
    again = rita_client.post(f"{PAGE}/templates/new", {"language": "fr", "department": "HELP DESK"})
    assert "has a template in this language already" in again.content.decode()


def test_a_preview_saves_nothing_and_points_out_unknown_tags(rita_client: Client) -> None:
    typed = TYPED | {"body": "<b>[Username]</b> [RecordingStartTme]", "preview": "1"}
    page = rita_client.post(TEMPLATE, typed).content.decode()
    assert "[RecordingStartTme] is no tag. Did you mean [RecordingStartTime]?" in page
    assert "&lt;b&gt;arossi&lt;/b&gt;" in page
    assert not RecordingMailTemplate.objects.exists()


def test_no_template_in_a_language_that_is_not_spoken(rita_client: Client) -> None:
    assert rita_client.get(f"{PAGE}/templates/tlh").status_code == 404


def test_a_failed_mail_says_why_and_is_tried_again(
    rita_client: Client, ann: User, mail_set_up: MailSettings
) -> None:
    User.objects.filter(pk=ann.pk).update(send_notifications=True)
    ann.refresh_from_db()
    list_recording(ann)
    RecordingMail.objects.update(
        state="failed", next_try_at=None, problem="recipient", said="550 no", host="mx", port=25
    )
    page = rita_client.get(f"{PAGE}/mails?state=failed").content.decode()
    assert "mx refused the recipient" in page
    assert "550 no" in page
    assert "could not be sent" in rita_client.get(PAGE).content.decode()
    row = RecordingMail.objects.get()
    again = rita_client.post(f"{PAGE}/mails/{row.public_id}/try", {"state": "failed"})
    assert again["Location"] == f"{PAGE}/mails?state=failed"
    row.refresh_from_db()
    assert row.state == "waiting"
    assert row.next_try_at is not None
    row.state, row.next_try_at = "sent", None
    row.save()
    assert rita_client.post(f"{PAGE}/mails/{row.public_id}/try").status_code == 404
