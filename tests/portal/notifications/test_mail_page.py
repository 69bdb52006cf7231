"""Global settings: the mail server."""

from typing import Any

import pytest
from django.test import Client

from callvault.errors import VaultError
from callvault.portal.audit.models import AuditEntry
from callvault.portal.notifications.faults import MailFault
from callvault.portal.notifications.models import MailSettings
from callvault.portal.people.models import User

from .conftest import Outbox

pytestmark = pytest.mark.django_db

PAGE = "/settings/mail"
TYPED = {
    "host": "SMTP.example.com",
    "port": "587",
    "security": "starttls",
    "checks_certificate": "on",
    "username": "mailer",
    "password": "s3cret words",
    "sender_name": "Callvault",
    "sender_address": "calls@example.com",
    "portal_url": "https://calls.example.com/",
    "timeout_s": "15",
}


def test_only_administrators_come_here(client: Client, sam: User) -> None:
    client.force_login(sam)
    assert client.get(PAGE).status_code == 403


def test_the_password_is_kept_sealed_and_shown_to_nobody(rita_client: Client) -> None:
    assert rita_client.post(PAGE, TYPED).status_code == 302
    kept = MailSettings.objects.get()
    assert (kept.host, kept.password) == ("smtp.example.com", "s3cret words")
    assert "s3cret" not in kept.sealed_password
    page = rita_client.get(PAGE).content.decode()
    assert "One is set" in page
    assert "s3cret" not in page
    entry = AuditEntry.objects.get(action="settings_changed")
    assert "password" in entry.detail["fields"]
    assert "s3cret" not in str(entry.detail)


def test_an_empty_password_keeps_the_one_that_is_set(
    rita_client: Client, mail_set_up: MailSettings
) -> None:
    rita_client.post(PAGE, TYPED | {"password": "", "port": "2525"})
    mail_set_up.refresh_from_db()
    assert (mail_set_up.port, mail_set_up.password) == (2525, "s3cret words")


def test_the_kept_password_is_not_sent_to_another_server(
    rita_client: Client, mail_set_up: MailSettings, outbox: Outbox
) -> None:
    typed = TYPED | {"password": "", "host": "evil.example.com", "test_to": "a@example.com"}
    answer = rita_client.post(PAGE, typed | {"test": "1"})
    assert answer.status_code == 422
    assert "Type the password anew" in answer.content.decode()
    assert outbox.mails == []


@pytest.mark.usefixtures("mail_set_up")
def test_the_kept_password_is_not_sent_in_clear(rita_client: Client) -> None:
    answer = rita_client.post(PAGE, TYPED | {"password": "", "security": "none", "test": ""})
    assert answer.status_code == 422
    assert "it would travel in clear" in answer.content.decode()


def test_without_a_user_name_no_password_is_kept(
    rita_client: Client, mail_set_up: MailSettings
) -> None:
    rita_client.post(PAGE, TYPED | {"username": "", "password": ""})
    mail_set_up.refresh_from_db()
    assert mail_set_up.sealed_password == ""


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"host": "smtp://example.com"}, "without a scheme"),
        ({"port": "0"}, "greater than or equal to 1"),
        ({"timeout_s": "600"}, "less than or equal to 60"),
        ({"portal_url": "https://calls.example.com/people"}, "Write it as"),
        ({"portal_url": "ftp://calls.example.com"}, "Write it as"),
        ({"username": ""}, "A password needs a user name"),
        ({"sender_name": "a\r\nBcc: all@example.com"}, "on one line"),
    ],
)
def test_what_cannot_be_is_refused_with_the_way_out(
    rita_client: Client, changed: dict[str, str], told: str
) -> None:
    answer = rita_client.post(PAGE, TYPED | changed)
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert not MailSettings.objects.exists()


def test_a_test_mail_goes_by_what_is_typed_and_saves_nothing(
    rita_client: Client, outbox: Outbox
) -> None:
    answer = rita_client.post(PAGE, TYPED | {"test": "1", "test_to": "rita@example.com"})
    assert "took the mail to rita@example.com" in answer.content.decode()
    assert [mail.to for mail in outbox.mails] == ["rita@example.com"]
    assert not MailSettings.objects.exists()
    assert AuditEntry.objects.filter(action="mail_tested").count() == 1


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (MailFault("login", "535 no"), "did not accept the user name or the password"),
        (MailFault("certificate", "expired"), "is not trusted"),
        (MailFault("name"), "is not known"),
        (MailFault("sender", "550 no"), "refused the sender"),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_a_test_that_fails_says_where_and_what_to_do(
    rita_client: Client, outbox: Outbox, fault: MailFault, told: str
) -> None:
    outbox.fault = fault
    page = rita_client.post(PAGE, TYPED | {"test": "1", "test_to": "r@example.com"})
    assert told in page.content.decode()
    assert fault.said in page.content.decode()
    assert 'value="smtp.example.com"' in page.content.decode() or "SMTP.example.com" in str(
        page.content
    )


def test_no_encryption_is_warned_of(rita_client: Client, mail_set_up: MailSettings) -> None:
    assert "travel in the open" not in rita_client.get(PAGE).content.decode()
    MailSettings.objects.update(security="none")
    assert "travel in the open" in rita_client.get(PAGE).content.decode()


def test_it_can_be_removed(rita_client: Client, mail_set_up: MailSettings) -> None:
    rita_client.post("/settings/mail/forget")
    assert not MailSettings.objects.exists()


def test_with_another_secret_key_the_password_does_not_open(
    mail_set_up: MailSettings, settings: Any
) -> None:
    settings.SECRET_KEY = "another"
    with pytest.raises(VaultError):
        _ = MailSettings.objects.get().password
