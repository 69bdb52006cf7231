"""People who sign in, and an app that shows codes."""

import re
from dataclasses import dataclass

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client
from pytest_django import Settings

from callvault.portal.access.codes import step_now
from callvault.portal.people.models import User

PASSWORD = "seven quiet lamps"
KEY = re.compile(r'id="totp-key">([A-Z2-7 ]+)<')


@pytest.fixture(autouse=True)
def _quick_hashes(settings: Settings) -> None:
    """Hash in no time: what Argon2 costs is measured elsewhere."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def iris(db: None) -> User:
    """Iris signs in with a password."""
    return User.objects.create_user(
        "iris", PASSWORD, first_name="Iris", last_name="Lind", email="iris@example.com"
    )


@pytest.fixture
def iris_client(client: Client, iris: User) -> Client:
    """A browser in which Iris has just signed in."""
    assert client.post("/sign-in/", {"login": "iris", "password": PASSWORD}).status_code == 302
    return client


@dataclass
class App:
    """An authenticator app."""

    secret: str

    def code_at(self, step: int) -> str:
        """Return the code of a step of 30 s."""
        return str(format_hotp_value(hotp_value(self.secret, step)))


def set_up_app(client: Client) -> App:
    """Set up an app as a person does; the recovery codes are not looked at yet."""
    page = client.get("/account/second-factor/app").content.decode()
    found = KEY.search(page)
    assert found is not None
    app = App(found[1].replace(" ", ""))
    response = client.post("/account/second-factor/app", {"code": app.code_at(step_now())})
    assert response["Location"] == "/account/second-factor/codes"
    return app


def codes_shown(client: Client) -> list[str]:
    """Return the recovery codes of the page that shows them once."""
    page = client.get("/account/second-factor/codes").content.decode()
    return re.findall(r'<li class="cv-mono">([0-9 ]+)</li>', page)
