"""Second factors: set up, asked for, used once, taken away, and demanded by the settings."""

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from callvault.portal.access.codes import step_now
from callvault.portal.access.models import OpenSession, SignInSettings
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User
from tests.portal.gated import check_policy

from .conftest import PASSWORD, codes_shown, set_up_app

SIGN_IN = {"login": "iris", "password": PASSWORD}


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def as_if_later(person: User) -> None:
    """Let a minute pass, as far as codes that were used are concerned."""
    row = Authenticator.objects.get(user=person, type="totp")
    row.data["last_step"] = 0
    row.save()


def test_after_the_password_a_code_of_the_app_is_asked_for(iris_client: Client, iris: User) -> None:
    app = set_up_app(iris_client)
    as_if_later(iris)
    other = Client()
    assert other.post("/sign-in/", SIGN_IN)["Location"] == "/sign-in/code"
    assert not signed_in(other)
    check_policy(other.get("/sign-in/code"))
    assert other.get("/recordings/mine/").status_code == 302
    code = app.code_at(step_now())
    assert other.post("/sign-in/code", {"code": code}).status_code == 302
    assert signed_in(other)


def test_a_code_is_taken_once(iris_client: Client, iris: User) -> None:
    app = set_up_app(iris_client)
    as_if_later(iris)
    code = app.code_at(step_now())
    for taken in (True, False):
        other = Client()
        other.post("/sign-in/", SIGN_IN)
        other.post("/sign-in/code", {"code": code})
        assert signed_in(other) is taken


def test_the_code_that_sets_the_app_up_signs_nobody_in(iris_client: Client) -> None:
    app = set_up_app(iris_client)
    other = Client()
    other.post("/sign-in/", SIGN_IN)
    page = other.post("/sign-in/code", {"code": app.code_at(step_now())}).content.decode()
    assert "This code is not right, or it was used already." in page
    assert not signed_in(other)


def test_a_recovery_code_signs_in_once_and_is_audited(iris_client: Client, iris: User) -> None:
    set_up_app(iris_client)
    codes = codes_shown(iris_client)
    assert len(codes) == 10
    for taken in (True, False):
        other = Client()
        other.post("/sign-in/", SIGN_IN)
        other.post("/sign-in/code", {"code": codes[0]})
        assert signed_in(other) is taken
    assert AuditEntry.objects.filter(action=Action.RECOVERY_CODE_USED, actor=iris).count() == 1
    assert "9 codes are left" in iris_client.get("/account/second-factor/").content.decode()


def test_recovery_codes_are_shown_once(iris_client: Client) -> None:
    set_up_app(iris_client)
    assert codes_shown(iris_client)
    response = iris_client.get("/account/second-factor/codes")
    assert response["Location"] == "/account/second-factor/"
    first = iris_client.post("/account/second-factor/codes")
    assert first["Location"] == "/account/second-factor/codes"
    assert len(codes_shown(iris_client)) == 10


def test_secrets_are_sealed_in_the_database(iris_client: Client) -> None:
    app = set_up_app(iris_client)
    for row in Authenticator.objects.all():
        assert app.secret not in str(row.data)
        assert str(row.data.get("secret") or row.data.get("seed")).startswith("v1.")


def test_wrong_codes_lock_the_name_like_wrong_passwords(iris_client: Client, iris: User) -> None:
    app = set_up_app(iris_client)
    as_if_later(iris)
    other = Client()
    other.post("/sign-in/", SIGN_IN)
    for _ in range(5):
        other.post("/sign-in/code", {"code": "000000"})
    response = other.post("/sign-in/code", {"code": app.code_at(step_now())})
    assert response.status_code == 429
    assert "Too many attempts. Try again in 15 min." in response.content.decode()
    assert not signed_in(other)
    assert Client().post("/sign-in/", SIGN_IN).status_code == 429


