"""A pytest plugin: lists the files of tests that failed in the file that CALLVAULT_FAILED names."""

import os
from pathlib import Path

import pytest


class _Failures:
    def __init__(self, listed_in: Path) -> None:
        self._listed_in = listed_in
        self._files: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the file of a test, or of its set-up, that failed."""
        if report.failed:
            self._files.add(report.location[0])

    def pytest_sessionfinish(self) -> None:
        """List them."""
        self._listed_in.write_text("\n".join(sorted(self._files)))


def pytest_configure(config: pytest.Config) -> None:
    """Watch where all reports come together: not in the processes of xdist."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Failures(Path(os.environ["CALLVAULT_FAILED"])))
