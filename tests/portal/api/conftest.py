"""Callers of the API."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from callvault.portal.api.models import ApiToken
from callvault.portal.api.scopes import Scope
from callvault.portal.api.tokens import create_token
from callvault.portal.people.models import User
from tests.portal.acting import request_of

ALL = tuple(scope.value for scope in Scope)


@dataclass
class Caller:
    """A program with a token."""

    person: User
    row: ApiToken
    token: str

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Ask; the answer has `json()` and `status_code`."""
        sent: dict[str, Any] = (
            {} if body is None else {"data": json.dumps(body), "content_type": JSON}
        )
        headers = {"Authorization": f"Bearer {self.token}"} | headers
        return Client().generic(method, f"/api/v1{path}", **sent, headers=headers)


JSON = "application/json"
Calling = Callable[..., Caller]


@pytest.fixture
def calling(db: None) -> Calling:
    """Give a person a token: `calling(ann)`, `calling(ann, "recordings:read")`."""

    def give(person: User, *scopes: str, name: str = "report") -> Caller:
        request = request_of(person)
        return Caller(
            person, *create_token(request, person, name=name, scopes=scopes or ALL, days=90)
        )

    return give
