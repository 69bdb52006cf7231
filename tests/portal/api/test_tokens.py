"""Tokens: made, shown once, used, revoked."""

import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.test import Client
from django.utils import timezone

from callvault.portal.access.demands import Demand
from callvault.portal.access.models import OpenIdProvider, SignInSettings
from callvault.portal.api import rates
from callvault.portal.api.models import ApiSettings, ApiToken, RequestCount
from callvault.portal.api.scopes import Scope, scopes_of_level
from callvault.portal.audit.models import AuditEntry
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User

from .conftest import Calling

pytestmark = pytest.mark.django_db

OWN = "/account/tokens"
NEW = "/account/tokens/new"
TYPED = {"name": "Nightly report", "days": "30", "scopes": ["recordings:read"]}


def test_a_token_is_shown_once_and_only_a_digest_kept(client: Client, ann: User) -> None:
    client.force_login(ann)
    page = client.post(NEW, TYPED)
    assert page.status_code == 201
    (token,) = set(re.findall(r"cv_[A-Za-z0-9]{43}", page.content.decode()))
    row = ApiToken.objects.get()
    assert token not in str(ApiToken.objects.values().get())
    assert (row.beginning, row.scopes) == (token[:9], ["recordings:read"])
    assert row.expires_at - row.created_at == timedelta(days=30)
    assert token not in client.get(OWN).content.decode()
    entry = AuditEntry.objects.get(action="token_created")
    assert token not in str(entry.detail)
    assert client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code == 200


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"days": "366"}, "less than or equal to 365"),
        ({"days": ""}, "This field is required"),
        ({"scopes": []}, "Choose at least one"),
        ({"scopes": ["people:write"]}, "not one of the available choices"),
        ({"name": ""}, "This field is required"),
    ],
)
def test_what_cannot_be_is_refused(
    client: Client, ann: User, changed: dict[str, object], told: str
) -> None:
    client.force_login(ann)
    page = client.post(NEW, TYPED | changed)
    assert page.status_code == 422
    assert told in page.content.decode()
    assert not ApiToken.objects.exists()


def test_scopes_that_are_of_no_use_are_not_offered() -> None:
    assert Scope.PEOPLE_READ not in scopes_of_level(Level.GROUP_SUPERVISOR)
    assert scopes_of_level(Level.RECORD_ONLY) == [Scope.LIVE_READ, Scope.LIVE_CONTROL]
    assert scopes_of_level(Level.ADMINISTRATOR) == list(Scope)


def test_a_longest_life_holds_for_new_tokens(client: Client, ann: User, rita: User) -> None:
    client.force_login(rita)
    client.post("/settings/tokens", {"enabled": "on", "most_days": "20"})
    client.force_login(ann)
    assert client.post(NEW, TYPED).status_code == 422
    assert client.post(NEW, TYPED | {"days": "20"}).status_code == 201


def test_a_person_revokes_only_their_own(
    client: Client, ann: User, otto: User, rita: User, calling: Calling
) -> None:
    caller = calling(ann)
    address = f"/account/tokens/{caller.row.public_id}/revoke"
    client.force_login(otto)
    assert client.post(address).status_code == 404
    assert caller("GET", "/me").status_code == 200
    client.force_login(rita)
    assert client.post(address, {"all": "1"}).url == "/settings/tokens"  # type: ignore[attr-defined]
    assert caller("GET", "/me").status_code == 401
    assert AuditEntry.objects.filter(action="token_revoked").count() == 1


def test_administrators_see_everybodys_tokens(
    rita_client: Client, ann: User, calling: Calling
) -> None:
    row = calling(ann, name="Nightly report").row
    page = rita_client.get("/settings/tokens?q=Keller").content.decode()
    assert row.beginning in page
    assert "Ann Keller" in page
    assert row.beginning not in rita_client.get("/settings/tokens?q=Nobody").content.decode()


def test_only_administrators_do(client: Client, ann: User) -> None:
    client.force_login(ann)
    assert client.get("/settings/tokens").status_code == 403


def test_a_token_ends(ann: User, calling: Calling) -> None:
    caller = calling(ann)
    ApiToken.objects.update(expires_at=timezone.now())
    answer = caller("GET", "/me")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="Callvault"'
    assert answer["Content-Type"] == "application/problem+json"


def test_tokens_end_with_their_person_and_do_not_come_back(ann: User, calling: Calling) -> None:
    caller = calling(ann)
    ann.is_active = False
    ann.save()
    assert caller("GET", "/me").status_code == 401
    ann.is_active = True
    ann.save()
    assert caller("GET", "/me").status_code == 401


