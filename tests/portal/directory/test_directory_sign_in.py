"""Sign-in with a password of the directory, and what happens while it is away."""

from collections.abc import Iterator

import pytest
from django.test import Client

from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.directory import backends, ldap_session
from callvault.portal.directory.models import DirectorySource
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User
from tests.portal.directory.conftest import MakeSource, sync
from tests.portal.directory.slapd import PEOPLE, Slapd
from tests.ports import free_ports

pytestmark = [pytest.mark.flow, pytest.mark.django_db]

RIGHT = "password of p0001"
AWAY = "The directory that checks passwords is not reachable now."
WRONG = "The user name or the password is not right."


@pytest.fixture(autouse=True)
def _rested() -> Iterator[None]:
    """Let no directory that was away in another test be left out in this one."""
    backends._resting.clear()
    yield
    backends._resting.clear()


@pytest.fixture
def source(slapd: Slapd, make_source: MakeSource) -> DirectorySource:
    """A directory whose people are here."""
    made = make_source(slapd)
    sync(made)
    return made


def answer(client: Client, name: str, password: str) -> tuple[int, str]:
    response = client.post("/sign-in/", {"login": name, "password": password})
    return response.status_code, response.content.decode()


def may_sign_in(client: Client, name: str, password: str) -> bool:
    status, _page = answer(client, name, password)
    return status == 302 and "_auth_user_id" in client.session


@pytest.mark.parametrize("name", ["p0001", "P0001", "p0001@example.com"])
def test_people_sign_in_with_the_password_of_the_directory(
    client: Client, source: DirectorySource, name: str
) -> None:
    assert may_sign_in(client, name, RIGHT)
    assert client.get("/recordings/mine/").status_code == 200
    assert AuditEntry.objects.filter(action=Action.SIGNED_IN).count() == 1
    assert not User.objects.get(username="p0001").has_usable_password()


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("p0001", "wrong"),
        ("p0001", ""),
        ("p0001", " "),
        ("p0001", RIGHT + "\0"),
        ("p0001", "password of p0002"),
        ("nobody", RIGHT),
        ("*", RIGHT),
        ("p0001)(uid=*", RIGHT),
        (f"uid=p0001,{PEOPLE}", RIGHT),
    ],
)
def test_every_refusal_reads_the_same(
    client: Client, source: DirectorySource, name: str, password: str
) -> None:
    status, page = answer(client, name, password)
    assert status == 200
    assert "_auth_user_id" not in client.session
    assert AWAY not in page
    assert password.strip("\0 ") == "" or WRONG in page or "This field" in page or "\0" in password


def test_who_was_moved_in_the_directory_signs_in_all_the_same(
    client: Client, source: DirectorySource, slapd: Slapd
) -> None:
    connection = slapd.as_root()
    connection.rename_s(f"uid=p0002,{PEOPLE}", "uid=moved")
    try:
        assert may_sign_in(client, "p0002", "password of p0002")
    finally:
        connection.rename_s(f"uid=moved,{PEOPLE}", "uid=p0002")
        connection.unbind_s()


def test_who_is_inactive_here_or_unknown_there_does_not_get_in(
    client: Client, source: DirectorySource
) -> None:
    User.objects.filter(username="p0001").update(is_active=False)
    assert not may_sign_in(client, "p0001", RIGHT)
    User.objects.create_user("p0019b")  # of the same form, and in no directory
    assert not may_sign_in(client, "p0019b", "password of p0019")


def test_a_directory_that_does_not_sign_in_is_not_asked(
    client: Client, source: DirectorySource
) -> None:
    DirectorySource.objects.update(signs_in=False)
    assert not may_sign_in(client, "p0001", RIGHT)


def test_passwords_kept_here_work_while_the_directory_is_away(
    client: Client, source: DirectorySource
) -> None:
    (port,) = free_ports(1)
    DirectorySource.objects.update(uris=[f"ldaps://127.0.0.1:{port}"])
    User.objects.create_user("rita", "seven quiet lamps", level=Level.ADMINISTRATOR)
    for name in ("p0001", "nobody", "rita"):
        status, page = answer(client, name, "wrong")
        assert (status, AWAY in page) == (200, True)
    assert may_sign_in(client, "rita", "seven quiet lamps")


def test_a_directory_that_is_away_is_not_asked_by_each_sign_in(
    client: Client, source: DirectorySource, slapd: Slapd
) -> None:
    (port,) = free_ports(1)
    DirectorySource.objects.update(uris=[f"ldaps://127.0.0.1:{port}"])
    answer(client, "p0001", RIGHT)
    DirectorySource.objects.update(uris=[slapd.ldaps_uri])
    assert not may_sign_in(client, "p0001", RIGHT)
    backends._resting.clear()
    assert may_sign_in(client, "p0001", RIGHT)


def test_guessing_is_locked_out(client: Client, source: DirectorySource) -> None:
    for _ in range(5):
        answer(client, "p0001", "wrong")
    assert answer(client, "p0001", RIGHT)[0] == 429


def test_who_is_disabled_by_a_sync_is_signed_out(client: Client, source: DirectorySource) -> None:
    assert may_sign_in(client, "p0001", RIGHT)
    User.objects.filter(username="p0001").update(is_active=False)
    assert client.get("/recordings/mine/").status_code == 302


def test_a_wrong_password_and_an_unknown_name_ask_the_directory_as_much(
    client: Client, source: DirectorySource, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    checked = ldap_session.session

    def counted(*args: object, **options: object) -> object:
        asked.append("session")
        return checked(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(backends, "session", counted)
    answer(client, "p0001", "wrong")
    answer(client, "nobody", "wrong")
    assert len(asked) == 2
