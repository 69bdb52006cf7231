"""What people see while the database is away, and what counts as such."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import (
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
    connection,
)
from django.test import Client

from callvault.errors import CatalogueUnreachable
from callvault.portal.people.models import User
from callvault.portal.reach import catalogue_reached, is_outage


class ReadOnly(Exception):
    """As psycopg raises it."""

    sqlstate = "25006"


def read_only() -> InternalError:
    error = InternalError("cannot execute INSERT in a read-only transaction")
    error.__cause__ = ReadOnly()
    return error


@pytest.mark.parametrize(
    "error", [OperationalError("database is locked"), InterfaceError("closed"), read_only()]
)
def test_what_passes_by_itself_is_an_outage(error: Error) -> None:
    assert is_outage(error)


@pytest.mark.parametrize("error", [IntegrityError(), DataError(), InternalError(), ValueError()])
def test_a_fault_of_ours_is_none(error: Exception) -> None:
    assert not is_outage(error)


@pytest.mark.django_db
def test_whoever_asks_the_catalogue_learns_that_it_may_answer_later() -> None:
    @catalogue_reached()
    def ask() -> None:
        raise OperationalError("database is locked\nDETAIL: by somebody")

    with pytest.raises(CatalogueUnreachable, match=r"out of reach: database is locked$"):
        ask()


@contextmanager
def away(error: Error) -> Iterator[None]:
    """Have the database refuse every query."""

    def refuse(*_: Any) -> Any:
        raise error

    with connection.execute_wrapper(refuse):
        yield


@pytest.mark.django_db
def test_pages_say_calmly_that_the_database_is_away_and_come_back(
    rita_client: Client, rita: User
) -> None:
    rita_client.raise_request_exception = False
    with away(OperationalError("the database did not answer within 12 s")):
        answer = rita_client.get("/recordings/")
    page = answer.content.decode()
    assert answer.status_code == 503
    assert answer["Retry-After"] == "10"
    assert "Calls go on being recorded" in page
    assert 'href="/recordings/"' in page
    assert "Content-Security-Policy" in answer
    assert rita_client.get("/recordings/").status_code == 200


@pytest.mark.django_db
def test_a_fault_of_ours_stays_a_fault(rita_client: Client, rita: User) -> None:
    rita_client.raise_request_exception = False
    with away(DataError("value too long")):
        assert rita_client.get("/recordings/").status_code == 500


@pytest.mark.django_db
def test_health_fails_with_the_database(client: Client) -> None:
    with away(InterfaceError("connection already closed")):
        assert client.get("/healthz").status_code == 503
    assert client.get("/healthz").status_code == 200
