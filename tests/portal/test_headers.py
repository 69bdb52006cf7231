"""Every class of answer carries the headers that keep others out."""

from pathlib import Path

import pytest
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.test import Client

from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
ANSWERS = {
    "page": ("/people/", 200),
    "one's own page": ("/account/", 200),
    "redirect": ("/", 302),
    "not there": ("/nothing/here", 404),
    "only by form": ("/theme", 405),
    "health": ("/healthz", 200),
    "options of passkeys": ("/sign-in/passkey", 200),
    "static file": ("/static/callvault/mark.svg", 200),
    "sheet": ("/static/callvault/callvault.css", 200),
    "no static file": ("/static/nothing.js", 404),
    "sound that is away": ("/recordings/{id}/audio", None),
}


def check(response: HttpResponseBase, *, is_static: bool = False) -> None:
    assert {name: response.headers.get(name) for name in ALWAYS} == ALWAYS
    policy = response.headers["Content-Security-Policy"]
    for rule in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"):
        assert rule in policy
    assert "unsafe" not in policy
    permissions = response.headers["Permissions-Policy"]
    assert "camera=()" in permissions
    assert "publickey-credentials-get=(self)" in permissions
    if not is_static:
        assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.django_db
@pytest.mark.parametrize("name", ANSWERS)
def test_every_answer_carries_them(
    rita_client: Client, anns_recording: Recording, data_folder: Path, name: str
) -> None:
    path, status = ANSWERS[name]
    response = rita_client.get(path.replace("{id}", str(anns_recording.recording_id)))
    if status is not None:
        assert response.status_code == status
    check(response, is_static=path.startswith("/static/"))
    response.close()  # a static file is open until then


@pytest.mark.django_db
def test_the_sign_in_and_its_refusals_carry_them(client: Client) -> None:
    check(client.get("/sign-in/"))
    for _ in range(6):
        response = client.post("/sign-in/", {"login": "nobody", "password": "x"})
    assert response.status_code == 429
    check(response)
    check(Client(enforce_csrf_checks=True).post("/sign-in/"))
    check(client.get("/people/"))


@pytest.mark.django_db
def test_a_refusal_carries_them(client: Client, ann: User) -> None:
    client.force_login(ann)
    response = client.get("/people/")
    assert response.status_code == 403
    check(response)


@pytest.mark.django_db
def test_a_fault_carries_them(rita: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(request: HttpRequest, path: str) -> HttpResponse:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr("callvault.portal.context.navigation_for", break_down)
    client = Client(raise_request_exception=False)
    client.force_login(rita)
    response = client.get("/people/")
    assert response.status_code == 500
    check(response)


@pytest.mark.django_db
def test_a_host_that_is_not_ours_gets_them_too(client: Client) -> None:
    response = client.get("/sign-in/", headers={"host": "evil.example"})
    assert response.status_code == 400
    check(response)
