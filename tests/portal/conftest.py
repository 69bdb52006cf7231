"""The cast, recordings of theirs, and a vault that holds one of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import connection
from django.test import Client, TransactionTestCase
from pytest_django import Settings

from callvault.portal.audit import triggers
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from tests.portal.catalogue_facts import list_recording


class CheapHasher(Argon2PasswordHasher):
    """The same algorithm at a price that a thousand tests can pay."""

    time_cost, memory_cost, parallelism = 1, 8, 1


@pytest.fixture(autouse=True)
def _cheap_passwords(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.CheapHasher"]


@pytest.fixture
def ann(db: None) -> User:
    """Ann Keller, an agent of sales."""
    return User.objects.create_user(
        "ann", first_name="Ann", last_name="Keller", extension="2014", group="sales"
    )


@pytest.fixture
def sam(db: None) -> User:
    """Sam Whitlock supervises sales, and claims besides."""
    return User.objects.create_user(
        "sam",
        first_name="Sam",
        last_name="Whitlock",
        extension="2001",
        group="sales",
        additional_groups="claims",
        level=Level.GROUP_SUPERVISOR,
    )


@pytest.fixture
def otto(db: None) -> User:
    """Otto is an outsider: he supervises another group."""
    return User.objects.create_user(
        "otto", extension="2090", group="depot", level=Level.GROUP_SUPERVISOR
    )


@pytest.fixture
def rita(db: None) -> User:
    """Rita Marsh reviews for compliance: an administrator."""
    return User.objects.create_user(
        "rita", first_name="Rita", last_name="Marsh", level=Level.ADMINISTRATOR
    )


@pytest.fixture
def anns_recording(ann: User) -> Recording:
    """A call to Ann, listed as a worker lists it; its objects are in no vault."""
    return list_recording(ann)


@pytest.fixture
def rita_client(client: Client, rita: User) -> Client:
    """A browser in which Rita is signed in."""
    client.force_login(rita)
    return client


@pytest.fixture
def data_folder(tmp_path: Path, settings: Settings) -> Path:
    """A data folder of its own, for vault and keys."""
    settings.DATA_FOLDER = tmp_path
    return tmp_path


@pytest.fixture(autouse=True, scope="session")
def _tables_can_be_emptied() -> Iterator[None]:
    """Take the audit log's triggers away while a transactional test empties all tables."""
    empty = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]

    def without_triggers(self: TransactionTestCase) -> None:
        triggers.remove(connection)
        empty(self)  # and puts them up again: it ends like a migration

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(TransactionTestCase, "_fixture_teardown", without_triggers)
        yield
