"""Signing in, being locked out, and replacing a one-time password."""

from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth import authenticate
from django.test import Client
from django.utils import timezone

from callvault.portal.access.models import OpenSession
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.first_start import create_first_administrator
from callvault.portal.people import account
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User
from callvault.portal.people.passwords import draw, give_one_time_password
from tests.portal.gated import check_policy

PASSWORD = "seven quiet lamps"

pytestmark = pytest.mark.django_db


@pytest.fixture
def iris() -> User:
    """Iris signs in with a password."""
    return User.objects.create_user("Iris", PASSWORD, email="iris@example.com", extension="2077")


def sign_in(client: Client, name: str, password: str = PASSWORD) -> int:
    return client.post("/sign-in/", {"login": name, "password": password}).status_code


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


@pytest.mark.parametrize("name", ["Iris", "iris", "IRIS@example.com", " iris "])
def test_a_person_signs_in_by_user_name_or_mail(client: Client, iris: User, name: str) -> None:
    assert sign_in(client, name) == 302
    assert signed_in(client)
    entry = AuditEntry.objects.get(action=Action.SIGNED_IN)
    assert (entry.actor, entry.address) == (iris, "127.0.0.1")


@pytest.mark.parametrize(("name", "password"), [("iris", "wrong"), ("nobody", PASSWORD)])
def test_every_refusal_reads_the_same(client: Client, iris: User, name: str, password: str) -> None:
    response = client.post("/sign-in/", {"login": name, "password": password})
    assert response.status_code == 200
    assert "The user name or the password is not right." in response.content.decode()
    assert not signed_in(client)


def test_a_failed_attempt_is_audited_without_what_was_typed(client: Client, iris: User) -> None:
    sign_in(client, "a password typed in the wrong place", "x")
    sign_in(client, "iris", "x")
    sign_in(client, "iris@example.com", "x")
    typed, known, by_mail = AuditEntry.objects.filter(action=Action.SIGN_IN_FAILED).order_by("pk")
    assert (typed.actor_name, typed.object_id, typed.detail) == ("", "", {})
    assert known.object_id == by_mail.object_id == str(iris.public_id)


def test_an_inactive_person_does_not_get_in(client: Client, iris: User) -> None:
    iris.is_active = False
    iris.save()
    assert sign_in(client, "iris") == 200
    assert not signed_in(client)


def test_who_is_deactivated_is_signed_out(client: Client, iris: User) -> None:
    sign_in(client, "iris")
    User.objects.update(is_active=False)
    response = client.get("/recordings/mine/")
    assert response.status_code == 302
    assert response["Location"].startswith("/sign-in/")


def test_who_was_deactivated_comes_back_signed_out(client: Client, iris: User) -> None:
    sign_in(client, "iris")
    for is_active in (False, True):
        iris.is_active = is_active
        iris.save()
    assert client.get("/recordings/mine/").status_code == 302


def test_two_people_with_one_address_sign_in_by_user_name_only(client: Client, iris: User) -> None:
    User.objects.create_user("second", PASSWORD, email="iris@example.com")
    assert sign_in(client, "iris@example.com") == 200
    assert sign_in(client, "second") == 302


def test_a_person_without_password_cannot_sign_in(client: Client, ann: User) -> None:
    assert sign_in(client, "ann", "") == 200
    assert not signed_in(client)


def test_after_five_wrong_passwords_the_name_is_locked(client: Client, iris: User) -> None:
    for name in ("iris", "Iris", "IRIS", "iris", "iris"):
        sign_in(client, name, "wrong")
    response = client.post("/sign-in/", {"login": "iris", "password": PASSWORD})
    assert response.status_code == 429
    assert "Too many attempts. Try again in 15 min." in response.content.decode()
    check_policy(response)
    assert not signed_in(client)


def test_user_name_and_mail_of_a_person_are_one_count(client: Client, iris: User) -> None:
    for name in ("iris", "iris@example.com", "IRIS", "Iris@Example.com", "iris"):
        sign_in(client, name, "wrong")
    assert sign_in(client, "iris") == 429
    assert sign_in(client, "iris@example.com") == 429


def test_the_old_password_is_not_guessed_at_an_open_session(client: Client, iris: User) -> None:
    sign_in(client, "iris")
    data = {"new_password1": "six new lamps", "new_password2": "six new lamps"}
    for _ in range(5):
        client.post("/password/", data | {"old_password": "wrong"})
    response = client.post("/password/", data | {"old_password": PASSWORD})
    assert response.status_code == 429
    assert "Too many attempts. Try again in 15 min." in response.content.decode()
    iris.refresh_from_db()
    assert iris.check_password(PASSWORD)


def test_a_session_known_before_the_sign_in_is_worth_nothing(client: Client, iris: User) -> None:
    planted = client.session
    planted["seen"] = True
    planted.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = str(planted.session_key)
    sign_in(client, "iris")
    attacker = Client()
    attacker.cookies[settings.SESSION_COOKIE_NAME] = str(planted.session_key)
    assert client.get("/recordings/mine/").status_code == 200
    assert attacker.get("/recordings/mine/").status_code == 302


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example", "/\\evil.example", "https:evil.example",
     "///evil.example", "/\t/evil.example", "javascript:alert(1)"],
)  # fmt: skip
def test_no_next_leads_away_from_the_portal(client: Client, iris: User, target: str) -> None:
    data = {"login": "iris", "password": PASSWORD, "next": target}
    assert client.post("/sign-in/", data)["Location"] == "/"
    assert client.post("/theme", {"theme": "dark", "next": target})["Location"] == "/"


