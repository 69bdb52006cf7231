"""A pytest plugin that keeps the tests that touch the catalogue, and leaves out all others."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper

FIXTURES = {"db", "transactional_db", "django_db_setup"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep what uses the database of this process."""
    kept = [item for item in items if _touches_database(item)]
    config.hook.pytest_deselected(items=[item for item in items if not _touches_database(item)])
    items[:] = kept


def pytest_report_header() -> str:
    """Say which database it is."""
    return f"database: {settings.DATABASES['default']['ENGINE']}"


@pytest.fixture(autouse=True)
def _connection_of_the_test() -> Iterator[None]:
    """Let no answered request close the connection whose transaction the whole test runs in.

    SQLite in memory ignores the closing; PostgreSQL would roll the test's rows back.
    """
    close = BaseDatabaseWrapper.close_if_unusable_or_obsolete

    def close_between_transactions(self: BaseDatabaseWrapper) -> None:
        if not self.in_atomic_block:
            close(self)

    with pytest.MonkeyPatch.context() as patched:  # undone after the test's own patches
        patched.setattr(
            BaseDatabaseWrapper, "close_if_unusable_or_obsolete", close_between_transactions
        )
        yield


def _touches_database(item: pytest.Item) -> bool:
    fixtures = set(getattr(item, "fixturenames", ()))
    return item.get_closest_marker("django_db") is not None or bool(fixtures & FIXTURES)
