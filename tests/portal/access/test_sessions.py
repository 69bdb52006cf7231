"""Sessions: listed, ended here and elsewhere, ended by time, drawn anew."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from callvault.portal.access.models import OpenSession, SignInSettings
from callvault.portal.access.sessions import forget_ended
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User

from .conftest import PASSWORD

SIGN_IN = {"login": "iris", "password": PASSWORD}
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0"


def is_in(client: Client) -> bool:
    return client.get("/recordings/mine/").status_code == 200


def elsewhere() -> Client:
    client = Client(headers={"user-agent": FIREFOX})
    client.post("/sign-in/", SIGN_IN)
    return client


def test_open_sessions_are_listed_in_words_with_this_one_marked(iris_client: Client) -> None:
    elsewhere()
    page = iris_client.get("/account/").content.decode()
    assert "Firefox 142 on Linux" in page
    assert page.count("This one") == 1
    assert page.index("This one") < page.index("Firefox 142")


def test_one_session_is_ended_from_another(iris_client: Client, iris: User) -> None:
    other = elsewhere()
    row = OpenSession.objects.get(agent=FIREFOX)
    iris_client.post(f"/account/sessions/{row.public_id}/end")
    assert not is_in(other)
    assert "This session was ended from elsewhere." in other.get("/sign-in/").content.decode()
    assert is_in(iris_client)
    assert AuditEntry.objects.filter(action=Action.SESSIONS_ENDED, actor=iris).exists()


def test_sessions_of_others_cannot_be_ended(iris_client: Client, ann: User) -> None:
    other = Client()
    other.force_login(ann)
    row = OpenSession.objects.get(person=ann)
    iris_client.post(f"/account/sessions/{row.public_id}/end")
    assert is_in(other)


def test_all_others_are_ended_at_once(iris_client: Client) -> None:
    others = [elsewhere(), elsewhere()]
    iris_client.post("/account/sessions/end")
    assert [is_in(other) for other in others] == [False, False]
    assert is_in(iris_client)


def test_an_administrator_signs_somebody_out_everywhere(
    iris_client: Client, iris: User, rita: User
) -> None:
    administrator = Client()
    administrator.force_login(rita)
    administrator.post(f"/people/{iris.public_id}/sessions")
    assert not is_in(iris_client)
    administrator.post(f"/people/{rita.public_id}/sessions")
    assert administrator.get("/people/").status_code == 200  # one's own goes on


def test_a_session_that_nobody_used_ends(iris_client: Client) -> None:
    SignInSettings.objects.create(idle_minutes=30)
    OpenSession.objects.update(last_used_at=timezone.now() - timedelta(minutes=31))
    assert not is_in(iris_client)
    page = iris_client.get("/sign-in/").content.decode()
    assert "You were signed out after 30 min without use." in page
    assert AuditEntry.objects.get(action=Action.SESSION_ENDED).detail == {"reason": "idle"}


def test_use_is_noted_once_a_minute(iris_client: Client) -> None:
    ago = timezone.now() - timedelta(seconds=30)
    OpenSession.objects.update(last_used_at=ago)
    is_in(iris_client)
    assert OpenSession.objects.get().last_used_at == ago
    OpenSession.objects.update(last_used_at=timezone.now() - timedelta(minutes=3))
    is_in(iris_client)
    assert timezone.now() - OpenSession.objects.get().last_used_at < timedelta(minutes=1)


def test_signing_out_takes_the_session_off_the_list(iris_client: Client) -> None:
    iris_client.post("/sign-out/")
    assert not OpenSession.objects.exists()


def test_a_password_that_changes_ends_the_other_sessions(iris_client: Client) -> None:
    other = elsewhere()
    data = {"old_password": PASSWORD, "new_password1": "six new lamps now"}
    iris_client.post("/password/", data | {"new_password2": "six new lamps now"})
    assert is_in(iris_client)
    assert not is_in(other)
    assert OpenSession.objects.count() == 1


def test_the_session_id_is_drawn_anew_when_rights_change(iris_client: Client) -> None:
    before = iris_client.cookies[settings.SESSION_COOKIE_NAME].value
    User.objects.update(level=Level.GROUP_SUPERVISOR, group="sales")
    assert is_in(iris_client)
    after = iris_client.cookies[settings.SESSION_COOKIE_NAME].value
    assert after != before
    iris_client.cookies[settings.SESSION_COOKIE_NAME] = before
    assert not is_in(iris_client)


def test_a_session_of_before_the_list_was_kept_ends(iris_client: Client) -> None:
    session = iris_client.session
    del session["callvault_open_session"]
    session.save()
    assert not is_in(iris_client)


@pytest.mark.parametrize("row", ["", "x", "00000000-0000-4000-8000-000000000000", None, 7])
def test_a_session_without_a_row_is_worth_nothing(iris_client: Client, row: object) -> None:
    session = iris_client.session
    session["callvault_open_session"] = row
    session.save()
    assert not is_in(iris_client)


def test_what_is_left_of_ended_sessions_goes(iris_client: Client, iris: User) -> None:
    now = timezone.now()
    left = elsewhere()
    left_behind = OpenSession.objects.get(agent=FIREFOX)
    OpenSession.objects.filter(pk=left_behind.pk).update(started_at=now - timedelta(hours=25))
    Session.objects.filter(pk=left.session.session_key).update(expire_date=now)
    assert forget_ended(now + timedelta(seconds=1)) == 2
    assert forget_ended(now) == 0
    assert OpenSession.objects.get().person == iris
    assert is_in(iris_client)
