"""A pytest plugin that puts the longest files first, so that no process idles at the end.

Needs `--dist loadfile --no-loadscope-reorder`: xdist would put those with most tests first.
"""

from collections.abc import Iterable

import pytest

# Seconds on a quiet machine of two cores; all others together are dealt out by their number.
LONGEST = {
    "tests/flows/test_database_outages.py": 180,
    "tests/flows/test_whole_path.py": 130,
    "tests/flows/test_hostile.py": 100,
    "tests/faults/test_faults.py": 90,
    "tests/flows/test_service_control.py": 80,
    "tests/flows/test_sip_sipp.py": 60,
    "tests/dialogs/test_dialogs.py": 50,
    "tests/flows/test_kill.py": 50,
    "tests/flows/test_two_nodes.py": 100,
    "tests/flows/test_backup.py": 100,
    "tests/commands/test_backup.py": 60,
    "tests/flows/test_backup_postgresql.py": 60,
    "tests/flows/test_keep_pilot.py": 40,
    "tests/flows/test_srtp_node.py": 50,
    "tests/flows/test_watching.py": 50,
    "tests/flows/test_tutorial.py": 50,
    "tests/flows/test_https.py": 40,
    "tests/flows/test_cucm_node.py": 40,
    "tests/browser/test_strained.py": 60,
    "tests/browser/test_levels.py": 50,
    "tests/browser/test_deeds.py": 50,
    "tests/browser/test_sign_in.py": 40,
}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first, then those with most tests; each keeps its tests' order."""
    counts = _counts(item.location[0] for item in items)
    items.sort(key=lambda item: (-LONGEST.get(item.location[0], 0), -counts[item.location[0]]))


def _counts(files: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for file in files:
        counts[file] = counts.get(file, 0) + 1
    return counts
