"""What the flows share: a test that fails shows what its node logged."""

from collections.abc import Generator

import pytest

from tests.flows.node import Node

LAST_BYTES = 20_000


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the end of the log of each node that the test uses."""
    report = yield
    if report.failed:
        for name, value in getattr(item, "funcargs", {}).items():
            if isinstance(value, Node) and value.log.exists():
                log = value.log.read_text(errors="replace")[-LAST_BYTES:]
                report.sections.append((f"log of {name}", log))
    return report
