"""Sign-in with an OpenID Connect provider: a real one, and one that lies."""

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from callvault.portal.access.models import OpenIdProvider
from callvault.portal.access.provider_adapter import SECRET_PURPOSE
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.configuration.models import SystemCapacity
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User
from callvault.portal.sealing import seal
from tests.portal.gated import check_policy

from . import glewlwyd
from .conftest import PASSWORD, set_up_app
from .hostile_provider import Hostile, key, serving, signed

pytestmark = [pytest.mark.flow, pytest.mark.django_db]

BACK = "http://testserver/sign-in/provider/back"


def configured(issuer: str, **fields: object) -> OpenIdProvider:
    sealed = seal(glewlwyd.CLIENT_SECRET, purpose=SECRET_PURPOSE)
    about = {"enabled": True, "label": "Northgate account", "client_id": "callvault"}
    row = OpenIdProvider(issuer=issuer, sealed_secret=sealed, **(about | fields))
    row.save()
    return row


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def asked(client: Client) -> dict[str, str]:
    """Begin a sign-in and return what the provider is asked."""
    there = client.get("/sign-in/provider")["Location"]
    return {name: values[0] for name, values in parse_qs(urlsplit(there).query).items()}


def refusal(client: Client) -> str:
    response = client.get("/sign-in/")
    check_policy(response)
    page = response.content.decode()
    return page.partition('role="alert">')[2].partition("<strong>")[2].partition("<")[0]


# --- a real provider --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Issuer of a Glewlwyd that knows this portal."""
    if not glewlwyd.PROGRAM.exists():
        pytest.skip("no /usr/bin/glewlwyd: apt-get install glewlwyd")
    folder = tmp_path_factory.mktemp("glewlwyd")
    with glewlwyd.running(folder, redirect_uri=BACK) as issuer:
        yield issuer


def come_by(client: Client, name: str = "iris", next_url: str = "") -> None:
    there = client.get("/sign-in/provider", {"next": next_url})["Location"]
    back = glewlwyd.sign_in_there(there, name)
    client.get(back.removeprefix("http://testserver"))


def test_who_is_known_comes_in_and_is_bound(client: Client, iris: User, issuer: str) -> None:
    row = configured(issuer)
    come_by(client)
    assert is_in(client)
    account = SocialAccount.objects.get(user=iris)
    assert (account.provider, account.extra_data) == (row.provider_id, {})
    told = AuditEntry.objects.order_by("pk").values_list("action", "actor")
    assert list(told) == [("provider_bound", iris.pk), ("signed_in", iris.pk)]
    User.objects.update(email="other@example.com")  # the subject decides from now on
    again = Client()
    come_by(again)
    assert is_in(again)
    assert SocialAccount.objects.count() == 1


def test_an_address_that_is_not_verified_lets_nobody_in(
    client: Client, iris: User, issuer: str
) -> None:
    configured(issuer)
    come_by(client, "mallory")
    assert not is_in(client)
    assert refusal(client) == "Northgate account has not verified your e-mail address yet."
    assert not SocialAccount.objects.exists()
    entry = AuditEntry.objects.get(action=Action.SIGN_IN_FAILED)
    assert entry.detail == {"by": "openid_connect", "reason": "email_not_verified"}


def test_who_is_not_known_is_refused_or_created(client: Client, issuer: str) -> None:
    row = configured(issuer)
    come_by(client)
    assert not is_in(client)
    assert "may not sign in here" in refusal(client)
    row.creates_people, row.created_level = True, Level.RECORD_ONLY
    row.save()
    full = SystemCapacity.objects.create(model="users", most_users=0)
    come_by(client)
    assert not is_in(client)
    full.delete()
    come_by(client)
    assert is_in(client)
    person = User.objects.get()
    assert (person.username, person.level) == ("iris@example.com", Level.RECORD_ONLY)
    assert not person.has_usable_password()


def test_the_second_factor_is_asked_for_unless_the_provider_did(
    iris_client: Client, iris: User, issuer: str
) -> None:
    row = configured(issuer)
    set_up_app(iris_client)
    for checked in (False, True):
        row.checks_second_factor = checked
        row.save()
        other = Client()
        come_by(other)
        assert is_in(other) is checked


def test_the_password_goes_where_the_settings_say_so(
    client: Client, iris: User, issuer: str
) -> None:
    row = configured(issuer)
    come_by(client)
    row.password_stays = False
    row.save()
    other = Client()
    response = other.post("/sign-in/", {"login": "iris", "password": PASSWORD})
    assert "Sign in with Northgate account." in response.content.decode()
    assert not is_in(other)


def test_the_test_of_the_provider_finds_it_well(rita_client: Client, issuer: str) -> None:
    configured(issuer)
    page = rita_client.post("/settings/sign-in/provider/test").content.decode()
    assert "1 of its 1 keys can be used" in page


# --- one that lies ----------------------------------------------------------------------------