def test_others_are_not_locked_out_with_the_name(client: Client, iris: User) -> None:
    User.objects.create_user("second", PASSWORD)
    for _ in range(6):
        sign_in(client, "iris", "wrong")
    assert sign_in(client, "second") == 302


def test_the_lock_ends(client: Client, iris: User) -> None:
    for _ in range(6):
        sign_in(client, "iris", "wrong")
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))
    assert sign_in(client, "iris") == 302


def test_nobody_can_sign_up(client: Client) -> None:
    for path in ("/sign-up/", "/accounts/signup/", "/sign-in/signup/"):
        assert client.get(path).status_code == 404


def test_a_session_ends_with_the_browser_and_after_a_working_day(
    client: Client, iris: User
) -> None:
    sign_in(client, "iris")
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["expires"] == ""
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    OpenSession.objects.update(
        started_at=timezone.now() - timedelta(hours=10, minutes=1), last_used_at=timezone.now()
    )
    assert client.get("/recordings/mine/").status_code == 302
    assert "You were signed out after 10 h." in client.get("/sign-in/").content.decode()


def test_signing_out_ends_the_session_and_is_audited(client: Client, iris: User) -> None:
    sign_in(client, "iris")
    client.post("/sign-out/")
    assert not signed_in(client)
    assert AuditEntry.objects.filter(action=Action.SIGNED_OUT, actor=iris).exists()


def test_the_first_administrator_must_replace_the_one_time_password(client: Client) -> None:
    one_time = create_first_administrator() or ""
    assert sign_in(client, "admin", one_time) == 302
    response = client.get("/people/")
    assert response.status_code == 302
    assert response["Location"] == "/password/"
    check_policy(client.get("/password/"))
    judged = client.post("/password/rules", {"new_password1": PASSWORD})
    assert judged.status_code == 200
    answer = client.post(
        "/password/",
        {"old_password": one_time, "new_password1": PASSWORD, "new_password2": PASSWORD},
    )
    assert answer["Location"] == "/"
    assert client.get("/people/").status_code == 200
    assert AuditEntry.objects.filter(action=Action.PASSWORD_CHANGED).count() == 1
    assert sign_in(Client(), "admin", one_time) == 200


@pytest.mark.parametrize(
    ("old", "new", "again", "field"),
    [
        ("wrong", "another good one", "another good one", "old_password"),
        (PASSWORD, "another good one", "another good 0ne", "new_password2"),
        (PASSWORD, "short", "short", "new_password2"),
        (PASSWORD, "password1234", "password1234", "new_password2"),
        (PASSWORD, PASSWORD, PASSWORD, "new_password1"),
    ],
)
def test_a_password_that_will_not_do_is_refused(
    client: Client, iris: User, old: str, new: str, again: str, field: str
) -> None:
    sign_in(client, "iris")
    data = {"old_password": old, "new_password1": new, "new_password2": again}
    response = client.post("/password/", data)
    assert field in response.context["form"].errors
    iris.refresh_from_db()
    assert iris.check_password(PASSWORD)


def test_a_changed_password_ends_the_other_sessions(client: Client, iris: User) -> None:
    elsewhere = Client()
    sign_in(elsewhere, "iris")
    sign_in(client, "iris")
    data = {
        "old_password": PASSWORD,
        "new_password1": "six new lamps",
        "new_password2": "six new lamps",
    }
    client.post("/password/", data)
    assert client.get("/recordings/mine/").status_code == 200
    assert elsewhere.get("/recordings/mine/").status_code == 302


def test_a_right_taken_away_while_the_password_is_changed_stays_away(
    client: Client, iris: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(*args: Any, **kwargs: Any) -> object:
        User.objects.filter(pk=iris.pk).update(level=Level.RECORD_ONLY)
        return authenticate(*args, **kwargs)

    User.objects.filter(pk=iris.pk).update(level=Level.ADMINISTRATOR)
    sign_in(client, "iris")
    monkeypatch.setattr(account, "authenticate", meanwhile)
    new = "six new lamps"
    data = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert client.post("/password/", data).status_code == 302
    iris.refresh_from_db()
    assert iris.check_password(new)
    assert iris.level == Level.RECORD_ONLY


def test_passwords_are_hashed_with_argon2(iris: User) -> None:
    assert iris.password.startswith("argon2$argon2id$")


def test_a_one_time_password_can_be_read_out_and_is_never_the_same() -> None:
    assert len({draw() for _ in range(100)}) == 100
    assert not set(draw()) & set("01lio")


def test_a_new_one_time_password_ends_the_sessions_of_the_person(
    client: Client, iris: User
) -> None:
    sign_in(client, "iris")
    give_one_time_password(iris)
    assert client.get("/recordings/mine/").status_code == 302
