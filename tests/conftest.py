"""Settings that all tests share."""

import os

from hypothesis import HealthCheck, settings

# Wall time on a shared machine says nothing: no deadlines. Derandomized by default, so that a run
# that is green here is green everywhere; `make fuzz` looks for new examples.
settings.register_profile(
    "default",
    deadline=None,
    derandomize=True,
    max_examples=100,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "fuzz",
    deadline=None,
    max_examples=20_000,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

_UMASK = os.umask(0o022)
os.umask(_UMASK)


def pytest_runtest_teardown() -> None:
    """Give the next test the usual rights of new files: `callvault` commands narrow them."""
    os.umask(_UMASK)
