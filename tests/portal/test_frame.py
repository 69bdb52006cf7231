"""What every page has: sidebar, theme, language and zone, errors, headers, health."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.test import Client
from django.utils import formats, timezone, translation

from callvault.portal.configuration.models import SystemSettings
from callvault.portal.navigation import navigation_for
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User
from tests.portal.gated import check_policy


def labels(user: User, path: str = "/") -> list[tuple[str, list[str]]]:
    return [
        (section.label, [entry.label + ("*" if entry.current else "") for entry in section.entries])
        for section in navigation_for(user, path)
    ]


def test_the_sidebar_shows_what_the_level_may_open() -> None:
    assert labels(User(level=Level.RECORD_ONLY), "/live/") == [("", ["Live calls*"])]
    assert labels(User(level=Level.BASE), "/recordings/mine/") == [
        ("", ["My recordings*", "Live calls"])
    ]
    supervisor = User(level=Level.GROUP_SUPERVISOR, group="sales")
    assert labels(supervisor, "/recordings/") == [
        ("", ["Dashboard", "My recordings", "All recordings*", "Live calls"])
    ]
    assert labels(User(level=Level.ADMINISTRATOR), "/settings/trunks/new") == [
        ("", ["Dashboard", "My recordings", "All recordings", "Live calls"]),
        (
            "Oversight",
            ["Call decisions", "Completeness", "Audit log", "Data subjects", "Legal holds"],
        ),
        (
            "Administration",
            ["People", "Global settings*", "Storage calculator", "Service and nodes"],
        ),
    ]


@pytest.mark.django_db
def test_the_way_in_leads_to_the_first_page_one_may_open(
    client: Client, ann: User, sam: User
) -> None:
    for user, url in ((ann, "/recordings/mine/"), (sam, "/recordings/")):
        client.force_login(user)
        assert client.get("/")["Location"] == url


@pytest.mark.django_db
def test_the_theme_is_kept_with_the_person_and_set_by_the_server(
    rita_client: Client, rita: User
) -> None:
    assert "data-bs-theme" not in rita_client.get("/people/").content.decode()
    response = rita_client.post("/theme", {"theme": "dark", "next": "/people/"})
    assert response["Location"] == "/people/"
    assert 'data-bs-theme="dark"' in rita_client.get("/people/").content.decode()
    outside = rita_client.post("/theme", {"theme": "pink", "next": "https://evil.example/"})
    assert outside["Location"] == "/"
    rita.refresh_from_db()
    assert rita.theme == "dark"


@pytest.mark.django_db
def test_times_are_in_the_zone_of_the_system(rita_client: Client) -> None:
    SystemSettings.objects.create(zone="Asia/Kolkata")
    assert "In force now: Asia/Kolkata" in rita_client.get("/settings/general").content.decode()


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "02:30:00 +02:00"),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "02:30:00 +01:00"),
        (datetime(2026, 10, 25, 2, 30, tzinfo=UTC), "03:30:00"),
        (datetime(2026, 3, 29, 1, 30, tzinfo=UTC), "03:30:00"),
        (datetime(2025, 6, 1, 10, 0, tzinfo=UTC), "1 Jun 2025, </span>12:00:00"),
    ],
)
def test_the_hour_repeated_in_autumn_is_told_apart(moment: datetime, shown: str) -> None:
    template = Template("{% load cv_list %}{% start_of_row moment %}")
    with timezone.override(ZoneInfo("Europe/Rome")):
        text = template.render(Context({"moment": moment}))
    assert f"{shown}</time>" in text


def test_only_the_day_of_today_is_marked_to_be_left_out() -> None:
    template = Template("{% load cv_list %}{% start_of_row moment %}")
    today = template.render(Context({"moment": timezone.now()}))
    yesterday = template.render(Context({"moment": timezone.now() - timedelta(days=1)}))
    assert 'class="cv-day cv-day--today"' in today
    assert 'class="cv-day"' in yesterday


@pytest.mark.parametrize("language", ["en", "it", "fr"])
def test_each_language_has_its_formats(language: str) -> None:
    with translation.override(language):
        assert formats.get_format("DATETIME_FORMAT") == "j M Y, H:i:s"
        assert formats.get_format("FIRST_DAY_OF_WEEK") == 1
        assert formats.get_format("NUMBER_GROUPING") == 3


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/nothing/here", "/recordings/00000000-0000-4000-8000-000000000000/"]
)
def test_what_is_not_there_gets_our_page(rita_client: Client, path: str) -> None:
    response = rita_client.get(path)
    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()
    check_policy(response)


@pytest.mark.django_db
def test_a_refusal_says_who_can_change_it(client: Client, ann: User) -> None:
    client.force_login(ann)
    response = client.get("/people/")
    assert response.status_code == 403
    assert "An administrator can change that" in response.content.decode()
    check_policy(response)


@pytest.mark.django_db
def test_a_fault_of_ours_carries_a_reference_that_the_log_has(
    rita: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(request: HttpRequest, path: str) -> HttpResponse:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr("callvault.portal.context.navigation_for", break_down)
    client = Client(raise_request_exception=False)
    client.force_login(rita)
    response = client.get("/people/")
    page = response.content.decode()
    assert response.status_code == 500
    assert "Something failed on our side" in page
    reference = caplog.text.partition("reference ")[2][:8]
    assert reference in page
    assert "broken on purpose" not in page
    check_policy(response)


@pytest.mark.django_db
def test_a_form_without_its_token_is_refused_by_a_page_of_ours(rita: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(rita)
    response = client.post("/theme", {"theme": "dark"})
    assert response.status_code == 403
    assert "This form was open for too long" in response.content.decode()
    check_policy(response)


@pytest.mark.django_db
def test_pages_carry_the_headers_that_keep_others_out(rita_client: Client) -> None:
    response = rita_client.get("/people/")
    assert {name: response[name] for name in (
        "X-Frame-Options", "X-Content-Type-Options", "Referrer-Policy",
        "Cross-Origin-Opener-Policy",
    )} == {
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
    }  # fmt: skip
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_health_needs_no_sign_in_and_knows_the_catalogue(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}

    def away() -> None:
        raise DatabaseError

    monkeypatch.setattr("callvault.portal.views.connection.cursor", away)
    response = client.get("/healthz")
    assert response.status_code == 503
    assert response.json() == {"status": "failing", "catalogue": "out of reach"}


def test_no_template_needs_an_exception_from_the_policy() -> None:
    templates = (Path(__file__).parents[2] / "src/callvault/portal/templates").rglob("*.html")
    for path in templates:
        text = path.read_text(encoding="utf-8")
        assert " style=" not in text, path
        assert "<style" not in text or path.parent.name == "mail", path  # mail has no policy
        assert "javascript:" not in text, path
        assert "|safe" not in text, path


def test_an_address_that_only_a_form_reaches_says_so(client: Client, rita: User) -> None:
    client.force_login(rita)
    response = client.get("/theme")
    assert response.status_code == 405
    assert "This was not sent" in response.content.decode()
    check_policy(response)