def test_a_one_time_password_has_to_be_replaced_first(ann: User, calling: Calling) -> None:
    caller = calling(ann)
    User.objects.update(must_change_password=True)
    assert caller("GET", "/me").json()["code"] == "password_must_change"


def test_tokens_can_be_switched_off(ann: User, calling: Calling) -> None:
    caller = calling(ann)
    ApiSettings.objects.create(enabled=False)
    assert caller("GET", "/me").json()["code"] == "switched_off"


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer x", "Bearer cv_" + "a" * 43, "Basic YTpi", "cv_" + "a" * 43]
)
def test_what_is_no_token_lets_nobody_in(client: Client, rita: User, header: str) -> None:
    client.force_login(rita)  # a wrong token is not made good by a session
    assert client.get("/api/v1/me", headers={"Authorization": header}).status_code == 401


def test_when_it_was_last_used_is_kept_coarsely(ann: User, calling: Calling) -> None:
    caller = calling(ann)
    caller("GET", "/me")
    first = ApiToken.objects.get().last_used_at
    caller("GET", "/me")
    assert first is not None
    assert ApiToken.objects.get().last_used_at == first


def test_a_caller_has_so_many_requests_a_minute() -> None:
    found = [rates.count("token 1", now_s=120.0 + second, limit=3) for second in range(4)]
    assert [rate.remaining for rate in found] == [2, 1, 0, -1]
    assert found[3].headers == {
        "RateLimit-Limit": "3",
        "RateLimit-Remaining": "0",
        "RateLimit-Reset": "57",
    }
    assert rates.count("token 1", now_s=180.0, limit=3).remaining == 2  # the next minute
    assert rates.count("token 2", now_s=180.0, limit=3).remaining == 2
    assert RequestCount.objects.count() == 2


def test_one_too_many_is_told_when_to_come_again(
    ann: User, calling: Calling, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = calling(ann)
    answer = caller("GET", "/me")
    assert (answer["RateLimit-Limit"], answer["RateLimit-Remaining"]) == ("600", "599")
    RequestCount.objects.update(requests=600)
    refused = caller("GET", "/me")
    assert refused.status_code in (200, 429)  # another minute may have begun
    if refused.status_code == 429:
        assert 0 < int(refused["Retry-After"]) <= 60
        assert refused.json()["code"] == "too_many_requests"


def test_a_browser_left_open_makes_no_token(client: Client, ann: User) -> None:
    client.force_login(ann)
    session = client.session
    session["callvault_confirmed_at"] = 0
    session.save()
    assert client.post(NEW, TYPED).status_code == 302
    assert not ApiToken.objects.exists()


def test_who_sees_nothing_has_no_use_for_a_token(client: Client, ann: User) -> None:
    User.objects.update(level=Level.RECORD_ONLY)
    client.force_login(ann)
    assert "nothing that a token" in client.get(OWN).content.decode()
    assert client.get(NEW).status_code == 403


def demand_of(whom: Demand) -> None:
    rules = SignInSettings.load()
    rules.second_factor = whom
    rules.save()


def test_a_token_waits_for_the_second_factor_that_is_demanded(rita: User, calling: Calling) -> None:
    caller = calling(rita)
    demand_of(Demand.ADMINISTRATORS)
    answer = caller("GET", "/people")
    assert (answer.status_code, answer.json()["code"]) == (403, "second_factor_missing")
    assert "set up a second factor" in answer.json()["detail"]
    Authenticator.objects.create(user=rita, type=Authenticator.Type.RECOVERY_CODES, data={})
    assert caller("GET", "/people").status_code == 403
    Authenticator.objects.create(user=rita, type=Authenticator.Type.TOTP, data={})
    assert caller("GET", "/people").status_code == 200


def test_a_token_does_not_wait_where_nothing_is_demanded(ann: User, calling: Calling) -> None:
    demand_of(Demand.ADMINISTRATORS)
    assert calling(ann)("GET", "/me").status_code == 200


def test_a_provider_that_asks_for_a_second_factor_is_enough(rita: User, calling: Calling) -> None:
    caller = calling(rita)
    demand_of(Demand.EVERYONE)
    provider = OpenIdProvider(
        enabled=True, issuer="https://id.example.com", client_id="c", checks_second_factor=True
    )
    provider.save()
    assert caller("GET", "/me").status_code == 403  # has never come by it
    SocialAccount.objects.create(user=rita, provider=provider.provider_id, uid="subject-1")
    assert caller("GET", "/me").status_code == 200
    OpenIdProvider.objects.update(checks_second_factor=False)
    assert caller("GET", "/me").status_code == 403
