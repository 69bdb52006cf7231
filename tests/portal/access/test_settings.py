"""The settings of sign-in, who is locked, and what the provider's form refuses."""

import pytest
from axes.models import AccessAttempt
from django.test import Client

from callvault.portal.access.models import OpenIdProvider, SignInSettings
from callvault.portal.access.provider_adapter import secret_of
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.people.models import User
from tests.portal.gated import GatedViewTest

from .conftest import PASSWORD

RULES = {
    "min_length": 12, "history": 5, "max_age_days": 0, "second_factor": "supervisors",
    "session_hours": 8, "idle_minutes": 20, "lock_attempts": 3, "lock_minutes": 30,
}  # fmt: skip
PROVIDER = {
    "enabled": "on", "label": "Northgate account", "issuer": "https://id.example.com",
    "client_id": "callvault", "secret": "s3cret", "claim": "email", "matched_by": "email",
    "created_level": 20, "password_stays": "on", "pkce": "on",
}  # fmt: skip


class TestTheRules(GatedViewTest):
    url = "/settings/sign-in"


class TestTheProvider(GatedViewTest):
    url = "/settings/sign-in/provider"


def test_the_rules_are_kept_and_audited(rita_client: Client) -> None:
    data = RULES | {"second_factor": "nobody"}
    assert rita_client.post("/settings/sign-in", data)["Location"] == "/settings/sign-in"
    rules = SignInSettings.load()
    assert {name: getattr(rules, name) for name in data} == data
    entry = AuditEntry.objects.get(action=Action.SETTINGS_CHANGED)
    assert entry.object_id == "sign_in"


@pytest.mark.parametrize(
    ("field", "value"),
    [("min_length", 7), ("min_length", 65), ("history", 25), ("max_age_days", 731),
     ("second_factor", "some"), ("session_hours", 0), ("session_hours", 25), ("idle_minutes", 4),
     ("lock_attempts", 2), ("lock_minutes", 0), ("lock_minutes", 1441), ("history", "many")],
)  # fmt: skip
def test_what_is_out_of_range_is_refused(rita_client: Client, field: str, value: object) -> None:
    assert rita_client.post("/settings/sign-in", RULES | {field: value}).status_code == 422
    assert not SignInSettings.objects.exists()


def test_the_lock_out_is_as_the_settings_say(client: Client, iris: User) -> None:
    SignInSettings.objects.create(lock_attempts=3, lock_minutes=45)
    for _ in range(3):
        response = client.post("/sign-in/", {"login": "iris", "password": "wrong"})
    assert response.status_code == 429
    assert "Try again in 45 min." in response.content.decode()
    assert response["Retry-After"] == "2700"


def test_administrators_see_who_is_locked_and_unlock_them(
    iris: User, rita_client: Client, rita: User
) -> None:
    for _ in range(5):
        Client().post("/sign-in/", {"login": "iris", "password": "wrong"})
    assert "Locked" in rita_client.get("/people/").content.decode()
    assert "Unlock" in rita_client.get(f"/people/{iris.public_id}").content.decode()
    rita_client.post(f"/people/{iris.public_id}/unlock")
    assert not AccessAttempt.objects.exists()
    assert "Unlock" not in rita_client.get(f"/people/{iris.public_id}").content.decode()
    entry = AuditEntry.objects.get(action=Action.PERSON_UNLOCKED)
    assert (entry.actor, entry.object_id) == (rita, str(iris.public_id))
    assert Client().post("/sign-in/", {"login": "iris", "password": PASSWORD}).status_code == 302


def test_the_secret_is_sealed_and_never_shown(rita_client: Client) -> None:
    assert rita_client.post("/settings/sign-in/provider", PROVIDER).status_code == 302
    row = OpenIdProvider.load()
    assert "s3cret" not in row.sealed_secret
    assert secret_of(row) == "s3cret"
    assert "s3cret" not in rita_client.get("/settings/sign-in/provider").content.decode()
    rita_client.post("/settings/sign-in/provider", PROVIDER | {"secret": "", "label": "Other"})
    assert secret_of(OpenIdProvider.load()) == "s3cret"
    assert "s3cret" not in str(list(AuditEntry.objects.values_list("detail", flat=True)))


@pytest.mark.parametrize(
    ("field", "value"),
    [("issuer", "http://id.example.com"), ("issuer", "javascript:alert(1)"), ("issuer", ""),
     ("client_id", ""), ("label", ""), ("claim", "e mail"), ("claim", "preferred_username"),
     ("created_level", 40)],
)  # fmt: skip
def test_a_provider_that_cannot_work_is_refused(
    rita_client: Client, field: str, value: object
) -> None:
    response = rita_client.post("/settings/sign-in/provider", PROVIDER | {field: value})
    assert response.status_code == 422
    assert not OpenIdProvider.objects.exists()


def test_another_issuer_does_not_get_the_secret_of_the_first(rita_client: Client) -> None:
    rita_client.post("/settings/sign-in/provider", PROVIDER)
    moved = PROVIDER | {"issuer": "https://evil.example", "secret": ""}
    response = rita_client.post("/settings/sign-in/provider", moved)
    assert "Another issuer needs its own secret." in response.content.decode()
    assert OpenIdProvider.load().issuer == "https://id.example.com"


@pytest.mark.django_db
def test_the_button_stands_on_the_sign_in_page_while_the_provider_is_in_use(client: Client) -> None:
    row = OpenIdProvider.objects.create(label="Northgate account", issuer="https://id.example.com")
    assert "Northgate" not in client.get("/sign-in/").content.decode()
    OpenIdProvider.objects.filter(pk=row.pk).update(enabled=True)
    page = client.get("/sign-in/?next=/people/").content.decode()
    assert "Continue with Northgate account" in page
    assert "/sign-in/provider?next=/people/" in page