def test_the_code_page_without_a_password_before_leads_to_the_sign_in(client: Client) -> None:
    assert client.get("/sign-in/code")["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("changed", [{"password": "!other"}, {"is_active": False}])
def test_a_sign_in_half_way_ends_with_its_password_or_its_person(
    iris_client: Client, iris: User, changed: dict[str, object]
) -> None:
    code = {"code": set_up_app(iris_client).code_at(step_now())}
    as_if_later(iris)
    other = Client()
    other.post("/sign-in/", SIGN_IN)
    User.objects.update(**changed)
    assert other.post("/sign-in/code", code)["Location"] == "/sign-in/"
    assert not signed_in(other)
    User.objects.update(password=iris.password, is_active=True)
    assert other.post("/sign-in/code", code)["Location"] == "/sign-in/"
    assert not signed_in(other)


@pytest.mark.parametrize("code", ["", "123", "x" * 5000, "\0"])
def test_a_wrong_first_code_sets_nothing_up(iris_client: Client, iris: User, code: str) -> None:
    iris_client.get("/account/second-factor/app")
    response = iris_client.post("/account/second-factor/app", {"code": code})
    assert response.status_code == 422
    assert not Authenticator.objects.filter(user=iris).exists()


def test_removing_the_app_removes_its_recovery_codes(iris_client: Client, iris: User) -> None:
    set_up_app(iris_client)
    iris_client.post("/account/second-factor/app/remove")
    assert not Authenticator.objects.filter(user=iris).exists()
    assert Client().post("/sign-in/", SIGN_IN)["Location"] == "/"
    told = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert told == ["signed_in", "factor_added", "factor_removed", "signed_in"]


def test_who_is_asked_for_a_factor_can_do_nothing_before(iris_client: Client) -> None:
    SignInSettings.objects.create(second_factor="everyone")
    for path in ("/recordings/mine/", "/account/", "/theme", "/people/", "/password/"):
        assert iris_client.get(path)["Location"] == "/account/second-factor/"
    page = iris_client.get("/account/second-factor/").content.decode()
    assert "a password alone is not enough" in page
    set_up_app(iris_client)
    assert iris_client.get("/recordings/mine/").status_code == 200


def test_a_one_time_password_is_replaced_before_the_factor(iris_client: Client) -> None:
    SignInSettings.objects.create(second_factor="everyone")
    User.objects.update(must_change_password=True)
    assert iris_client.get("/recordings/mine/")["Location"] == "/password/"


@pytest.mark.parametrize(("level", "led"), [(Level.BASE, False), (Level.ADMINISTRATOR, True)])
def test_only_those_concerned_are_led(iris_client: Client, level: Level, led: bool) -> None:
    SignInSettings.objects.create(second_factor="administrators")
    User.objects.update(level=level)
    response = iris_client.get("/recordings/mine/")
    assert (response.status_code == 302) is led


def test_an_administrator_resets_the_factors_of_who_lost_them(
    iris_client: Client, iris: User, rita: User
) -> None:
    set_up_app(iris_client)
    administrator = Client()
    administrator.force_login(rita)
    response = administrator.post(f"/people/{iris.public_id}/factors")
    assert response["Location"] == f"/people/{iris.public_id}"
    assert not Authenticator.objects.filter(user=iris).exists()
    assert iris_client.get("/recordings/mine/").status_code == 302  # sessions end
    assert not OpenSession.objects.filter(person=iris).exists()
    entry = AuditEntry.objects.get(action=Action.FACTORS_RESET)
    assert (entry.actor, entry.object_id) == (rita, str(iris.public_id))


@pytest.mark.parametrize("what", ["factors", "sessions", "unlock", "provider"])
def test_only_administrators_touch_other_peoples_sign_in(
    client: Client, sam: User, ann: User, what: str
) -> None:
    client.force_login(sam)
    assert client.post(f"/people/{ann.public_id}/{what}").status_code == 403
    assert client.get(f"/people/{ann.public_id}/{what}").status_code in (403, 405)


def test_the_page_of_a_person_says_how_they_sign_in(
    iris_client: Client, iris: User, rita: User
) -> None:
    set_up_app(iris_client)
    administrator = Client()
    administrator.force_login(rita)
    page = administrator.get(f"/people/{iris.public_id}").content.decode()
    assert "Authenticator app" in page
    assert "1 open session" in page


ANSWER = (
    '{"id":"YQ","rawId":"YQ","type":"public-key","response":'
    '{"clientDataJSON":"e30","authenticatorData":"AA","signature":"AA","userHandle":"MQ"}}'
)
BROKEN = ("", "{}", "[]", "null", '{"id": 1}', '{"response": {"userHandle": 3}}', ANSWER)


@pytest.mark.parametrize("credential", BROKEN)
def test_a_broken_passkey_signs_nobody_in(client: Client, iris: User, credential: str) -> None:
    client.get("/sign-in/passkey")
    response = client.post("/sign-in/passkey", {"credential": credential})
    assert response["Location"] == "/sign-in/"
    assert not signed_in(client)
    assert "This passkey was not accepted" in client.get("/sign-in/").content.decode()


@pytest.mark.parametrize("credential", BROKEN)
def test_a_broken_passkey_is_not_added(iris_client: Client, iris: User, credential: str) -> None:
    host = {"host": "localhost"}
    iris_client.get("/account/second-factor/passkeys/options", headers=host)
    data = {"name": "Key", "alone": "on", "credential": credential}
    response = iris_client.post("/account/second-factor/passkeys/new", data, headers=host)
    assert response.status_code == 422
    response = iris_client.post("/account/confirm", {"credential": credential})
    assert response.status_code == 422
    assert not Authenticator.objects.filter(user=iris).exists()


def test_passkeys_are_not_offered_where_they_cannot_work(iris_client: Client) -> None:
    page = iris_client.get(
        "/account/second-factor/", headers={"host": "127.0.0.1"}
    ).content.decode()
    assert "Passkeys need a host name." in page
    assert "Add a passkey" not in page
    page = iris_client.get(
        "/account/second-factor/", headers={"host": "localhost"}
    ).content.decode()
    assert "Add a passkey" in page
