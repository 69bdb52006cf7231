"""Every call that changes the disk fails once, from packets to rows, and nothing is lost.

The calls are those of the process, below Python, SQLite and native code (layer.c): writes, syncs,
renames, removals and cuts of files in spool, vault and database. What is checked say the two
programs, capture.py and hand_over.py.
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
from tests.migrated import put_database

pytestmark = [pytest.mark.flow, pytest.mark.timeout(900)]

MEMORY = Path("/dev/shm")  # noqa: S108 - what is synced there takes no time
LEAST_OF_A_JOURNAL = {"w": 4, "s": 2, "r": 1}  # calls, by sort
LEAST_OF_A_HAND_OVER = {"w": 100, "s": 40, "r": 15, "u": 4}
FAULTS = [fault for fault in Fault if fault is not Fault.NONE]
# Each call meets one of them; `make soak` has every call meet every fault.
FAULTS_IN_TURN = (Fault.BROKEN, Fault.KILLED, Fault.FULL, Fault.KILLED_TORN, Fault.TORN)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("cc") is None:
        pytest.skip("no C compiler here")
    return build(tmp_path_factory.mktemp("faults"))


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder, in memory where there is such a place."""
    place = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=place, prefix="callvault-faults-") as name:
        yield Path(name)


def calls_failed(program: str, library: Path, folder: Path, *faults: Fault) -> str:
    """Run a program that fails each call once; return the calls, one letter each."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.faults.{program}", folder, *(one.name for one in faults)],
        cwd=ROOT,
        env=environment(library),
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout.splitlines()[-1].removeprefix("calls: ")


def assert_are_many(calls: str, least: dict[str, int]) -> None:
    assert {kind for kind, count in least.items() if calls.count(kind) < count} == set(), calls


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_whatever_call_fails_a_journal_is_whole_or_was_never_acknowledged(
    library: Path, folder: Path, fault: Fault
) -> None:
    assert_are_many(calls_failed("capture", library, folder, fault), LEAST_OF_A_JOURNAL)


def test_whatever_call_fails_each_call_is_listed_once_and_no_journal_goes_early(
    library: Path, folder: Path
) -> None:
    put_database(folder / "data")
    made = callvault("init", "--data", folder / "data")
    subprocess.run(made, check=True, capture_output=True)
    calls = calls_failed("hand_over", library, folder, *FAULTS_IN_TURN)
    assert_are_many(calls, LEAST_OF_A_HAND_OVER)
