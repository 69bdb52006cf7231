"""Every call that changes the disk fails once, through the whole hand-over, and nothing is lost.

The calls are those of the process, below Python and SQLite (layer.c): writes, syncs, renames,
removals and cuts of files in vault, database and spool. What is checked says hand_over.py.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.layer import Fault, build, environment
from tests.flows.node import ROOT, callvault

pytestmark = [pytest.mark.flow, pytest.mark.timeout(900)]

MEMORY = Path("/dev/shm")  # what is synced here takes no time  # noqa: S108
LEAST = {"w": 100, "s": 40, "r": 15, "u": 4}  # calls of one hand-over, by sort


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("cc") is None:
        pytest.skip("no C compiler here")
    return build(tmp_path_factory.mktemp("faults"))


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a data folder in it, in memory where there is such a place."""
    place = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=place, prefix="callvault-faults-") as name:
        subprocess.run(
            callvault("init", "--data", Path(name) / "data"), check=True, capture_output=True
        )
        yield Path(name)


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.NONE])
def test_whatever_call_fails_each_call_is_listed_once_and_no_journal_goes_early(
    library: Path, folder: Path, fault: Fault
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.hand_over", folder, fault.name],
        cwd=ROOT,
        env=environment(library),
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    calls = done.stdout.splitlines()[-1].removeprefix("calls: ")
    assert {kind: calls.count(kind) >= least for kind, least in LEAST.items()} == dict.fromkeys(
        LEAST, True
    )