@pytest.fixture
def hostile(iris: User) -> Iterator[Hostile]:
    """A provider that does what the test says, in use."""
    hostile = Hostile()
    with serving(hostile):
        configured(hostile.issuer)
        yield hostile


def come_back(client: Client, hostile: Hostile) -> int:
    question = asked(client)
    hostile.nonce = question["nonce"]
    answer = {"state": question["state"], "code": "c"}
    return client.get("/sign-in/provider/back", answer).status_code


def test_a_right_token_lets_in_with_state_nonce_and_pkce(client: Client, hostile: Hostile) -> None:
    question = asked(client)
    assert question["code_challenge_method"] == "S256"
    assert question["redirect_uri"] == BACK
    assert set(question["scope"].split()) == {"openid", "profile", "email"}
    come_back(client, hostile)
    assert is_in(client)


def unsigned(claims: dict[str, object]) -> str:
    head, body = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
        for part in ({"alg": "none", "kid": "one"}, claims)
    )
    return f"{head}.{body}."


def signed_with_the_public_key(claims: dict[str, object]) -> str:
    """HMAC over what everybody knows: the old confusion of algorithms."""
    secret = "as good as any, since the algorithm is refused"
    return jwt.encode(claims, secret, algorithm="HS256", headers={"kid": "one"})


LIES = {
    "wrong key": lambda claims: signed(claims, number=2),
    "unknown key": lambda claims: signed(claims, kid="two"),
    "no signature": unsigned,
    "hmac": signed_with_the_public_key,
    "other audience": lambda claims: signed(claims | {"aud": "another"}),
    "two audiences": lambda claims: signed(claims | {"aud": ["callvault", "another"]}),
    "other party": lambda claims: signed(claims | {"azp": "another"}),
    "other issuer": lambda claims: signed(claims | {"iss": "https://evil.example"}),
    "expired": lambda claims: signed(claims | {"exp": int(time.time()) - 120}),
    "never expires": lambda claims: signed({k: v for k, v in claims.items() if k != "exp"}),
    "from the future": lambda claims: signed(claims | {"iat": int(time.time()) + 900}),
    "other nonce": lambda claims: signed(claims | {"nonce": "another"}),
    "no nonce": lambda claims: signed({k: v for k, v in claims.items() if k != "nonce"}),
    "no subject": lambda claims: signed({k: v for k, v in claims.items() if k != "sub"}),
    "empty subject": lambda claims: signed(claims | {"sub": ""}),
    "long subject": lambda claims: signed(claims | {"sub": "s" * 192}),
    "nothing": lambda claims: "",
    "no token": lambda claims: "x.y.z",
    "long": lambda claims: "a" * 40_000,
}


@pytest.mark.parametrize("lie", LIES)
def test_a_token_that_lies_lets_nobody_in(client: Client, hostile: Hostile, lie: str) -> None:
    hostile.token = LIES[lie]
    assert come_back(client, hostile) == 302
    assert not is_in(client)
    assert "could not be trusted" in refusal(client)
    assert not SocialAccount.objects.exists()


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/token", (500, b"")),
        ("/token", (200, b"{")),
        ("/token", (200, b"[]")),
        ("/token", (200, b'{"access_token": "a", "expires_in": "soon"}')),
        ("/token", (200, b"{" * 300_000)),
        ("/keys", (200, b'{"keys": []}')),
        ("/keys", (200, b'{"keys": [{"kty": "RSA", "kid": "one", "n": "!", "e": 1}]}')),
        ("/keys", (302, b"")),
        ("/keys", (200, b"[" * 200_000)),
    ],
)
def test_a_provider_that_answers_oddly_lets_nobody_in(
    client: Client, hostile: Hostile, path: str, answer: tuple[int, bytes]
) -> None:
    hostile.answers[path] = answer
    assert come_back(client, hostile) == 302
    assert not is_in(client)
    assert refusal(client)


def test_an_answer_to_somebody_elses_sign_in_is_refused(client: Client, hostile: Hostile) -> None:
    question = asked(Client())
    hostile.nonce = question["nonce"]
    client.get("/sign-in/provider/back", {"state": question["state"], "code": "c"})
    assert not is_in(client)


def test_an_answer_is_taken_once(client: Client, hostile: Hostile) -> None:
    question = asked(client)
    hostile.nonce = question["nonce"]
    answer = {"state": question["state"], "code": "c"}
    client.get("/sign-in/provider/back", answer)
    client.post("/sign-out/")
    client.get("/sign-in/provider/back", answer)
    assert not is_in(client)


def test_an_answer_that_names_another_issuer_is_refused(client: Client, hostile: Hostile) -> None:
    question = asked(client)
    hostile.nonce = question["nonce"]
    answer = {"state": question["state"], "code": "c", "iss": "https://evil.example"}
    client.get("/sign-in/provider/back", answer)
    assert not is_in(client)


