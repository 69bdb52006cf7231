"""Who uses the API: a person by a token with a scope, or by the session of their browser."""

import time
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja.security import APIKeyCookie, HttpBearer

from callvault.portal.access.duties import token_waits_for_second_factor
from callvault.portal.people.models import User

from .models import ApiSettings, ApiToken
from .problems import Problem, unauthorised
from .rates import count
from .scopes import Scope
from .tokens import note_use, token_named


class Token(HttpBearer):
    """`Authorization: Bearer cv_…`, with the scope that an operation needs."""

    openapi_bearerFormat = "cv_…"

    def __init__(self, scope: Scope | None) -> None:
        super().__init__()
        self.scope = scope

    def __call__(self, request: HttpRequest) -> User | None:
        """Return the person; None without the header, so that a session may be tried."""
        header = request.headers.get("Authorization")
        if header is None:
            return None
        kind, _blank, token = header.partition(" ")
        if kind.lower() != "bearer":
            raise unauthorised("Send Authorization: Bearer, and the token.")
        return self.authenticate(request, token.strip())

    def authenticate(self, request: HttpRequest, token: str) -> User:
        """Return whom a token stands for, with the token noted for the audit log."""
        now = timezone.now()
        row = token_named(token, now=now)
        if row is None or not row.person.is_active:
            raise unauthorised("The token is unknown, expired or revoked.")
        if not ApiSettings.load().enabled:
            raise Problem(403, "switched_off", "An administrator switched tokens off.")
        _count(request, f"token {row.pk}")
        _check(row.person)
        if token_waits_for_second_factor(row.person):
            detail = "Sign in at the portal and set up a second factor; then the token works again."
            raise Problem(403, "second_factor_missing", detail)
        if self.scope is not None and self.scope not in row.scopes:
            detail = f"The token lacks the scope {self.scope.value}."
            raise Problem(403, "scope_missing", detail, scope=self.scope.value)
        note_use(row, now=now)
        return _acting(request, row)


class Session(APIKeyCookie):
    """The session of a browser; what changes something needs the CSRF token, too."""

    param_name = "callvault_session"

    def _get_key(self, request: HttpRequest) -> str | None:
        return ""  # Django's middleware read it; CSRF is checked once somebody is signed in

    def authenticate(self, request: HttpRequest, key: str | None) -> User | None:
        """Return the signed-in person."""
        if not isinstance(request.user, User):
            return None
        super()._get_key(request)  # raises for a missing CSRF token
        _count(request, f"person {request.user.pk}")
        _check(request.user)
        return request.user


def needing(scope: Scope | None) -> list[Any]:
    """Return how an operation is called: by a token with this scope, or from a session."""
    return [Token(scope), Session()]


def using(scope: Scope, **described: Any) -> dict[str, Any]:
    """Return an operation's way of being called, and its description of it."""
    return {"auth": needing(scope), "openapi_extra": {"x-scope": scope.value, **described}}


def _acting(request: HttpRequest, row: ApiToken) -> User:
    request.user = row.person
    request.api_token = row  # type: ignore[attr-defined]
    request.audit_detail = {"token": str(row.public_id)}  # type: ignore[attr-defined]
    return row.person


def _check(person: User) -> None:
    if person.must_change_password:
        raise Problem(403, "password_must_change", "Sign in once and choose your own password.")


def _count(request: HttpRequest, caller: str) -> None:
    rate = count(caller, now_s=time.time())
    request.api_rate = rate  # type: ignore[attr-defined] # for the headers of the answer
    if rate.remaining < 0:
        headers = {"Retry-After": str(rate.resets_in_s)}
        raise Problem(429, "too_many_requests", "Too many requests.", headers=headers)
