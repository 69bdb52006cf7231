"""A forgotten password: from the sign-in page to the new one."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from callvault.portal.audit.models import AuditEntry
from callvault.portal.notifications import resets
from callvault.portal.notifications.faults import MailFault
from callvault.portal.notifications.models import MailSettings, ResetLink, ResetRequest
from callvault.portal.people.models import User

from .conftest import PASSWORD, Outbox

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
NEW = "three slow green kettles"


def ask(client: Client, name: str) -> Any:
    return client.post("/password/forgotten", {"login": name})


def sent_link(outbox: Outbox) -> str:
    """Work off what was asked for, and return the path of the link in the last mail."""
    while resets.work_off(now=timezone.now()):
        pass
    (link,) = set(re.findall(r"https://calls\.example\.com(/\S+)", outbox.mails[-1].text))
    return str(link)


def test_without_a_mail_server_an_administrator_is_named(client: Client, db: None) -> None:
    page = client.get("/password/forgotten").content.decode()
    assert "Ask an administrator" in page
    assert "<form" not in page
    assert client.post("/password/forgotten", {"login": "ann"}).status_code == 200
    assert not ResetRequest.objects.exists()


@pytest.mark.usefixtures("mail_set_up", "anna")
def test_the_answer_is_the_same_whoever_is_named(client: Client, outbox: Outbox) -> None:
    pages, queries = set(), set()
    for name in ("ann", "nobody", "ann@example.com"):
        with CaptureQueriesContext(connection) as captured:
            pages.add(ask(client, name).content.partition(b"<main")[2])
        queries.add(len(captured))
    assert (len(pages), len(queries)) == (1, 1)  # the same work, so the same time
    assert outbox.mails == []  # nothing is sent in a request
    assert "ann" not in str(list(ResetRequest.objects.values()))


@pytest.mark.usefixtures("mail_set_up")
def test_a_link_sets_the_password_once_and_ends_other_browsers(
    client: Client, anna: User, outbox: Outbox
) -> None:
    elsewhere = Client()
    elsewhere.force_login(anna)
    ask(client, "ANN@example.com")
    link = sent_link(outbox)
    assert outbox.mails[-1].to == "ann@example.com"
    assert client.get(link).status_code == 200
    assert client.get(link).status_code == 200  # scanners of mail open links
    weak = client.post(link, {"new_password1": "short", "new_password2": "short"})
    assert weak.status_code == 422
    done = client.post(link, {"new_password1": NEW, "new_password2": NEW})
    assert "The new password is set" in done.content.decode()
    anna.refresh_from_db()
    assert anna.check_password(NEW)
    assert not anna.open_sessions.exists()
    assert elsewhere.get("/recordings/mine/").status_code == 302
    again = client.post(link, {"new_password1": PASSWORD, "new_password2": PASSWORD})
    assert again.status_code == 404
    anna.refresh_from_db()
    assert anna.check_password(NEW)
    entry = AuditEntry.objects.get(action="password_reset")
    assert entry.object_id == str(anna.public_id)


@pytest.mark.usefixtures("mail_set_up")
def test_only_a_digest_of_the_link_is_kept(client: Client, anna: User, outbox: Outbox) -> None:
    ask(client, "ann")
    secret = sent_link(outbox).rpartition("/")[2]
    kept = str(list(ResetLink.objects.values())) + str(list(ResetRequest.objects.values()))
    assert secret not in kept
    assert ResetRequest.objects.get().sealed_name == ""


def test_a_link_ends_after_an_hour_and_with_its_person(anna: User) -> None:
    secret = resets.make_link(anna, now=NOW)
    assert secret is not None
    assert resets.open_link(secret, now=NOW + timedelta(minutes=59)) is not None
    assert resets.open_link(secret, now=NOW + timedelta(minutes=60)) is None
    User.objects.update(is_active=False)
    assert resets.open_link(secret, now=NOW) is None


@pytest.mark.usefixtures("mail_set_up")
def test_using_one_link_ends_the_others(client: Client, anna: User, outbox: Outbox) -> None:
    ask(client, "ann")
    first = sent_link(outbox)
    ask(client, "ann")
    second = sent_link(outbox)
    client.post(second, {"new_password1": NEW, "new_password2": NEW})
    assert client.get(first).status_code == 404


@pytest.mark.usefixtures("mail_set_up")
def test_who_has_no_password_here_is_told_where_it_is(
    client: Client, anna: User, outbox: Outbox
) -> None:
    anna.language = "en"
    anna.set_unusable_password()
    anna.save()
    ask(client, "ann")
    resets.work_off(now=timezone.now())
    assert "kept elsewhere" in outbox.mails[0].subject
    assert not ResetLink.objects.exists()


@pytest.mark.usefixtures("mail_set_up", "anna")
@pytest.mark.parametrize("change", [{"is_active": False}, {"email": ""}])
def test_who_may_not_sign_in_or_has_no_address_gets_no_mail(
    client: Client, outbox: Outbox, change: dict[str, Any]
) -> None:
    User.objects.update(**change)
    ask(client, "ann")
    resets.work_off(now=timezone.now())
    assert outbox.mails == []


@pytest.mark.usefixtures("mail_set_up", "anna")
def test_a_person_gets_three_links_an_hour(client: Client, outbox: Outbox) -> None:
    for _ in range(5):
        assert ask(client, "ann").status_code == 200
    while resets.work_off(now=timezone.now()):
        pass
    assert len(outbox.mails) == 3


@pytest.mark.usefixtures("mail_set_up")
def test_an_address_may_ask_twenty_times_an_hour(client: Client) -> None:
    for number in range(20):
        ask(client, f"name{number}")
    refused = ask(client, "ann")
    assert refused.status_code == 429
    assert "Too many requests" in refused.content.decode()


@pytest.mark.usefixtures("mail_set_up", "anna")
def test_a_mail_that_did_not_go_is_tried_again_and_then_given_up(
    client: Client, outbox: Outbox
) -> None:
    ask(client, "ann")
    outbox.fault = MailFault("timeout", passes=True)
    now = timezone.now()
    for _ in range(4):
        with pytest.raises(MailFault):
            resets.work_off(now=now)
        assert not resets.work_off(now=now)  # later, not at once
        now += timedelta(minutes=15)
    assert ResetRequest.objects.get().next_try_at is None
    assert not ResetLink.objects.exists()


@pytest.mark.usefixtures("mail_set_up", "anna")
def test_a_refusal_for_good_is_not_tried_again(client: Client, outbox: Outbox) -> None:
    ask(client, "ann")
    outbox.fault = MailFault("recipient", "550 unknown")
    with pytest.raises(MailFault):
        resets.work_off(now=timezone.now())
    assert ResetRequest.objects.get().next_try_at is None


def test_what_is_over_goes(anna: User) -> None:
    resets.make_link(anna, now=NOW)
    ResetRequest.objects.create(asked_at=NOW)
    resets.tidy(now=NOW + timedelta(hours=26))
    assert not ResetLink.objects.exists()
    assert not ResetRequest.objects.exists()


def test_the_sign_in_page_leads_here(client: Client, db: None) -> None:
    assert 'href="/password/forgotten"' in client.get("/sign-in/").content.decode()


@pytest.mark.usefixtures("anna")
def test_mail_is_in_the_language_of_who_reads_it(
    client: Client, mail_set_up: MailSettings, outbox: Outbox
) -> None:
    ask(client, "ann")
    resets.work_off(now=timezone.now())
    assert outbox.mails[0].language == "it"
    assert 'lang="it"' in outbox.mails[0].html
