"""Your account: what people choose, passwords, and saying who one is."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from callvault.portal.access.models import OwnChoices, SignInSettings
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.people.models import User
from tests.portal.gated import check_policy

from .conftest import PASSWORD, set_up_app

CHOSEN = {"language": "it", "zone": "Europe/Rome", "theme": "dark"}
NEW = "six other lamps"


def change(client: Client, new: str, old: str = PASSWORD) -> str:
    data = {"old_password": old, "new_password1": new, "new_password2": new}
    return client.post("/password/", data).content.decode()


def stale(client: Client) -> None:
    """Let five minutes pass since the person said who they are."""
    session = client.session
    session["callvault_confirmed_at"] -= 301
    session.save()


def test_people_choose_language_zone_theme_and_keys(iris_client: Client, iris: User) -> None:
    page = iris_client.get("/account/").content.decode()
    assert "data-cv-single-keys" not in page
    assert iris_client.post("/account/", CHOSEN)["Location"] == "/account/"
    iris.refresh_from_db()
    assert (iris.language, iris.zone, iris.theme) == ("it", "Europe/Rome", "dark")
    page = iris_client.get("/account/").content.decode()
    assert 'data-cv-single-keys="off"' in page
    assert 'lang="it"' in page
    entry = AuditEntry.objects.get(action=Action.OWN_ACCOUNT_CHANGED)
    assert entry.detail["fields"] == ["language", "single_keys", "theme", "zone"]


@pytest.mark.parametrize("wrong", [{"zone": "Mars/Base"}, {"theme": "pink"}, {"language": "xx"}])
def test_what_does_not_exist_is_refused(
    iris_client: Client, iris: User, wrong: dict[str, str]
) -> None:
    response = iris_client.post("/account/", CHOSEN | wrong)
    assert response.status_code == 422
    check_policy(response)
    iris.refresh_from_db()
    assert iris.theme == "system"


def test_the_rules_are_said_before_anything_is_typed(iris_client: Client) -> None:
    SignInSettings.objects.create(min_length=14, history=3)
    page = iris_client.get("/password/").content.decode()
    assert "At least 14 characters" in page
    assert "Not one of your last 3 passwords" in page


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("", 0),
        ("short", 2),
        ("1234567890123", 2),
        ("password123", 2),
        ("iris.example1", 2),
        (NEW, 3),
    ],
)
def test_rules_are_judged_in_place(iris_client: Client, typed: str, kept: int) -> None:
    page = iris_client.post("/password/rules", {"new_password1": typed}).content.decode()
    assert page.count("cv-green") == kept


@pytest.mark.parametrize(
    "new", ["short", "1234567890123", "password123", "iris.example1", PASSWORD]
)
def test_weak_passwords_are_refused(iris_client: Client, iris: User, new: str) -> None:
    change(iris_client, new)
    iris.refresh_from_db()
    assert iris.check_password(PASSWORD)


def test_the_shortest_password_is_the_settings(iris_client: Client, iris: User) -> None:
    SignInSettings.objects.create(min_length=20)
    assert "At least 20 characters." in change(iris_client, NEW)
    change(iris_client, "six other lamps and a door")
    iris.refresh_from_db()
    assert iris.check_password("six other lamps and a door")


def test_earlier_passwords_do_not_come_back(iris_client: Client, iris: User) -> None:
    SignInSettings.objects.create(history=2)
    change(iris_client, NEW)
    change(iris_client, "nine red kettles", NEW)
    assert "Not one of your last 2 passwords." in change(iris_client, NEW, "nine red kettles")
    change(iris_client, "four grey doors", "nine red kettles")
    change(iris_client, "two green chairs", "four grey doors")
    change(iris_client, NEW, "two green chairs")
    iris.refresh_from_db()
    assert iris.check_password(NEW)


def test_without_history_no_earlier_password_is_kept(iris_client: Client, iris: User) -> None:
    change(iris_client, NEW)
    assert not iris.past_passwords.exists()


def test_a_password_that_is_too_old_is_replaced_first(iris_client: Client) -> None:
    SignInSettings.objects.create(max_age_days=90)
    assert iris_client.get("/recordings/mine/").status_code == 200
    OwnChoices.objects.update(password_set_at=timezone.now() - timedelta(days=91))
    assert iris_client.get("/recordings/mine/")["Location"] == "/password/"
    assert "older than the settings allow" in iris_client.get("/password/").content.decode()
    change(iris_client, NEW)
    assert iris_client.get("/recordings/mine/").status_code == 200


GUARDED = ("/account/second-factor/app", "/account/second-factor/passkeys/options")


@pytest.mark.parametrize("path", GUARDED)
def test_what_guards_the_account_asks_who_it_is(iris_client: Client, path: str) -> None:
    assert iris_client.get(path).status_code == 200
    stale(iris_client)
    confirm = iris_client.get(path)["Location"]
    assert confirm.startswith("/account/confirm?next=")
    check_policy(iris_client.get(confirm))
    response = iris_client.post(confirm, {"password": "wrong", "next": path})
    assert response.status_code == 422
    response = iris_client.post(confirm, {"password": PASSWORD, "next": path})
    assert response["Location"] == path
    assert iris_client.get(path).status_code == 200
    assert AuditEntry.objects.filter(action=Action.IDENTITY_CONFIRMED).count() == 1


def test_a_removal_is_not_sent_again_by_itself(iris_client: Client, iris: User) -> None:
    set_up_app(iris_client)
    stale(iris_client)
    sent_from = {"Referer": "http://testserver/account/second-factor/"}
    response = iris_client.post("/account/second-factor/app/remove", headers=sent_from)
    assert response["Location"] == "/account/confirm?next=%2Faccount%2Fsecond-factor%2F"


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example/", "/\\evil.example"])
def test_confirming_leads_nowhere_else(iris_client: Client, target: str) -> None:
    data = {"password": PASSWORD, "next": target}
    assert iris_client.post("/account/confirm", data)["Location"] == "/account/"


def test_guessing_at_an_open_session_locks_the_name(iris_client: Client) -> None:
    for _ in range(5):
        iris_client.post("/account/confirm", {"password": "wrong"})
    response = iris_client.post("/account/confirm", {"password": PASSWORD})
    assert response.status_code == 429


def test_who_has_neither_is_told_to_sign_in_anew(client: Client, ann: User) -> None:
    client.force_login(ann)
    stale(client)
    page = client.get("/account/confirm").content.decode()
    assert "Sign out and in again" in page