@pytest.mark.parametrize(
    ("error", "told"),
    [("access_denied", "was cancelled"), ("server_error", "could not be trusted")],
)
def test_errors_of_the_provider_are_said_calmly(
    client: Client, hostile: Hostile, error: str, told: str
) -> None:
    answer = {"state": asked(client)["state"], "error": error}
    client.get("/sign-in/provider/back", answer)
    assert told in refusal(client)


def test_a_second_account_does_not_take_a_person_over(client: Client, hostile: Hostile) -> None:
    come_back(client, hostile)
    hostile.claims = {"sub": "subject-2"}
    other = Client()
    come_back(other, hostile)
    assert not is_in(other)
    assert "Another Northgate account account signs in" in refusal(other)


@pytest.mark.parametrize(
    "compared",
    [
        {"claim": "preferred_username", "matched_by": "username"},
        {"claim": "upn", "matched_by": "email"},
        {"claim": "email", "matched_by": "username"},
    ],
)
def test_a_name_at_the_provider_makes_nobody_administrator(
    client: Client, hostile: Hostile, iris: User, compared: dict[str, str]
) -> None:
    OpenIdProvider.objects.update(**compared)
    User.objects.update(level=Level.ADMINISTRATOR, username="iris@example.com")
    hostile.claims = {compared["claim"]: "iris@example.com"}
    come_back(client, hostile)
    assert not is_in(client)
    assert "a verified e-mail address only" in refusal(client)
    assert not SocialAccount.objects.exists()
    assert AuditEntry.objects.get().detail["reason"] == "administrator"
    User.objects.update(level=Level.GROUP_SUPERVISOR)
    come_back(client, hostile)
    assert is_in(client)
    User.objects.update(level=Level.ADMINISTRATOR)
    again = Client()
    come_back(again, hostile)
    assert is_in(again)  # bound by then: the subject says who it is


def test_a_verified_address_lets_an_administrator_in(
    client: Client, hostile: Hostile, iris: User
) -> None:
    User.objects.update(level=Level.ADMINISTRATOR)
    come_back(client, hostile)
    assert is_in(client)


@pytest.mark.parametrize("address", ["\u0131ris@example.com", "iri\u017f@example.com"])
def test_a_look_alike_of_an_address_is_somebody_else(
    client: Client, hostile: Hostile, address: str
) -> None:
    hostile.claims = {"email": address}
    come_back(client, hostile)
    assert not is_in(client)


def test_who_was_deactivated_does_not_come_back(
    client: Client, hostile: Hostile, iris: User
) -> None:
    come_back(client, hostile)
    User.objects.update(is_active=False)
    other = Client()
    come_back(other, hostile)
    assert not is_in(other)
    assert "may not sign in here" in refusal(other)


def test_another_sites_link_begins_no_sign_in(client: Client, hostile: Hostile) -> None:
    response = client.get("/sign-in/provider", headers={"sec-fetch-site": "cross-site"})
    assert response["Location"] == "/sign-in/"


def test_parameters_of_the_address_do_not_reach_the_provider(
    client: Client, hostile: Hostile
) -> None:
    wish = {"process": "connect", "scope": "admin", "auth_params": "prompt=none", "next": "//e.x"}
    there = client.get("/sign-in/provider", wish)["Location"]
    assert "prompt" not in there
    assert "admin" not in there


def test_signing_out_says_that_the_provider_still_knows(client: Client, hostile: Hostile) -> None:
    come_back(client, hostile)
    client.post("/sign-out/")
    page = client.get("/sign-in/").content.decode()
    assert "Northgate account still knows you" in page
    assert client.get("/sign-in/provider/out")["Location"] == hostile.issuer


TROUBLES = [
    ({"issuer": "https://other.example"}, "It calls itself https://other.example."),
    ({"jwks_uri": "http://evil.example/keys"}, "Its address jwks_uri is missing"),
    ({"token_endpoint": None}, "Its address token_endpoint is missing"),
]


@pytest.mark.parametrize(("changed", "told"), TROUBLES)
def test_the_test_says_what_is_wrong(
    rita_client: Client, hostile: Hostile, changed: dict[str, object], told: str
) -> None:
    document = json.dumps(hostile.discovery() | changed).encode()
    hostile.answers["/.well-known/openid-configuration"] = (200, document)
    assert told in rita_client.post("/settings/sign-in/provider/test").content.decode()


def test_a_provider_that_is_away_is_said_to_be(client: Client, iris: User) -> None:
    configured("http://127.0.0.1:1")
    client.get("/sign-in/provider")
    assert refusal(client) == "Northgate account did not answer as expected. Try again in a moment."


def test_the_key_of_the_tests_is_not_the_wrong_one() -> None:
    assert key(1) is key(1)
    assert key(1) is not key(2)


@pytest.fixture(autouse=True)
def _folder(data_folder: Path) -> None:
    """Keep what pages read of a node apart."""
