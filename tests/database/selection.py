"""A pytest plugin that keeps the tests that touch the catalogue, and leaves out all others.

Of pages and forms over a few rows, which no database keeps otherwise, only those stay that look at
transactions; `make soak` sets CALLVAULT_EVERY_TEST, and asks them all.
"""

import os
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper

FIXTURES = {"db", "transactional_db", "django_db_setup"}
PAGES = tuple(
    f"tests/portal/{name}"
    for name in (
        *("access/", "certificates/", "configuration/", "directory/", "first_run/", "gadget/"),
        *("planning/", "api/test_schema.py", "api/test_curl.py", "api/test_examples.py"),
        *("test_pages.py", "test_frame.py", "test_templates.py", "audit/test_log_page.py"),
    )
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep what uses the database of this process."""
    kept: list[pytest.Item] = []
    left: list[pytest.Item] = []
    for item in items:
        (kept if _touches_database(item) and not _is_of_a_page(item) else left).append(item)
    config.hook.pytest_deselected(items=left)
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


def _is_of_a_page(item: pytest.Item) -> bool:
    if "CALLVAULT_EVERY_TEST" in os.environ or "transactional_db" in getattr(
        item, "fixturenames", ()
    ):
        return False
    marker = item.get_closest_marker("django_db")
    if marker is not None and marker.kwargs.get("transaction"):
        return False
    return item.location[0].startswith(PAGES)
