"""The power supply of the benchmarks takes back just what was not synced."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.power import PowerSupply
from tests.flows.node import ROOT

pytestmark = [
    pytest.mark.flow,
    pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler here"),
]

WRITES = """
import ctypes, os, sys, time
os.chdir(sys.argv[1])
synced = open("synced", "wb", buffering=0)
synced.write(b"before")
open("replaced", "wb").write(b"old")
folder = os.open(".", os.O_RDONLY)
assert ctypes.CDLL(None).syncfs(folder) == 0
synced.write(b" and after")
open("made", "wb").write(b"too late")
open("other", "wb").write(b"new")
os.rename("other", "replaced")
print("written", flush=True)
time.sleep(60)
"""


def test_only_what_was_synced_is_left(tmp_path: Path) -> None:
    folder, place = tmp_path / "disk", tmp_path / "memory"
    folder.mkdir()
    place.mkdir()
    supply = PowerSupply(folder, place)
    with subprocess.Popen(
        [sys.executable, "-c", WRITES, folder],
        cwd=ROOT,
        env=supply.environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        supply.cut(process.pid)
    assert {one.name: one.read_bytes() for one in folder.iterdir()} == {"synced": b"before"}


def test_without_a_sync_nothing_is_left(tmp_path: Path) -> None:
    supply = PowerSupply(tmp_path / "disk", tmp_path)
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "made").write_bytes(b"too late")
    with subprocess.Popen(["sleep", "60"], env=supply.environment) as process:
        supply.cut(process.pid)
    assert list((tmp_path / "disk").iterdir()) == []
